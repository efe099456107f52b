"""Contingency tables of all pairs of items at once: the sufficient statistics of polychoric correlations.

With one indicator column a category, D'D (the Burt matrix) holds every item's margin on its diagonal and
every pair's table off it. Burt matrices of two chunks of rows add up; a missing answer is a row of zeros, so
each pair is counted by the rows that answered both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.errors import DataError


@dataclass(frozen=True, eq=False)
class Tables:
    """Burt matrix of some items with their numbers of categories; add two to join their rows."""

    categories: tuple[int, ...]
    burt: Array
    rows: float

    @classmethod
    def of(cls, codes: Index, categories: Sequence[int], weights: Array | None = None) -> Tables:
        """Count the rows of codes 0..K-1 (-1: no answer); weights are multiplicities."""
        hot = indicators(codes, categories)
        burt = hot.T @ (hot if weights is None else hot * weights[:, None])
        return cls(tuple(categories), burt, float(len(codes) if weights is None else weights.sum()))

    def __add__(self, other: Tables) -> Tables:
        if self.categories != other.categories:
            raise DataError("tables of items with different categories cannot be added")
        return Tables(self.categories, self.burt + other.burt, self.rows + other.rows)

    @cached_property
    def paired(self) -> PairTables:
        """Margins and tables, ready for the kernels."""
        first, second = pair_index(len(self.categories))
        two = np.array(self.categories) == 2
        binary = np.flatnonzero(two[first] & two[second])
        return PairTables(
            self.margins, self.pairs, first, second, binary, np.full(len(self.margins), self.rows)
        )

    @property
    def widest(self) -> int:
        """Largest number of categories."""
        return max(self.categories)

    @cached_property
    def margins(self) -> Array:
        """Counts of each item's categories, padded with zeros."""
        out = np.zeros((len(self.categories), self.widest))
        for i, (start, count) in enumerate(zip(starts(self.categories), self.categories, strict=True)):
            out[i, :count] = np.diag(self.burt)[start : start + count]
        return out

    @cached_property
    def pairs(self) -> Array:
        """One padded table a pair, in the order of `pair_index`."""
        first, second = pair_index(len(self.categories))
        begin, width = np.array(starts(self.categories)), self.widest
        own = np.array(self.categories)
        steps = np.arange(width)
        i = begin[first, None] + np.minimum(steps, own[first, None] - 1)
        j = begin[second, None] + np.minimum(steps, own[second, None] - 1)
        out = self.burt[i[:, :, None], j[:, None, :]]
        inside = (steps < own[first, None])[:, :, None] & (steps < own[second, None])[:, None, :]
        return np.where(inside, out, 0.0)


@dataclass(frozen=True, eq=False)
class PairTables:
    """Margins of items and tables of pairs of them (`first`, `second`), padded with zeros.

    The items of many resamples stand one after the other; `binary` are the pairs of dichotomous items and
    `rows` the number of rows behind each item, missing answers included.
    """

    margins: Array
    counts: Array
    first: Index
    second: Index
    binary: Index
    rows: Array


def indicators(codes: Index, categories: Sequence[int]) -> Array:
    """Return one column a category of each item: 1 where a row chose it."""
    out = np.zeros((len(codes), sum(categories)))
    for i, start in enumerate(starts(categories)):
        answered = np.flatnonzero(codes[:, i] >= 0)
        out[answered, start + codes[answered, i]] = 1.0
    return out


def starts(categories: Sequence[int]) -> list[int]:
    """Return the first column of each item among the indicators."""
    return [0, *np.cumsum(categories)[:-1].tolist()]


def pair_index(items: int) -> tuple[Index, Index]:
    """Return the first and second item of every pair."""
    first, second = np.triu_indices(items, 1)
    return first, second
