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
from pipeline.sem.structure.blocks import cell_of, factors
from pipeline.sem.structure.ram import Block, Implied
from pipeline.sem.table import Row


@dataclass(frozen=True)
class Standardized:
    """A value and its derivatives by the free parameters (user's units) for every row of the table."""

    values: Array
    jacobian: Array


def standardize(solution: Solution, kind: str) -> Standardized:
    """Standardize all variables (kind 'all') or factors only ('lv')."""
    table, place = solution.table, solution.table.place
    values, slopes = np.full(len(table.rows), np.nan), np.zeros((len(table.rows), len(table.free)))
    free = {row: column for column, row in enumerate(table.free)}
    groups = [_Group.of(solution, g, kind) for g in range(len(table.groups))]
    for at, row in enumerate(table.rows):
        group = groups[row.group - 1]
        values[at], own = group.standardize(*cell_of(row, place))
        slopes[at] = own
        if at in free and not (row.op == "~*~" and kind == "all"):
            slopes[at, free[at]] += group.unit(*cell_of(row, place))
        elif row.derived and row.op == "~~":
            slopes[at] += group.unit(*cell_of(row, place)) * group.residual[place[row.lhs]]
    return Standardized(values, slopes * solution.factor)


def units(solution: Solution, rows: Sequence[Row], kind: str) -> Array:
    """Return what parameters in the user's units are multiplied with to standardize them."""
    place = solution.table.place
    groups = [_Group.of(solution, g, kind) for g in range(len(solution.table.groups))]
    own = [groups[row.group - 1].unit(*cell_of(row, place)) for row in rows]
    out: Array = np.array(own) * factors(rows, place, solution.scale)
    return out


@dataclass(frozen=True)
class _Group:
    """Matrices of one group, standard deviations s, derivatives of ln s and of residual variances."""

    cells: dict[str, Array]
    s: Array
    log_s: Array
    residual: Array
    scale_residual: Array

    @classmethod
    def of(cls, solution: Solution, g: int, kind: str) -> _Group:
        block, part = solution.problem.layout.blocks[g], solution.problem.layout.parts[g]
        implied = solution.state.implied[g]
        B, S, m = solution.state.matrices(g)
        variances, slopes = np.diag(implied.E), np.zeros((block.n, len(solution.table.free)))
        follow = solution.state.variance_lines(g)
        slopes[:, part] = variance_slopes(block, implied) + implied.A**2 @ follow
        with np.errstate(invalid="ignore", divide="ignore"):
            s, log_s = np.sqrt(variances), slopes / (2 * variances[:, None])
        residual = np.zeros_like(slopes)
        i, j, k = block.symmetric
        residual[i[i == j], part.start + k[i == j]] = 1.0
        residual[:, part] += follow
        scaled = np.ones(block.n)
        if kind == "lv":
            s[: block.p], log_s[: block.p] = 1 / solution.observed_scale, 0.0
            scaled[: block.p] = 0.0
        thresholds, scales = solution.state.responses_of(g)
        if kind == "all":
            scales = np.ones(len(scales))
        cells = {"B": B, "S": S, "m": m[:, None], "t": thresholds, "d": scales[:, None]}
        return cls(cells, s, log_s, residual, scaled)

    def standardize(self, matrix: str, i: int, j: int) -> tuple[float, Array]:
        """Return the standardized value and the derivative through the standard deviations."""
        unit = self.unit(matrix, i, j)
        value = float(self.cells[matrix][i, 0 if matrix in {"m", "d"} else j]) * unit
        if matrix == "d":
            return value, np.zeros_like(self.log_s[i])
        if matrix == "B":
            return value, value * (self.log_s[j] - self.log_s[i])
        if matrix in {"m", "t"}:
            return value, -value * self.log_s[i]
        if i == j:
            return value, -2 * value * self.log_s[i]
        return value, -value / 2 * (self._log_residual(i) + self._log_residual(j))

    def unit(self, matrix: str, i: int, j: int) -> float:
        """Return what the parameter is multiplied with."""
        if matrix == "B":
            return float(self.s[j] / self.s[i])
        if matrix == "d":
            return 1.0
        if matrix in {"m", "t"}:
            return float(1 / self.s[i])
        if i == j:
            return float(1 / self.s[i] ** 2)
        return 1 / (self._residual_deviation(i) * self._residual_deviation(j))

    def _residual_deviation(self, i: int) -> float:
        if not self.scale_residual[i]:
            return float(self.s[i])
        variance = float(self.cells["S"][i, i])
        return float(np.sqrt(variance)) if variance > 0 else float("nan")

    def _log_residual(self, i: int) -> Array:
        if not self.scale_residual[i]:
            return np.zeros_like(self.residual[i])
        variance = float(self.cells["S"][i, i])
        out: Array = self.residual[i] / variance if variance > 0 else self.residual[i] * np.nan
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
