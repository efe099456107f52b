"""What is drawn with replacement: rows, or whole clusters, within each group, by seed or by indices.

Batches have a fixed size and each has its own generator, seeded by (seed, number of the batch): a draw does
not depend on how many others there are, on how they are portioned or on who computes them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError

BATCH = 200
_CELLS = 8_000_000


@dataclass(frozen=True)
class Units:
    """Number of each row's unit, group by group, and the runs of numbers among which is drawn."""

    owners: tuple[Index, ...]
    strata: tuple[range, ...]

    @classmethod
    def of(cls, rows: Rows, unit: Sequence[Any] | Array | None) -> Units:
        """Take rows as units, or the values of a column (one a row of the data frame) as names of clusters.

        Groups are resampled apart, as lavaan does, unless a cluster has rows in several of them.
        """
        if unit is None:
            sizes = [len(group.values) for group in rows.groups]
            starts = np.concatenate([[0], np.cumsum(sizes)])
            strata = tuple(range(a, b) for a, b in itertools.pairwise(starts))
            return cls(tuple(np.arange(s.start, s.stop) for s in strata), strata)
        return clusters([np.asarray(unit)[group.positions] for group in rows.groups])

    @property
    def count(self) -> int:
        """Number of units."""
        return self.strata[-1].stop

    @property
    def limit(self) -> int:
        """Resamples whose counts may be held at once."""
        return max(1, _CELLS // self.count)

    @property
    def portion(self) -> int:
        """Resamples that are drawn at once."""
        return min(BATCH, self.limit)

    def drawn(self, draws: int, seed: int) -> Iterator[Array]:
        """Return how often each unit is drawn (resamples x units), some resamples at a time."""
        for start in range(0, draws, BATCH):
            generator = np.random.default_rng([seed, start // BATCH])
            for begun in range(start, min(start + BATCH, draws), self.portion):
                sizes = [(self.portion, len(s)) for s in self.strata]
                parts = [generator.integers(size[1], size=size) for size in sizes]
                yield self._count(parts)[: draws - begun]

    def given(self, indices: Sequence[Array]) -> Iterator[Array]:
        """Return how often each unit stands in given indices, some resamples at a time."""
        for start in range(0, len(indices[0]), self.portion):
            yield self._count([part[start : start + self.portion] for part in indices])

    def left_out(self) -> Iterator[Array]:
        """Return the counts of samples that lack one unit, some samples at a time."""
        for start in range(0, self.count, self.portion):
            units = np.arange(start, min(start + self.portion, self.count))
            out = np.ones((len(units), self.count))
            out[np.arange(len(units)), units] = 0.0
            yield out

    def _count(self, parts: Sequence[Array]) -> Array:
        return np.hstack([count(part, len(s)) for part, s in zip(parts, self.strata, strict=True)])

    def check(self, indices: Any) -> tuple[Array, ...]:
        """Return given indices as one integer array (resamples x units) a group; refuse what does not fit."""
        several = len(self.strata) > 1
        parts = tuple(np.asarray(part) for part in (indices if several else [indices]))
        if len(parts) != len(self.strata) or len({len(part) for part in parts}) != 1:
            raise DataError(
                f"indices= must hold one array with equally many rows for each of {len(self.strata)} groups"
            )
        for part, stratum in zip(parts, self.strata, strict=True):
            size = len(stratum)
            if part.ndim != 2 or part.dtype.kind not in "iu":
                raise DataError("indices= must be a table of integers: a row a resample, counted from 0")
            if part.min() < 0 or part.max() >= size:
                hint = "; subtract 1 if they were made by R" if part.max() == size and part.min() > 0 else ""
                raise DataError(
                    f"indices= must lie between 0 and {size - 1}, the {size} units that are drawn{hint}"
                )
        return parts


def portions(counts: Iterable[Array], size: int) -> Iterator[Array]:
    """Cut or join what is drawn into portions of a size."""
    waiting: list[Array] = []
    for rows in counts:
        waiting.append(rows)
        if sum(map(len, waiting)) >= size:
            joined = np.concatenate(waiting)
            whole = len(joined) - len(joined) % size
            yield from np.split(joined[:whole], whole // size)
            waiting = [joined[whole:]]
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)


def count(indices: Array, size: int) -> Array:
    """Count how often each of `size` units stands in each row of indices."""
    draws = len(indices)
    flat = (indices + size * np.arange(draws)[:, None]).ravel()
    return np.bincount(flat, minlength=draws * size).reshape(draws, size).astype(np.float64)


def clusters(names: list[Array]) -> Units:
    """Take equal names as one unit, group by group; the order is that of first appearance."""
    import pandas as pd

    codes, labels = pd.factorize(np.concatenate(names))
    if (codes < 0).any():
        raise DataError(
            f"{int((codes < 0).sum())} row(s) have no unit; a unit is needed for every row that is used"
        )
    owners = np.split(codes.astype(np.intp), np.cumsum([len(part) for part in names])[:-1])
    present = [np.unique(part) for part in owners]
    if len(labels) < 2:
        raise DataError("unit= names a column with a single value: there is nothing to resample")
    if sum(map(len, present)) > len(labels):
        return Units(tuple(owners), (range(len(labels)),))
    ends = np.cumsum([0, *map(len, present)])
    return Units(tuple(owners), tuple(range(a, b) for a, b in itertools.pairwise(ends)))
