"""The same for rows with missing answers (twolevel.incomplete, led by the resample).

Clusters with the same number of rows of every pattern of answers share (I + P O)^-1, so that a resample costs
as many inverses as there are such compositions. `refit` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant, transpose
from pipeline.sem.twolevel.bootstrap.draws import repeated
from pipeline.sem.twolevel.bootstrap.kernel import Slopes2
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.incomplete import PatternMoments, cell_scatters, pattern_moments


@dataclass(frozen=True, eq=False)
class PatternTable:
    """One group's clusters in the internal metric: cells (rows of a cluster with one pattern of answers).

    Cells stand in the order of `moments`, by cluster; `scatters` are their cross-products about their means.
    """

    rows: ClusterRows
    scale: Array
    moments: PatternMoments
    scatters: Array

    @classmethod
    def of(cls, rows: ClusterRows, scale: Array) -> PatternTable:
        """Take the clusters of a group."""
        own = scale[rows.z.shape[1] :]
        return cls(rows, scale, pattern_moments(rows).scaled(scale), cell_scatters(rows) / np.outer(own, own))

    def draw(self, counts: Array) -> PatternDraws:
        """Return resamples, given how often each cluster stands in them."""
        return PatternDraws(self, counts)

    @cached_property
    def cells(self) -> tuple[Index, ...]:
        """Cells of every pattern."""
        return tuple(np.flatnonzero(self.moments.pattern == k) for k in range(len(self.moments.masks)))

    @cached_property
    def begins(self) -> Index:
        """First cell of every cluster."""
        return np.unique(self.moments.cluster, return_index=True)[1]

    @cached_property
    def owns(self) -> tuple[Array, Index]:
        """Patterns of clusters' own answers, and the pattern of every cluster."""
        masks, pattern = np.unique(self.moments.z_masks, axis=0, return_inverse=True)
        return masks, pattern.reshape(-1)

    @cached_property
    def compositions(self) -> tuple[Array, Index, Index]:
        """Each composition: rows by pattern, its pattern of own answers; and each cluster's composition."""
        m, pattern = self.moments, self.owns[1]
        table = np.zeros((m.clusters, len(m.masks)))
        np.add.at(table, (m.cluster, m.pattern), m.counts)
        keys, owner = np.unique(np.column_stack([table, pattern]), axis=0, return_inverse=True)
        return keys[:, :-1], keys[:, -1].astype(np.intp), owner.reshape(-1)

    @cached_property
    def members(self) -> Array:
        """Clusters by composition, as a table of ones."""
        _, _, owner = self.compositions
        out: Array = (owner[:, None] == np.arange(owner.max() + 1)).astype(float)
        return out


@dataclass(frozen=True, eq=False)
class PatternDraws:
    """One group in every resample."""

    table: PatternTable
    counts: Array

    @property
    def people(self) -> Array:
        """Rows of the group in every resample."""
        out: Array = self.counts @ self.table.rows.sizes
        return out

    def keep(self, draws: Array) -> PatternDraws:
        """Return some of the resamples."""
        return PatternDraws(self.table, self.counts[draws])

    def moments(self, draw: int) -> PatternMoments:
        """Return the sufficient statistics of one resample."""
        return pattern_moments(repeated(self.table.rows, self.counts[draw])).scaled(self.table.scale)


@dataclass(frozen=True)
class _People:
    """P and ln|Sw| by pattern, and how many rows of every cell and pattern were drawn."""

    P: Array
    logs: Array
    weights: Array
    totals: Array


@dataclass(frozen=True)
class _Own:
    """Clusters' own answers by pattern: (Szz)^-1, its log-determinant, slopes and covariances given them."""

    inverse: Array
    logs: Array
    slopes: Array
    given: Array
    residual: Array
    mean: Array


@dataclass(frozen=True)
class _Effects:
    """Of every composition P and (I + P O)^-1; of every cluster h and O h; of every cell its residual."""

    P: Array
    solved: Array
    spread: Array
    logs: Array
    h: Array
    g: Array
    effects: Array
    residuals: Array
    quadratic: Array


