"""Sufficient statistics of a normal sample: counts, means and covariances by pattern of missing answers.

Two chunks of one data set add up: `Moments.of(a, names) + Moments.of(b, names)` equals the moments of all
rows (pairwise update of Chan, Golub & LeVeque, 1983). Data larger than memory come for free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.sem.arrays import Array, as_float
from pipeline.sem.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GroupMoments:
    """One group: a row of `masks` (True = answered) a pattern, with its count, weight, means and covariances.

    Means and covariances (divisor: the weight) are zero where a pattern has no answer.
    """

    label: str
    masks: Array
    counts: Array
    weights: Array
    means: Array
    covariances: Array

    @property
    def count(self) -> int:
        """Number of rows."""
        return int(self.counts.sum())

    @property
    def complete(self) -> bool:
        """Whether no answer is missing."""
        return bool(self.masks.all())

    def pooled(self) -> tuple[Array, Array]:
        """Return means and covariances over all patterns, each variable by the rows that answered it."""
        weights = self.weights[:, None] * self.masks
        total = weights.sum(0)
        mean = (weights * self.means).sum(0) / total
        deviation = (self.means - mean) * self.masks
        pairs = np.einsum("k,ki,kj->ij", self.weights, self.masks, self.masks)
        cross = np.einsum("k,kij->ij", self.weights, self.covariances) + np.einsum(
            "k,ki,kj->ij", self.weights, deviation, deviation
        )
        return mean, np.divide(cross, pairs, out=np.zeros_like(cross), where=pairs > 0)

    def pairwise(self) -> Array:
        """Return covariances of the rows that answered both variables, times (n - 1) / n."""
        M, w = self.masks, self.weights
        pairs = np.einsum("k,ki,kj->ij", w, M, M)
        first = np.einsum("k,ki,kj->ij", w, self.means, M) / pairs
        centre = self.pooled()[0]
        away = (self.means - centre) * M
        cross = np.einsum("k,kij->ij", w, self.covariances) + np.einsum("k,ki,kj->ij", w, away, away)
        shift = first - centre[:, None]
        n = float(w.sum())
        out: Array = (cross - pairs * shift * shift.T) / (pairs - 1) * (n - 1) / n
        return out

    def select(self, columns: Sequence[int]) -> GroupMoments:
        """Return the moments of some variables; patterns that become equal are merged."""
        at = list(columns)
        kept = replace(
            self,
            masks=self.masks[:, at],
            means=self.means[:, at],
            covariances=self.covariances[:, at][:, :, at],
        )
        return _merge([kept])

    def only_complete(self) -> GroupMoments:
        """Return the rows that answered everything."""
        return self if self.complete else self.keep(np.asarray(self.masks.all(axis=1)))

    def keep(self, patterns: NDArray[np.bool_]) -> GroupMoments:
        """Return some of the patterns."""
        return GroupMoments(
            self.label,
            self.masks[patterns],
            self.counts[patterns],
            self.weights[patterns],
            self.means[patterns],
            self.covariances[patterns],
        )


@dataclass(frozen=True)
class Moments:
    """Moments of every group; add two of them to join their rows."""

    variables: tuple[str, ...]
    groups: tuple[GroupMoments, ...]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        variables: Sequence[str],
        group: str | None = None,
        weights: str | None = None,
    ) -> Moments:
        """Compute the moments of the variables in a frame."""
        from pipeline.sem.data.rows import Rows

        return Rows.of(frame, variables, group=group, weights=weights).moments()

    def __add__(self, other: Moments) -> Moments:
        if self.variables != other.variables:
            raise DataError("moments of different variables cannot be added; compute both with the same list")
        labels = dict.fromkeys([g.label for g in self.groups] + [g.label for g in other.groups])
        parts = {label: [g for g in (*self.groups, *other.groups) if g.label == label] for label in labels}
        return Moments(self.variables, tuple(_merge(groups) for groups in parts.values()))

    @property
    def count(self) -> int:
        """Number of rows over all groups."""
        return sum(group.count for group in self.groups)

    def select(self, variables: Sequence[str]) -> Moments:
        """Return the moments of some of the variables, in the order asked for."""
        missing = [name for name in variables if name not in self.variables]
        if missing:
            raise DataError(f"the data have no column {', '.join(map(repr, missing))}; the model needs it")
        if tuple(variables) == self.variables:
            return self
        columns = [self.variables.index(name) for name in variables]
        return Moments(tuple(variables), tuple(group.select(columns) for group in self.groups))

    def only_complete(self) -> Moments:
        """Return the moments of the complete rows (listwise deletion)."""
        return Moments(self.variables, tuple(group.only_complete() for group in self.groups))

    def answering(self, required: Sequence[str]) -> Moments:
        """Return the moments of the rows that answered the required variables."""
        if not required:
            return self
        columns = [self.variables.index(name) for name in required]
        return Moments(
            self.variables, tuple(g.keep(np.asarray(g.masks[:, columns].all(axis=1))) for g in self.groups)
        )


def group_moments(label: str, values: Array, weights: Array) -> GroupMoments:
    """Return the moments of one group of rows; rows without any answer are dropped."""
    answered = ~np.isnan(values)
    if not answered.all():
        some = answered.any(axis=1)
        values, answered, weights = values[some], answered[some], weights[some]
    patterns, owner = _patterns(answered)
    own = [owner == k for k in range(len(patterns))] if len(patterns) > 1 else [slice(None)] * len(patterns)
    parts = [_pattern_moments(values[at], weights[at], mask) for at, mask in zip(own, patterns, strict=True)]
    counts = np.bincount(owner, minlength=len(patterns)).astype(float)
    p = values.shape[1]
    return GroupMoments(
        label,
        patterns.astype(float).reshape(-1, p),
        counts,
        as_float([part[0] for part in parts]),
        as_float([part[1] for part in parts]).reshape(-1, p),
        as_float([part[2] for part in parts]).reshape(-1, p, p),
    )


def _patterns(answered: Array | np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[Array, Array]:
    """Return the distinct rows of a mask, in order of first appearance, and each row's pattern."""
    if answered.all():
        return np.ones((min(1, len(answered)), answered.shape[1])), np.zeros(len(answered), dtype=np.intp)
    packed = np.packbits(answered.astype(bool), axis=1)
    _, first, owner = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return answered[first[order]].astype(float), rank[owner.ravel()]


