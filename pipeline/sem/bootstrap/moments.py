"""Moments of many resamples at once, from how often each unit was drawn.

Every unit (a row, or a whole cluster) has its sums of 1, z and zz' in a table; counts @ table gives the sums
of all resamples of a batch in one matrix product. z is centred at the sample's mean and scaled to unit
variance, so nothing is lost to cancellation. Rows with different missing answers have a table each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index, vech_index
from pipeline.sem.data.rows import GroupRows

_CHUNK = 20_000


@dataclass(frozen=True)
class PatternMoments:
    """Moments of the rows that answered `columns`: share of the group, means, covariances."""

    columns: Index
    share: Array
    mean: Array
    covariance: Array

    def keep(self, draws: Array) -> PatternMoments:
        """Return some of the resamples."""
        return PatternMoments(self.columns, self.share[draws], self.mean[draws], self.covariance[draws])


@dataclass(frozen=True)
class GroupBatch:
    """One group of every resample of a batch; moments of the fixed exogenous variables stand apart."""

    patterns: tuple[PatternMoments, ...]
    weight: Array
    exogenous_mean: Array
    exogenous_covariance: Array

    def keep(self, draws: Array) -> GroupBatch:
        """Return some of the resamples."""
        patterns = tuple(pattern.keep(draws) for pattern in self.patterns)
        exogenous = self.exogenous_mean[draws], self.exogenous_covariance[draws]
        return GroupBatch(patterns, self.weight[draws], *exogenous)


@dataclass(frozen=True)
class Batch:
    """A batch of resamples, group by group, with the share of each group."""

    groups: tuple[GroupBatch, ...]
    shares: Array

    def __len__(self) -> int:
        return len(self.shares)

    def keep(self, draws: Array) -> Batch:
        """Return some of the resamples."""
        return Batch(tuple(group.keep(draws) for group in self.groups), self.shares[draws])


@dataclass(frozen=True)
class PatternTable:
    """Rows with the same answers: scaled values, weights and the unit that each row belongs to."""

    columns: Index
    z: Array
    weights: Array
    owner: Index
    units: Index
    whole: bool

    @cached_property
    def table(self) -> Array:
        """Sums of w, wz and wzz' by unit."""
        rows = _sums(self.z, self.weights)
        if self.whole:
            return rows
        out = np.zeros((len(self.units), rows.shape[1]))
        np.add.at(out, self.owner, rows)
        return out

    def totals(self, counts: Array) -> Array:
        """Return the sums of every resample."""
        drawn = counts[:, self.units]
        if not self.whole or len(self.z) <= _CHUNK:
            return np.asarray(drawn @ self.table)
        starts = range(0, len(self.z), _CHUNK)
        parts = [slice(start, start + _CHUNK) for start in starts]
        return np.asarray(sum(drawn[:, part] @ _sums(self.z[part], self.weights[part]) for part in parts))


@dataclass(frozen=True)
class GroupSource:
    """Everything that the resamples of one group are taken from."""

    patterns: tuple[PatternTable, ...]
    mean: Array
    exogenous: Index
    unbiased: bool

    @classmethod
    def of(
        cls, rows: GroupRows, unit: Index, *, mean: Array, scale: Array, exogenous: list[int], unbiased: bool
    ) -> GroupSource:
        """Sort rows by what they answered; `unit` holds the number of each row's unit."""
        answered = ~np.isnan(rows.values)
        masks, owner = np.unique(answered, axis=0, return_inverse=True)
        patterns = [
            _pattern(rows, unit, np.flatnonzero(mask), np.flatnonzero(owner.ravel() == k), (mean, scale))
            for k, mask in enumerate(masks)
        ]
        return cls(tuple(patterns), mean / scale, np.array(exogenous, dtype=np.intp), unbiased)

    def batch(self, counts: Array) -> GroupBatch:
        """Return the moments of the resamples with these counts."""
        totals = [pattern.totals(counts) for pattern in self.patterns]
        weight = np.asarray(sum(total[:, 0] for total in totals))
        factor = weight / (weight - 1) if self.unbiased else np.ones_like(weight)
        parts = [
            _moments(pattern.columns, total, self.mean, weight, factor)
            for pattern, total in zip(self.patterns, totals, strict=True)
        ]
        mean, covariance = _pooled(parts, self.exogenous)
        return GroupBatch(tuple(parts), weight, mean, covariance)


@dataclass(frozen=True)
class Source:
    """The rows of all groups, ready to be resampled."""

    groups: tuple[GroupSource, ...]

    def batch(self, counts: Array) -> Batch:
        """Return the moments of the resamples with these counts (resamples x units)."""
        groups = tuple(group.batch(counts) for group in self.groups)
        weights = np.column_stack([group.weight for group in groups])
        weights = weights - np.array([float(group.unbiased) for group in self.groups])
        return Batch(groups, weights / weights.sum(1, keepdims=True))


def _pattern(
    rows: GroupRows, unit: Index, columns: Index, at: Index, metric: tuple[Array, Array]
) -> PatternTable:
    units, owner = np.unique(unit[at], return_inverse=True)
    mean, scale = metric
    z = (rows.values[np.ix_(at, columns)] - mean[columns]) / scale[columns]
    whole = len(units) == len(at)
    order = np.argsort(owner.ravel()) if whole else np.arange(len(at))
    return PatternTable(columns, z[order], rows.weights[at][order], owner.ravel()[order], units, whole)


def _sums(z: Array, weights: Array) -> Array:
    rows, columns = vech_index(z.shape[1])
    return np.hstack([np.ones((len(z), 1)), z, z[:, rows] * z[:, columns]]) * weights[:, None]


def _moments(columns: Index, totals: Array, centre: Array, weight: Array, factor: Array) -> PatternMoments:
    """Turn sums into means and covariances about the resample's own means; a pattern nobody drew has none."""
    own, p = totals[:, 0], len(columns)
    scaled = totals[:, 1:] / np.where(own > 0, own, 1.0)[:, None]
    away = scaled[:, :p]
    rows, cells = vech_index(p)
    flat = (scaled[:, p:] - away[:, rows] * away[:, cells]) * factor[:, None]
    covariance = np.empty((len(totals), p, p))
    covariance[:, rows, cells] = flat
    covariance[:, cells, rows] = flat
    return PatternMoments(columns, own / weight, away + centre[columns], covariance)


def _pooled(parts: list[PatternMoments], exogenous: Index) -> tuple[Array, Array]:
    """Return the moments of variables that every row answered, over all patterns."""
    places = [np.searchsorted(part.columns, exogenous) for part in parts]
    means = [part.mean[:, at] for part, at in zip(parts, places, strict=True)]
    mean = np.asarray(sum(part.share[:, None] * own for part, own in zip(parts, means, strict=True)))
    out = np.zeros((len(mean), len(exogenous), len(exogenous)))
    for part, at, own in zip(parts, places, means, strict=True):
        away = own - mean
        within = part.covariance[:, at[:, None], at]
        out += part.share[:, None, None] * (within + away[:, :, None] * away[:, None, :])
    return mean, out