def evaluate(within: Array, between: Array, mu: Array, draws: PatternDraws) -> Slopes2:
    """Return F and its derivatives; F is infinite where a drawn cluster's covariances are not defined."""
    m = draws.table.moments
    q = m.z.shape[1]
    people, own = _people(within, draws), _own(between, mu, draws.table)
    effects = _effects(people, own, draws)
    size = draws.people
    scatter = _scatters(people, draws.table)
    composed = draws.counts @ draws.table.members
    raw = (people.totals * people.logs).sum(1) + (people.P * scatter).sum((1, 2, 3)) + effects.quadratic
    raw += (composed * effects.logs).sum(1) - np.einsum(
        "rj,rja,rja->r", draws.counts, effects.g, effects.effects
    )
    answered, by_between, by_z = _of_own(own, effects, composed, draws, q)
    value = (raw + answered) / (2 * size)
    by_mu = np.hstack([by_z, -(draws.counts[:, None] @ effects.h)[:, 0]])
    by_within = _of_people(people, effects, composed, scatter, draws.table)
    each = size[:, None, None]
    return Slopes2(
        np.where(np.isnan(value), np.inf, value), by_within / each, by_between / each, by_mu / size[:, None]
    )


def _people(within: Array, draws: PatternDraws) -> _People:
    m = draws.table.moments
    P, logs = _padded_inverses(within, m.masks)
    weights = draws.counts[:, m.cluster] * m.counts
    totals = np.column_stack([weights[:, cells].sum(1) for cells in draws.table.cells])
    return _People(P, logs, weights, totals)


def _own(between: Array, mu: Array, table: PatternTable) -> _Own:
    m, (masks, pattern) = table.moments, table.owns
    q = m.z.shape[1]
    inverse, logs = _padded_inverses(between[:, :q, :q], masks)
    slopes = between[:, None, q:, :q] @ inverse
    given = between[:, None, q:, q:] - slopes @ between[:, None, :q, q:]
    residual = (m.z - mu[:, None, :q]) * m.z_masks
    mean = np.repeat(mu[:, None, q:], m.clusters, axis=1)
    for s in range(len(masks)):
        own = np.flatnonzero(pattern == s)
        mean[:, own] += residual[:, own] @ transpose(slopes[:, s])
    return _Own(inverse, logs, slopes, given, residual, mean)


def _effects(people: _People, own: _Own, draws: PatternDraws) -> _Effects:
    table, m = draws.table, draws.table.moments
    counts, pattern, owner = table.compositions
    residuals = m.means - own.mean[:, m.cluster]
    weighted = np.empty_like(residuals)
    for k, cells in enumerate(table.cells):
        weighted[:, cells] = residuals[:, cells] @ people.P[:, k]
    quadratic = np.einsum("rc,rca,rca->r", people.weights, weighted, residuals)
    g = np.add.reduceat(m.counts[:, None] * weighted, table.begins, axis=1)
    P = np.tensordot(people.P, counts, axes=(1, 1)).transpose(0, 3, 1, 2)
    given = own.given[:, pattern]
    solved, logs = _solved(np.eye(P.shape[-1]) + P @ given)
    h = np.einsum("rjab,rjb->rja", solved[:, owner], g)
    spread = given @ solved
    effects = np.empty_like(h)
    for s in range(own.given.shape[1]):
        mine = np.flatnonzero(table.owns[1] == s)
        effects[:, mine] = h[:, mine] @ own.given[:, s]
    return _Effects(P, solved, spread, logs, h, g, effects, residuals, quadratic)


