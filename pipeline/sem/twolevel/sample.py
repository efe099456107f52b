"""The data of a two-level model as the estimator sees them: likelihoods by group, scale, first moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import DataError
from pipeline.sem.twolevel.data import ClusterMoments, ClusterRows, cluster_moments, sums
from pipeline.sem.twolevel.incomplete import Incomplete, pattern_moments
from pipeline.sem.twolevel.likelihood import Complete
from pipeline.sem.twolevel.problem import Likelihood2, State2
from pipeline.sem.twolevel.table import BETWEEN, LeveledTable


@dataclass(frozen=True)
class FirstMoments:
    """Crude moments of one group in the joint order: within, between (made positive definite), means."""

    within: Array
    between: Array
    mean: Array


@dataclass(frozen=True)
class Sample2:
    """Likelihoods in the metric d / scale, and what start values are taken from (user's units)."""

    joint: tuple[str, ...]
    people: tuple[str, ...]
    likelihoods: tuple[Likelihood2, ...]
    counts: Array
    clusters: Array
    scale: Array
    first: tuple[FirstMoments, ...]
    answers: Array

    @property
    def total(self) -> int:
        """Rows of all groups."""
        return int(self.counts.sum())

    @property
    def shares(self) -> Array:
        """Share of each group in the rows."""
        out: Array = self.counts / self.counts.sum()
        return out

    def first_moments(self, g: int, level: int, names: Sequence[str]) -> tuple[Array, Array]:
        """Return covariances and means of some variables at level 0 (within) or 1 (between) of a group."""
        first, at = self.first[g], [self.joint.index(name) for name in names]
        if level == BETWEEN - 1:
            return first.between[np.ix_(at, at)], first.mean[at]
        own = [self.people.index(name) for name in names]
        return first.within[np.ix_(own, own)], first.mean[at]

    def loglik(self, state: State2) -> float:
        """Log-likelihood at a state, in the user's units."""
        points = zip(self.likelihoods, state.points, strict=True)
        own = sum(likelihood.loglik(point.value) for likelihood, point in points)
        return own - self.jacobian

    @property
    def jacobian(self) -> float:
        """What the log-likelihood loses by the scale: the sum of ln scale over all values."""
        return float(self.answers @ np.log(self.scale))


def complete_sample(table: LeveledTable, groups: Sequence[ClusterRows]) -> Sample2:
    """Return the sample of complete rows."""
    return sample_of_moments(table, [cluster_moments(group) for group in groups])


def sample_of_moments(table: LeveledTable, moments: Sequence[ClusterMoments]) -> Sample2:
    """Return the sample of sufficient statistics."""
    joint = table.joint
    scale = _scale(moments, joint)
    first = tuple(_first_moments(m) for m in moments)
    people, clusters = (sum(getattr(m, name) for m in moments) for name in ("people", "clusters"))
    own = len(table.cluster_only)
    answers = np.where(np.arange(len(joint)) < own, clusters, people)
    return Sample2(
        joint, table.within.observed, tuple(Complete(m.scaled(scale)) for m in moments),
        np.array([m.people for m in moments]), np.array([m.clusters for m in moments]), scale, first, answers,
    )  # fmt: skip


def incomplete_sample(table: LeveledTable, groups: Sequence[ClusterRows]) -> Sample2:
    """Return the sample of rows with missing answers; first moments take cluster means for them."""
    filled = [_filled(group) for group in groups]
    crude = sample_of_moments(table, [cluster_moments(group) for group in filled])
    likelihoods = tuple(Incomplete(pattern_moments(group).scaled(crude.scale)) for group in groups)
    answers = [np.concatenate([(~np.isnan(g.z)).sum(0), (~np.isnan(g.y)).sum(0)]) for g in groups]
    return replace(crude, likelihoods=likelihoods, answers=np.sum(answers, axis=0).astype(float))


def _filled(group: ClusterRows) -> ClusterRows:
    """Fill missing answers by the mean of their cluster, or of all where the cluster gave none."""
    answered = ~np.isnan(group.y)
    totals = sums(group.cluster, np.where(answered, group.y, 0.0), group.clusters)
    counts = sums(group.cluster, answered.astype(float), group.clusters)
    centre = totals.sum(0) / np.maximum(counts.sum(0), 1)
    means = np.where(counts > 0, totals / np.maximum(counts, 1), centre)
    y = np.where(answered, group.y, means[group.cluster])
    z = np.where(np.isnan(group.z), np.nanmean(group.z, axis=0) if group.z.size else 0.0, group.z)
    return replace(group, y=y, z=z)


def _scale(moments: Sequence[ClusterMoments], names: Sequence[str]) -> Array:
    """Return the standard deviations of clusters' variables over clusters, of people's over people."""
    squares, weights = np.zeros(len(names)), np.zeros(len(names))
    for m in moments:
        y = len(m.scatter)
        q = len(names) - y
        weight = np.where(np.arange(len(names)) < q, 1.0, m.sizes[:, None])
        total = (weight * m.roots[:, None] ** 2).sum(0)
        mean = (weight * m.roots[:, None] * m.rows).sum(0) / total
        away = m.rows - m.roots[:, None] * mean
        squares += (weight * away**2).sum(0)
        squares[q:] += np.diag(m.scatter)
        weights += total
        _check_varying(squares, mean, names, m)
    out: Array = np.sqrt(squares / weights)
    return out


def _check_varying(squares: Array, mean: Array, names: Sequence[str], moments: ClusterMoments) -> None:
    constant = squares <= 1e-20 * np.maximum(mean**2, 1e-300)
    if constant.any():
        raise DataError(f"'{names[int(constant.argmax())]}' does not vary")
    y = len(moments.scatter)
    own = np.diag(moments.scatter)
    flat = own <= 1e-12 * squares[len(names) - y :]
    if flat.any():
        name = names[len(names) - y + int(flat.argmax())]
        raise DataError(f"'{name}' does not vary within clusters; use it at level 2 only")


def _first_moments(m: ClusterMoments) -> FirstMoments:
    """Method of moments (Muthen, 1994); between covariances are moved to the nearest usable ones."""
    y = len(m.scatter)
    within = m.scatter / m.freedom
    mean = m.roots @ m.rows / m.clusters
    away = m.rows - m.roots[:, None] * mean
    spread = away.T @ away / m.clusters
    between = spread.copy()
    between[-y:, -y:] -= within * float(m.counts @ (1 / m.distinct)) / m.clusters
    return FirstMoments(within, _usable(between, np.diag(spread)), mean)


def _usable(between: Array, spread: Array) -> Array:
    """Return a positive definite matrix near a between matrix."""
    variances = np.maximum(np.diag(between), 0.05 * spread)
    deviations = np.sqrt(variances)
    correlations = np.clip(between / np.outer(deviations, deviations), -1.0, 1.0)
    np.fill_diagonal(correlations, 1.0)
    values, vectors = np.linalg.eigh(correlations)
    better = (vectors * np.maximum(values, 0.05)) @ vectors.T
    unit = np.sqrt(np.diag(better))
    out: Array = better / np.outer(unit, unit) * np.outer(deviations, deviations)
    return out
