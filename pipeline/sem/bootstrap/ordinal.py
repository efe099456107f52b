"""Resamples of models with ordered items: contingency tables, correlations and weights of many draws at once.

Counts of rows times indicators of cells give the tables of all resamples in one matrix product; thresholds,
polychorics and the diagonal of their covariance follow in arrays over draws and pairs; then all draws descend
together. Models with covariates or continuous variables, and full weight matrices, are refitted draw by draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.advance import descend
from pipeline.sem.bootstrap.dense import Dense
from pipeline.sem.bootstrap.moments import Batch, GroupBatch
from pipeline.sem.bootstrap.refit import Refits
from pipeline.sem.bootstrap.responses import ResponseKernel
from pipeline.sem.bootstrap.units import Units
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.solve import Solution, solve
from pipeline.sem.options import Method
from pipeline.sem.ordinal.cell_influence import cell_influence, variances
from pipeline.sem.ordinal.polychoric import BOUND, polychorics, thresholds_of
from pipeline.sem.ordinal.problem import OrdinalProblem
from pipeline.sem.ordinal.sample import OrdinalSample, ordinal_sample
from pipeline.sem.ordinal.statistics import CellSource, GroupStatistics
from pipeline.sem.ordinal.tables import PairTables, indicators, pair_index

PORTION = 200
_CACHED = 50_000


@dataclass(frozen=True, eq=False)
class OrdinalRefitter:
    """Refits of a model with ordered items, from counts of units."""

    solution: Solution
    method: Method
    rows: Rows
    units: Units

    def __call__(self, counts: Array) -> Refits:
        """Return the estimates of every resample."""
        if not self.batched:
            return self._one_by_one(counts)
        groups = [
            source.group(counts[:, owner], self.method)
            for source, owner in zip(self.sources, self.units.owners, strict=True)
        ]
        batch = _Batch(tuple(groups), _shares(groups))
        possible = np.flatnonzero(np.all([group.possible for group in groups], axis=0))
        x = np.repeat(self.solution.state.x[None], len(counts), axis=0)
        value, converged = np.full(len(x), np.nan), np.zeros(len(x), dtype=bool)
        found = descend(self._objective, batch.keep(possible), x[possible], self.metric)
        x[possible], value[possible], converged[possible] = found.x, found.value, found.converged
        for draw in np.flatnonzero(~converged):
            own = self._one_by_one(counts[[draw]])
            if own.converged[0]:
                again = self.solution.problem.reduction.reduce(own.theta[0])
                x[draw], value[draw], converged[draw] = again, own.value[0], True
        reduction = self.solution.problem.reduction
        return Refits(x @ reduction.K.T + reduction.k, value, converged)

    @cached_property
    def batched(self) -> bool:
        """Whether all resamples can advance together."""
        sample = self.solution.sample
        assert isinstance(sample, OrdinalSample)
        return sample.kinds.plain and self.method.discrepancy in {"DWLS", "ULS"}

    @cached_property
    def sources(self) -> tuple[_Source, ...]:
        """Indicators of cells, group by group."""
        assert isinstance(self.solution.sample, OrdinalSample)
        return tuple(_Source.of(part) for part in self.solution.sample.parts)

    @cached_property
    def metric(self) -> Array:
        """Inverse information of one observation about x in the full sample."""
        out: Array = np.linalg.pinv(self.solution.state.fisher())
        return out

    @cached_property
    def kernels(self) -> tuple[ResponseKernel, ...]:
        """The structure of every group."""
        problem = self.solution.problem
        assert isinstance(problem, OrdinalProblem)
        none = np.zeros(0, dtype=np.intp)
        return tuple(ResponseKernel(shape, Dense(shape.block, none)) for shape in problem.shapes)

    def _objective(self, x: Array, batch: _Batch) -> tuple[Array, Array]:
        problem, reduction = self.solution.problem, self.solution.problem.reduction
        theta = x @ reduction.K.T + reduction.k
        value, slopes = np.zeros(len(x)), np.empty_like(theta)
        with np.errstate(all="ignore"):
            for g, (kernel, part) in enumerate(zip(self.kernels, problem.layout.parts, strict=True)):
                own, slope = kernel(theta[:, part], batch.groups[g])
                value += batch.shares[:, g] * own
                slopes[:, part] = batch.shares[:, g, None] * slope
        return value, slopes @ reduction.K

    def _one_by_one(self, counts: Array) -> Refits:
        q = len(self.solution.table.free)
        theta, value = np.full((len(counts), q), np.nan), np.full(len(counts), np.nan)
        converged = np.zeros(len(counts), dtype=bool)
        for draw, drawn in enumerate(counts):
            found = self._refit(drawn)
            if found is not None:
                theta[draw], value[draw] = found.theta * self.solution.factor, found.state.value
                converged[draw] = found.optimum.converged
        return Refits(theta, value, converged)

    def _refit(self, drawn: Array) -> Solution | None:
        groups = [
            group.keep(np.repeat(np.arange(len(owner)), drawn[owner].astype(int)))
            for group, owner in zip(self.rows.groups, self.units.owners, strict=True)
        ]
        table = self.solution.table
        try:
            sample = ordinal_sample(replace(self.rows, groups=tuple(groups)), table)
            return solve(table, sample, self.method, None, self.solution.theta)
        except (DataError, np.linalg.LinAlgError):
            return None


def covariate_moments(solution: Solution, rows: Rows, units: Units, counts: Array) -> Batch:
    """Return means and (unbiased) covariances of the fixed covariates in every resample."""
    at, groups = solution.exogenous, []
    scale = solution.observed_scale[at]
    for own, owner in zip(rows.groups, units.owners, strict=True):
        drawn, x = counts[:, owner], own.values[:, at] / scale
        n = drawn.sum(1)
        mean = drawn @ x / n[:, None]
        second = np.einsum("rn,ni,nj->rij", drawn, x, x, optimize=True)
        away = second - n[:, None, None] * mean[:, :, None] * mean[:, None, :]
        groups.append(GroupBatch((), n, mean, away / (n - 1)[:, None, None]))
    return Batch(tuple(groups), np.ones((len(counts), len(groups))))


@dataclass(frozen=True, eq=False)
class _Group:
    """Moments and weights of one group in every resample, its rows, and which draws have all categories."""

    moments: Array
    V: Array
    rows: Array
    possible: Array

    def keep(self, draws: Array) -> _Group:
        return _Group(self.moments[draws], self.V[draws], self.rows[draws], self.possible[draws])


@dataclass(frozen=True, eq=False)
class _Batch:
    """All groups of a batch, with their shares (by n - 1)."""

    groups: tuple[_Group, ...]
    shares: Array

    def keep(self, draws: Array) -> _Batch:
        """Return some of the resamples."""
        return _Batch(tuple(group.keep(draws) for group in self.groups), self.shares[draws])


def _shares(groups: list[_Group]) -> Array:
    weights = np.column_stack([group.rows - 1 for group in groups])
    out: Array = weights / weights.sum(1, keepdims=True)
    return out


@dataclass(frozen=True, eq=False)
class _Source:
    """Indicators of categories and of cells of one group's rows, in single precision: counts stay exact."""

    part: GroupStatistics
    source: CellSource
    categories: Array
    cells: Array
    places: Index

    @classmethod
    def of(cls, part: GroupStatistics) -> _Source:
        source = part.source
        assert isinstance(source, CellSource)
        own = np.array(source.tables.categories)
        hot = indicators(source.codes, own.tolist()).astype(np.float32)
        first, second = pair_index(len(own))
        sizes = own[first] * own[second]
        cells = np.zeros((len(hot), sizes.sum()), dtype=np.float32)
        a, b = source.codes[:, first], source.codes[:, second]
        column = np.cumsum(sizes) - sizes + a * own[second] + b
        row, pair = np.nonzero((a >= 0) & (b >= 0))
        cells[row, column[row, pair]] = 1.0
        grids = [
            np.add.outer(np.arange(i) * own.max(), np.arange(j))
            for i, j in zip(own[first], own[second], strict=True)
        ]
        places = [grid.ravel() + at * own.max() ** 2 for at, grid in enumerate(grids)]
        return cls(part, source, hot, cells, np.concatenate(places))

    def tables(self, rows: Array, counted: Array, paired: Array) -> PairTables:
        """Return the tables of some draws, items and pairs of one draw after those of another."""
        own, R = self.source.tables.categories, len(rows)
        width, p = max(own), len(own)
        first, second = pair_index(p)
        cells = np.zeros((R, len(first) * width**2))
        cells[:, self.places] = paired
        margins = np.zeros((R, p, width))
        item = np.repeat(np.arange(p), own)
        margins[:, item, np.concatenate([np.arange(k) for k in own])] = counted
        binary, shift = self.source.tables.paired.binary, np.arange(R)[:, None]
        return PairTables(
            margins.reshape(-1, width), cells.reshape(-1, width, width), (first + shift * p).ravel(),
            (second + shift * p).ravel(), (binary + shift * len(first)).ravel(),
            np.repeat(rows, p),
        )  # fmt: skip

    @cached_property
    def pull(self) -> Array:
        """How each row moves each correlation of the full sample."""
        return self.part.influence[:, -len(self.source.correlations) :]

    def group(self, counts: Array, method: Method) -> _Group:
        """Return the moments and weights of every draw, computed as many at a time as the cache holds."""
        single, rows = counts.astype(np.float32), counts.sum(1)
        start = self.source.correlations + counts @ self.pull / rows[:, None]
        drawn = (rows, single @ self.categories, single @ self.cells, np.clip(start, -BOUND, BOUND))
        few = max(_CACHED // len(self.places), 1)
        cuts = range(few, len(counts), few)
        pieces = [np.split(own, cuts) for own in drawn]
        parts = [self._few(method, *piece) for piece in zip(*pieces, strict=True)]
        fields = zip(*[(part.moments, part.V, part.rows, part.possible) for part in parts], strict=True)
        return _Group(*[np.concatenate(own) for own in fields])

    def _few(self, method: Method, rows: Array, counted: Array, paired: Array, start: Array) -> _Group:
        own, R = self.source.tables.categories, len(rows)
        tables, p = self.tables(rows, counted, paired), len(own)
        needed = np.arange(tables.margins.shape[1]) < np.tile(own, R)[:, None]
        possible = ~(needed & (tables.margins == 0)).reshape(R, -1).any(1)
        with np.errstate(all="ignore"):
            thresholds = thresholds_of(tables.margins)
            r = polychorics(tables, thresholds, start.ravel())
            at = (self.part.kinds.level_item, self.part.kinds.level_step)
            moments = [thresholds.reshape(R, p, -1)[:, *at], r.reshape(R, -1)]
            V = np.ones((R, sum(own) - p + moments[1].shape[1]))
            if method.discrepancy == "DWLS":
                levels, pairs = variances(tables, cell_influence(tables, thresholds, r))
                V = 1 / np.hstack([levels.reshape(R, p, -1)[:, *at], pairs.reshape(R, -1)])
        stacked = np.hstack(moments)
        possible &= np.isfinite(stacked).all(1) & np.isfinite(V).all(1)
        return _Group(stacked, V, rows, possible)
