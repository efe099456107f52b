"""Standardized solutions and their derivatives (Bollen, 1989, p. 349; delta method: Folmer, 1981).

Paths are multiplied by sd(cause) / sd(outcome), variances divided by the total variance, residual
covariances by the
residual standard deviations, intercepts by the standard deviation. `all` standardizes every variable, `lv`
factors only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.structure.blocks import Cells
from pipeline.sem.structure.ram import Block, Implied
from pipeline.sem.table import ParameterTable, Row


@dataclass(frozen=True)
class Standardized:
    """A value and its derivatives by the free parameters (user's units) for every row of the table."""

    values: Array
    jacobian: Array


def standardize(solution: Solution, kind: str) -> Standardized:
    """Standardize all variables (kind 'all') or factors only ('lv')."""
    table, cells = solution.table, solution.problem.layout.cells
    group, free = np.array([row.group for row in table.rows]), list(table.free)
    values, unit = np.full(len(table.rows), np.nan), np.full(len(table.rows), np.nan)
    slopes = np.zeros((len(table.rows), len(free)))
    for g in range(len(table.groups)):
        at = np.flatnonzero(group == g + 1)
        own, some = _Group.of(solution, g, kind), cells.some(at)
        unit[at] = own.units(some)
        values[at] = own.values(some) * unit[at]
        slopes[at] = values[at, None] * own.log_slopes(some, len(free)) + own.following(some, at, table, unit)
    through, direct = slopes[free, np.arange(len(free))], np.where(_is_one(cells, kind), 0.0, unit)[free]
    total = through + direct
    rounding = np.abs(total) < 1e-14 * np.abs(direct)
    slopes[free, np.arange(len(free))] = np.where(rounding, 0.0, total)
    return Standardized(values, slopes * solution.factor)


def _is_one(cells: Cells, kind: str) -> Array:
    """Scales of ordered items are 1 where every variable is standardized."""
    return np.asarray((cells.matrix == "d") & (kind == "all"))


def standardized_values(solution: Solution, kind: str) -> Array:
    """Return the standardized values alone."""
    cells = solution.problem.layout.cells
    group, out = np.array([row.group for row in solution.table.rows]), np.full(len(cells.to), np.nan)
    for g in range(len(solution.table.groups)):
        at = np.flatnonzero(group == g + 1)
        own, some = _Group.of(solution, g, kind), cells.some(at)
        out[at] = own.values(some) * own.units(some)
    return out


def units(solution: Solution, rows: Sequence[Row], kind: str) -> Array:
    """Return what parameters in the user's units are multiplied with to standardize them."""
    cells, group = Cells.of(rows, solution.table.place), np.array([row.group for row in rows])
    out = np.full(len(rows), np.nan)
    for g in range(len(solution.table.groups)):
        at = np.flatnonzero(group == g + 1)
        out[at] = _Group.of(solution, g, kind).units(cells.some(at))
    return out * cells.factors(solution.scale)


@dataclass(frozen=True)
class _Group:
    """One group: matrices, standard deviations s of variables and d of residuals; which change."""

    block: Block
    implied: Implied
    part: slice
    B: Array
    S: Array
    m: Array
    s: Array
    d: Array
    rescaled: Array
    follow: Array
    thresholds: Array
    scales: Array

    @classmethod
    def of(cls, solution: Solution, g: int, kind: str) -> _Group:
        block, part = solution.problem.layout.blocks[g], solution.problem.layout.parts[g]
        implied, p = solution.state.implied[g], block.p
        B, S, m = solution.state.matrices(g)
        thresholds, scales = solution.state.responses_of(g)
        residual = np.diag(S)
        with np.errstate(invalid="ignore"):
            s, d = np.sqrt(np.diag(implied.E)), np.sqrt(np.where(residual > 0, residual, np.nan))
        if kind == "lv":
            s[:p] = d[:p] = 1 / solution.observed_scale
        rescaled = (np.arange(block.n) >= p) | (kind != "lv")
        scales = np.ones(len(scales)) if kind == "all" else scales
        follow = solution.state.variance_lines(g)
        return cls(block, implied, part, B, S, m, s, d, rescaled, follow, thresholds, scales)

    def _log_deviations(self, size: int) -> tuple[Array, Array]:
        """Return the derivatives of ln s and ln d by all free parameters."""
        log_s, log_d = np.zeros((self.block.n, size)), np.zeros((self.block.n, size))
        log_s[:, self.part] = variance_slopes(self.block, self.implied) + self.implied.A**2 @ self.follow
        i, j, k = self.block.symmetric
        log_d[i[i == j], self.part.start + k[i == j]] = 0.5
        log_d[:, self.part] += self.follow / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            log_s, log_d = log_s / (2 * self.s[:, None] ** 2), log_d / self.d[:, None] ** 2
        log_s[~self.rescaled] = log_d[~self.rescaled] = 0.0
        return log_s, log_d

    def values(self, cells: Cells) -> Array:
        """Return the parameters themselves, in the internal metric."""
        i, j = cells.to, np.where(cells.of_responses, cells.to, cells.source)
        out = np.where(
            cells.matrix == "B", self.B[i, j], np.where(cells.matrix == "S", self.S[i, j], self.m[i])
        )
        cut, scale = cells.matrix == "t", cells.matrix == "d"
        out[cut] = self.thresholds[i[cut], cells.source[cut]]
        out[scale] = self.scales[i[scale]]
        return out

    def following(self, cells: Cells, at: Array, table: ParameterTable, unit: Array) -> Array:
        """Return what residual variances that follow from the parameters add to their own slopes."""
        out = np.zeros((len(at), len(table.free)))
        derived = np.array([table.rows[row].derived for row in at]) & (cells.matrix == "S")
        out[derived, self.part] = unit[at[derived], None] * self.follow[cells.to[derived]]
        return out

    def units(self, cells: Cells) -> Array:
        """Return what the parameters are multiplied with."""
        i, j = cells.to, np.where(cells.of_responses, cells.to, cells.source)
        with np.errstate(invalid="ignore", divide="ignore"):
            residual = np.where(i == j, 1 / self.s[i] ** 2, 1 / (self.d[i] * self.d[j]))
            other = np.where(cells.matrix == "B", self.s[j] / self.s[i], 1 / self.s[i])
        other = np.where(cells.matrix == "d", 1.0, other)
        return np.where(cells.matrix == "S", residual, other)

    def log_slopes(self, cells: Cells, size: int) -> Array:
        """Return the derivatives of the logarithms of the units by all free parameters."""
        i, j = cells.to, cells.source
        log_s, log_d = self._log_deviations(size)
        out = -log_s[i]
        B, S = cells.matrix == "B", cells.matrix == "S"
        out[B] += log_s[j[B]]
        out[S & (i == j)] *= 2
        out[cells.matrix == "d"] = 0.0
        covariance = S & (i != j)
        out[covariance] = -(log_d[i[covariance]] + log_d[j[covariance]])
        return out


def variance_slopes(block: Block, implied: Implied) -> Array:
    """Return the derivatives of the total variances of all variables by the parameters of a block."""
    out = np.zeros((block.n, block.q))
    i, j, k = block.directed
    out[:, k] = 2 * implied.A[:, i] * implied.E[:, j]
    i, j, k = block.symmetric
    out[:, k] = 2 * implied.A[:, i] * implied.A[:, j] * np.where(i == j, 0.5, 1.0)
    return out


def r_squared(solution: Solution, g: int) -> dict[str, float]:
    """Return 1 - residual / total variance of every explained variable of a group."""
    names = solution.problem.layout.names
    S = solution.state.matrices(g)[1]
    total = np.diag(solution.state.implied[g].E)
    explained = {_target(row) for row in solution.table.rows if row.op in {"=~", "~"}}
    shares = 1 - np.diag(S) / total
    return {name: float(share) for name, share in zip(names, shares, strict=True) if name in explained}


def _target(row: Row) -> str:
    return row.rhs if row.op == "=~" else row.lhs