def _of_people(
    people: _People, effects: _Effects, composed: Array, scatter: Array, table: PatternTable
) -> Array:
    """N dF/dSw."""
    m, counts = table.moments, table.compositions[0]
    away = effects.residuals - effects.effects[:, m.cluster]
    shares = composed[:, :, None] * counts
    inner = np.einsum("rkp,rkab->rpab", shares, effects.spread, optimize=True) + scatter
    for k, cells in enumerate(table.cells):
        own = away[:, cells]
        inner[:, k] += transpose(own * people.weights[:, cells, None]) @ own
    out = people.totals[:, :, None, None] * people.P - people.P @ inner @ people.P
    total: Array = out.sum(1) / 2
    return (total + transpose(total)) / 2


def _of_own(
    own: _Own, effects: _Effects, composed: Array, draws: PatternDraws, q: int
) -> tuple[Array, Array, Array]:
    """Own answers' part of -2 log-likelihood, N dF/dSb and N dF/dmu of own variables."""
    R, y = len(composed), effects.h.shape[2]
    value, by_z, out = np.zeros(R), np.zeros((R, q)), np.zeros((R, q + y, q + y))
    pattern, composition = draws.table.owns[1], draws.table.compositions[1]
    kept = effects.solved @ effects.P
    for s in range(own.inverse.shape[1]):
        mine = np.flatnonzero(pattern == s)
        w, h = draws.counts[:, mine], effects.h[:, mine]
        a = own.residual[:, mine] @ own.inverse[:, s]
        S, alike = own.slopes[:, s], np.flatnonzero(composition == s)
        weighted = w[:, :, None] * h
        G = np.einsum("rk,rkab->rab", composed[:, alike], kept[:, alike]) - transpose(weighted) @ h
        G = (G + transpose(G)) / 4
        turned = transpose(weighted) @ a / 2
        total = w.sum(1)
        value += total * own.logs[:, s] + np.einsum("rj,rja,rja->r", w, a, own.residual[:, mine])
        by_z += (w[:, None] @ (h @ S - a))[:, 0]
        mixed = transpose(S) @ turned
        spread = (total[:, None, None] * own.inverse[:, s] - transpose(w[:, :, None] * a) @ a) / 2
        out[:, q:, q:] += G
        out[:, q:, :q] -= G @ S + turned
        out[:, :q, :q] += transpose(S) @ G @ S + mixed + transpose(mixed) + spread
    out[:, :q, q:] = transpose(out[:, q:, :q])
    return value, out, by_z


def _scatters(people: _People, table: PatternTable) -> Array:
    """Cross-products about the cells' means, by resample and pattern."""
    size, y = people.P.shape[1], people.P.shape[2]
    drawn = people.weights / table.moments.counts
    flat = table.scatters.reshape(len(table.scatters), -1)
    parts = [drawn[:, cells] @ flat[cells] for cells in table.cells]
    return np.stack(parts, axis=1).reshape(len(drawn), size, y, y)


def _padded_inverses(stack: Array, masks: Array) -> tuple[Array, Array]:
    """Inverses of each pattern's part, zero outside it, and log-determinants; NaN where not positive."""
    both = masks[:, :, None] * masks[:, None, :]
    padded = stack[:, None] * both
    at = np.arange(stack.shape[1])
    padded[:, :, at, at] += 1.0 - masks
    shape = padded.shape
    inverse, logs = inverse_and_log_determinant(padded.reshape(shape[0] * shape[1], *shape[2:]))
    return inverse.reshape(shape) * both, logs.reshape(shape[:2])


def _solved(stack: Array) -> tuple[Array, Array]:
    """Inverses of (I + P O) and log-determinants, NaN where a determinant is not positive."""
    usable: Array = np.asarray(np.isfinite(stack).all((2, 3)))
    filled = np.where(usable[:, :, None, None], stack, np.eye(stack.shape[-1]))
    signs, logs = np.linalg.slogdet(filled)
    usable &= signs > 0
    filled = np.where(usable[:, :, None, None], filled, np.eye(stack.shape[-1]))
    inverse = np.linalg.inv(filled)
    inverse[~usable] = np.nan
    return inverse, np.where(usable, logs, np.nan)
