"""Random numbers that stay the same: one named stream a purpose, and the same values in every numpy.

`scores`, `items` and `trouble` draw from here. Only the raw words of PCG64 are used, whose sequence numpy
guarantees for good; the sampling methods of its Generator may change between versions (NEP 19).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Draws:
    """A stream of random numbers, told apart from others of the same seed by its name."""

    def __init__(self, seed: int, name: str) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *name.encode("utf-8")]))

    def uniform(self, *shape: int) -> Floats:
        """Numbers strictly between 0 and 1."""
        words = self._bits.random_raw(int(np.prod(shape, dtype=np.int64)))
        values: Floats = ((np.asarray(words) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        return values.reshape(shape)

    def normal(self, *shape: int) -> Floats:
        """Standard normal numbers, by the inverse of the distribution function."""
        from scipy.special import ndtri

        return np.asarray(ndtri(self.uniform(*shape)), dtype=np.float64)

    def flags(self, share: float | Floats, *shape: int) -> Flags:
        """True with the probability `share`."""
        return np.asarray(self.uniform(*shape) < share)

    def chosen(self, share: float, count: int) -> Flags:
        """True for exactly that share of `count` things, at random."""
        return np.asarray(np.argsort(self.order(count), kind="stable") < round(share * count))

    def whole(self, below: int, *shape: int) -> Whole:
        """Whole numbers from 0 to `below` - 1, equally likely."""
        return np.asarray(np.floor(self.uniform(*shape) * below), dtype=np.int64)

    def weighted(self, weights: Sequence[float], *shape: int) -> Whole:
        """Positions in `weights`, as likely as their weights."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64)) / float(np.sum(weights))
        return np.asarray(np.searchsorted(edges[:-1], self.uniform(*shape), side="right"), dtype=np.int64)

    def order(self, count: int) -> Whole:
        """A random order of `count` things."""
        return np.asarray(np.argsort(self.uniform(count), kind="stable"), dtype=np.int64)
