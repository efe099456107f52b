"""Split-half reliability over all ways of halving a scale.

`guttman` takes the best of them; the validate stage prints their range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.consistency.scale_covariance import scale_covariance
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SplitHalf:
    """`frame`: half (items of the smaller one, joined by spaces), est; one row a split.

    `exhaustive` says whether every split is there. The mean over all splits of an even number of items is
    alpha (Cronbach, 1951).
    """

    frame: pd.DataFrame
    k: int
    n: int
    exhaustive: bool

    @property
    def largest(self) -> float:
        """The best split, Guttman's lambda4 (if `exhaustive`)."""
        return float(self.frame["est"].max())

    @property
    def smallest(self) -> float:
        """The worst split, Revelle's beta (if `exhaustive`)."""
        return float(self.frame["est"].min())

    @property
    def mean(self) -> float:
        """Mean over the splits."""
        return float(self.frame["est"].mean())


def split_half(
    items: pd.DataFrame,
    *,
    standardized: bool = False,
    missing: Missing = "complete",
    most: int = 10_000,
    seed: int = 1,
) -> SplitHalf:
    """4 cov(A, B) / V for the halves A and B of a scale with variance V (Flanagan, 1937; Guttman, 1945).

    Every split is tried while there are no more than `most`; above that, `most` random ones. Halves of an odd
    number of items differ by one item. `standardized` uses correlations, as R's psych.
    """
    import pandas as pd

    found = scale_covariance(items, missing, standardized=standardized)
    cov, k = found.values, len(found.values)
    halves, exhaustive = _halves(k, most, seed)
    one, other = halves.astype(float), 1.0 - halves
    values = 4 * np.sum((one @ cov) * other, axis=1) / cov.sum()
    names = np.array(found.names)
    frame = pd.DataFrame({"half": [" ".join(names[half]) for half in halves], "est": values})
    return SplitHalf(frame, k, found.n, exhaustive)


def _halves(k: int, most: int, seed: int) -> tuple[NDArray[np.bool_], bool]:
    """Membership of the smaller half, one row a split; each split once if all are taken."""
    size = k // 2
    count = comb(k, size) if k % 2 else comb(k, size) // 2
    if count <= most:
        return _membership(combinations(range(k), size), count, k), True
    rng = np.random.default_rng(seed)
    drawn = np.argsort(rng.random((most, k)), axis=1)[:, :size]
    return _membership(iter(drawn), most, k), False


def _membership(splits: Iterator[object], count: int, k: int) -> NDArray[np.bool_]:
    halves = np.zeros((count, k), dtype=bool)
    for row, half in zip(range(count), splits, strict=False):
        halves[row, np.asarray(half, dtype=np.intp)] = True
    return halves
