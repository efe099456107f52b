"""Two-level normal likelihood of rows with missing answers (full information; du Toit & du Toit, 2008).

Rows of one cluster share its effects b, given its own variables z distributed as N(m, O). For row i with
answers o, P_i = E_o' (Sw,oo)^-1 E_o and r_i the padded residual from m,
    minus 2 log-likelihood = sum_i [ ln|Sw,oo| + r_i' P_i r_i ] + ln|I + O P| - g' O (I + P O)^-1 g,
    P = sum_i P_i,  g = sum_i P_i r_i                                    (Woodbury; de Leeuw & Meijer, 2008)
so that a cluster costs one p x p inverse, whatever its size. Rows of one cluster and pattern enter by their
count and mean, within cross-products by pattern alone. The cluster's own answers z are conditioned on,
those it gave. Second derivatives are differences of the analytic gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.estimate.normal import pad
from pipeline.sem.twolevel.data import ClusterMoments, ClusterRows, sums
from pipeline.sem.twolevel.likelihood import Complete, Directions, Implied2, diagonalise

_STEP = 1e-5


@dataclass(frozen=True)
class PatternMoments:
    """Rows by cluster and pattern of answers, and within cross-products by pattern.

    Cell c holds `counts` rows of cluster `cluster` with pattern `pattern` and mean `means` (zero where not
    answered); `scatters` are cross-products about the cells' means, by pattern; `z` own variables of
    clusters (zero where missing) with their `z_masks`.
    """

    masks: Array
    cluster: Index
    pattern: Index
    counts: Array
    means: Array
    scatters: Array
    totals: Array
    z: Array
    z_masks: Array

    @property
    def people(self) -> float:
        """Number of rows."""
        return float(self.counts.sum())

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self.z)

    def scaled(self, scale: Array) -> PatternMoments:
        """Return the moments of variables divided by a scale (order: z, y)."""
        q = self.z.shape[1]
        y = scale[q:]
        return PatternMoments(
            self.masks, self.cluster, self.pattern, self.counts, self.means / y,
            self.scatters / np.outer(y, y), self.totals, self.z / scale[:q], self.z_masks,
        )  # fmt: skip


def pattern_moments(rows: ClusterRows) -> PatternMoments:
    """Return the sufficient statistics of rows with missing answers."""
    masks, pattern, keys, cell = _cells(rows)
    filled = np.where(masks[pattern], rows.y, 0.0)
    counts = np.bincount(cell, minlength=len(keys)).astype(float)
    means = sums(cell, filled, len(keys)) / counts[:, None]
    away = (filled - means[cell]) * masks[pattern]
    scatters = np.array([away[pattern == k].T @ away[pattern == k] for k in range(len(masks))])
    totals = np.bincount(pattern, minlength=len(masks)).astype(float)
    return PatternMoments(
        masks.astype(float), keys // len(masks), keys % len(masks), counts, means, scatters, totals,
        np.nan_to_num(rows.z), (~np.isnan(rows.z)).astype(float),
    )  # fmt: skip


def cell_scatters(rows: ClusterRows) -> Array:
    """Return the cross-products of every cell about its mean."""
    masks, pattern, keys, cell = _cells(rows)
    filled = np.where(masks[pattern], rows.y, 0.0)
    counts = np.bincount(cell, minlength=len(keys))
    away = (filled - (sums(cell, filled, len(keys)) / counts[:, None])[cell]) * masks[pattern]
    return np.stack([sums(cell, away * away[:, i : i + 1], len(keys)) for i in range(away.shape[1])], axis=1)


def _cells(rows: ClusterRows) -> tuple[Array, Index, Index, Index]:
    """Return the patterns of answers, the pattern of each row, the cells' keys and the cell of each row."""
    masks, pattern = np.unique(~np.isnan(rows.y), axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    keys, cell = np.unique(rows.cluster * len(masks) + pattern, return_inverse=True)
    return masks, pattern, keys, cell


@dataclass(frozen=True)
class Incomplete:
    """The sample side of the likelihood of one group."""

    moments: PatternMoments

    def at(self, implied: Implied2) -> IncompletePoint:
        """Evaluate; raises LinAlgError where a cluster's covariances are not positive definite."""
        m = self.moments
        inner = pad(implied.within, m.masks)
        root = np.linalg.cholesky(inner)
        P = np.linalg.inv(inner) * m.masks[:, :, None] * m.masks[:, None, :]
        determinants = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
        own = _own(m, implied)
        point = IncompletePoint(m, implied, P, own)
        value = float(m.totals @ determinants) + own.value + float((P * m.scatters).sum())
        value += point.spread
        return IncompletePoint(m, implied, P, own, value / (2 * m.people))

    def loglik(self, value: float) -> float:
        """Log-likelihood at a value of F."""
        m = self.moments
        answers = float(m.totals @ m.masks.sum(1)) + float(m.z_masks.sum())
        return float(-m.people * value - 0.5 * answers * np.log(2 * np.pi))


@dataclass(frozen=True)
class OwnVariables:
    """Clusters' own answers: their part of -2 log-likelihood; means m and covariances O of b given them.

    `slopes` regress (z, b) residuals on the answered z, by cluster's pattern; `residual` is z less its mean.
    """

    value: float
    inverse: Array
    slopes: Array
    residual: Array
    given_mean: Array
    given: Array
    pattern: Index


def _own(m: PatternMoments, implied: Implied2) -> OwnVariables:
    """Condition the effects on the answered own variables, pattern by pattern."""
    q = m.z.shape[1]
    masks, pattern = np.unique(m.z_masks, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    padded = pad(implied.between[:q, :q], masks)
    inverse = np.linalg.inv(padded) * masks[:, :, None] * masks[:, None, :]
    logs = 2 * np.log(np.diagonal(np.linalg.cholesky(padded), axis1=1, axis2=2)).sum(1)
    slopes = implied.between[q:, :q] @ inverse
    given = implied.between[q:, q:] - slopes @ implied.between[:q, q:]
    residual = (m.z - implied.mu[:q]) * m.z_masks
    means = implied.mu[q:] + np.einsum("jab,jb->ja", slopes[pattern], residual)
    distance = np.einsum("ja,jab,jb->", residual, inverse[pattern], residual)
    value = float(logs[pattern].sum() + distance)
    return OwnVariables(value, inverse, slopes, residual, means, given, pattern)


@dataclass(frozen=True)
class IncompletePoint:
    """The likelihood at one value of the moments."""

    moments: PatternMoments
    implied: Implied2
    P: Array
    own: OwnVariables
    value: float = float("nan")

    @cached_property
    def T(self) -> Array:  # noqa: N802
        """Derivatives are taken in the variables' own coordinates."""
        return np.eye(len(self.implied.between))

    @cached_property
    def residuals(self) -> Array:
        """Cells' means less the mean of their cluster, zero where not answered."""
        m = self.moments
        out: Array = (m.means - self.own.given_mean[m.cluster]) * m.masks[m.pattern]
        return out

    @cached_property
    def totals(self) -> Array:
        """P of every cluster."""
        m = self.moments
        return sums(m.cluster, m.counts[:, None, None] * self.P[m.pattern], m.clusters)

    @cached_property
    def weighted(self) -> Array:
        """P_i r_i of every cell, times its count."""
        m = self.moments
        out: Array = m.counts[:, None] * np.einsum("cab,cb->ca", self.P[m.pattern], self.residuals)
        return out

    @cached_property
    def solved(self) -> Array:
        """(I + P O)^-1 of every cluster."""
        given = self.own.given[self.own.pattern]
        size = given.shape[1]
        out: Array = np.linalg.inv(np.eye(size) + self.totals @ given)
        return out

    @cached_property
    def h(self) -> Array:
        """(I + P O)^-1 g: the derivative of the clusters' log-likelihoods by their means."""
        g = sums(self.moments.cluster, self.weighted, self.moments.clusters)
        out: Array = np.einsum("jab,jb->ja", self.solved, g)
        return out

    @cached_property
    def effects(self) -> Array:
        """O h: the expected effects of the clusters, less their means."""
        out: Array = np.einsum("jab,jb->ja", self.own.given[self.own.pattern], self.h)
        return out

    @property
    def spread(self) -> float:
        """sum_i r' P r between cells + ln|I + P O| - g' O (I + P O)^-1 g."""
        m = self.moments
        signs, logs = np.linalg.slogdet(self.solved)
        if (signs <= 0).any():
            raise np.linalg.LinAlgError("a cluster's covariances are not positive definite")
        g = sums(m.cluster, self.weighted, m.clusters)
        return float((self.weighted * self.residuals).sum() - logs.sum() - (g * self.effects).sum())

    @cached_property
    def cluster_between(self) -> Array:
        """N dF/dSb of every cluster, through O = Sy - Syz Sz^-1 Szy, the slopes and the distribution of z."""
        q, own = self.moments.z.shape[1], self.own
        G = self.solved @ self.totals - self.h[:, :, None] * self.h[:, None, :]
        G = (G + G.swapaxes(1, 2)) / 4
        S, inverse = own.slopes[own.pattern], own.inverse[own.pattern]
        a = np.einsum("jab,jb->ja", inverse, own.residual)
        turned = self.h[:, :, None] * a[:, None, :] / 2
        mixed = S.swapaxes(1, 2) @ turned
        out = np.zeros((len(G), *self.implied.between.shape))
        out[:, q:, q:] = G
        out[:, q:, :q] = -G @ S - turned
        out[:, :q, q:] = out[:, q:, :q].swapaxes(1, 2)
        spread = (inverse - a[:, :, None] * a[:, None, :]) / 2
        out[:, :q, :q] = S.swapaxes(1, 2) @ G @ S + mixed + mixed.swapaxes(1, 2) + spread
        return out

    @cached_property
    def by_between(self) -> Array:
        """dF/dSb."""
        out: Array = self.cluster_between.sum(0) / self.moments.people
        return out

    @cached_property
    def cell_spread(self) -> Array:
        """Return n (V + e e') of every cell, V and e covariance and mean residual given the data."""
        m = self.moments
        covariances = self.own.given[self.own.pattern] @ self.solved
        e = self.residuals - self.effects[m.cluster] * m.masks[m.pattern]
        inner = m.counts[:, None, None] * (covariances[m.cluster] + e[:, :, None] * e[:, None, :])
        out: Array = (inner + inner.swapaxes(1, 2)) / 2
        return out

    @cached_property
    def by_within(self) -> Array:
        """dF/dSw = 1/2 sum_i [ P_i - P_i (V + e e') P_i ] / N."""
        m = self.moments
        inner = sums(m.pattern, self.cell_spread, len(m.masks)) + m.scatters
        out: Array = (m.totals[:, None, None] * self.P - self.P @ inner @ self.P).sum(0) / (2 * m.people)
        return out

    def cluster_within(self, scatters: Array) -> Array:
        """N dF/dSw of every cluster, given the cross-products of every cell."""
        m = self.moments
        P = self.P[m.pattern]
        cells = (m.counts[:, None, None] * P - P @ (self.cell_spread + scatters) @ P) / 2
        return sums(m.cluster, cells, m.clusters)

    @cached_property
    def cluster_mu(self) -> Array:
        """N dF/dmu of every cluster."""
        own = self.own
        direct = np.einsum("jab,jb->ja", own.inverse[own.pattern], own.residual)
        through = np.einsum("jab,ja->jb", own.slopes[own.pattern], self.h)
        return np.hstack([through - direct, -self.h])

    @cached_property
    def by_mu(self) -> Array:
        """dF/dmu."""
        out: Array = self.cluster_mu.sum(0) / self.moments.people
        return out

    def fisher(self, lines: Directions) -> Array:
        """Expected second derivatives as if every row had given every answer: an upper bound."""
        m = self.moments
        sizes = np.bincount(m.cluster, m.counts, m.clusters)
        distinct, counts = np.unique(sizes, return_counts=True)
        width = len(self.implied.between)
        whole = ClusterMoments(
            np.zeros((0, width)), np.zeros(0), np.zeros(0), distinct, counts.astype(float),
            np.zeros_like(self.implied.within), m.people - m.clusters,
        )  # fmt: skip
        point = Complete(whole).at(_proper(self.implied, distinct[-1]))
        T = point.T
        return point.fisher(Directions(T @ lines.within @ T.T, T @ lines.between @ T.T, T @ lines.mean))

    def curvature(self, lines: Directions) -> Array:
        """Second derivatives as if the moments were linear in the parameters, by central differences."""
        W, B = self._steps(lines)
        out = np.empty((len(W), len(W)))
        for k, (dw, db, dm) in enumerate(zip(W, B, lines.mean.T, strict=True)):
            up, down = (self._moved(sign * _STEP, dw, db, dm) for sign in (1, -1))
            out[k] = (up.along(W, B, lines.mean) - down.along(W, B, lines.mean)) / (2 * _STEP)
        return (out + out.T) / 2

    def along(self, W: Array, B: Array, mean: Array) -> Array:
        """Return the derivatives in directions of the moments."""
        out: Array = (W * self.by_within).sum((1, 2)) + (B * self.by_between).sum((1, 2)) + self.by_mu @ mean
        return out

    def _moved(self, step: float, within: Array, between: Array, mean: Array) -> IncompletePoint:
        i = self.implied
        moved = Implied2(i.within + step * within, i.between + step * between, i.mu + step * mean)
        return Incomplete(self.moments).at(moved)

    def _steps(self, lines: Directions) -> tuple[Array, Array]:
        """Return the derivatives of Sw and Sb by all parameters, within before between ones."""
        q = self.moments.z.shape[1]
        W = np.concatenate([lines.within[:, q:, q:], np.zeros_like(lines.between[:, q:, q:])])
        B = np.concatenate([np.zeros_like(lines.within), lines.between])
        return W, B


def _proper(implied: Implied2, largest: float) -> Implied2:
    """Return moments at which a complete cluster of any size has positive definite covariances.

    Clusters that lack answers may have such covariances where complete ones of the largest size have not.
    """
    q = len(implied.between) - len(implied.within)
    lowest = float(diagonalise(implied, q)[1][0])
    if lowest + 1 / largest > 0:
        return implied
    raised = implied.between.copy()
    raised[q:, q:] -= lowest * implied.within
    return Implied2(implied.within, raised, implied.mu)