def _pattern_moments(values: Array, weights: Array, mask: Array) -> tuple[float, Array, Array]:
    filled = values if mask.all() else np.where(mask.astype(bool), values, 0.0)
    total = float(weights.sum())
    mean = weights @ filled / total
    centred = (filled - mean) * mask
    return total, mean, (centred * weights[:, None]).T @ centred / total


def _merge(groups: Sequence[GroupMoments]) -> GroupMoments:
    """Join groups: patterns with the same answers become one."""
    joined = [np.concatenate([getattr(g, name) for g in groups]) for name in _FIELDS]
    masks = joined[0]
    some = masks.any(axis=1)
    masks, counts, weights, means, covariances = (values[some] for values in joined)
    patterns, owner = _patterns(masks.astype(bool))
    if len(patterns) == len(masks):
        return GroupMoments(groups[0].label, masks, counts, weights, means, covariances)
    totals = np.bincount(owner, weights, len(patterns))
    centre = _sums(owner, weights[:, None] * means, len(patterns)) / totals[:, None]
    away = means - centre[owner]
    spread = weights[:, None, None] * (covariances + away[:, :, None] * away[:, None, :])
    return GroupMoments(
        groups[0].label, patterns, np.bincount(owner, counts, len(patterns)), totals, centre,
        _sums(owner, spread, len(patterns)) / totals[:, None, None],
    )  # fmt: skip


_FIELDS = ("masks", "counts", "weights", "means", "covariances")


def _sums(owner: Array, values: Array, size: int) -> Array:
    out = np.zeros((size, *values.shape[1:]))
    np.add.at(out, owner.astype(np.intp), values)
    return out
