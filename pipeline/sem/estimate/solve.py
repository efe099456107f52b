"""From a table and a sample to a solution: the internal metric, the discrepancy, the optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, positive_inverse, vech
from pipeline.sem.data import Rows
from pipeline.sem.data.gamma import gamma
from pipeline.sem.data.sample import Sample
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.constrained import minimise_constrained
from pipeline.sem.estimate.discrepancy import Discrepancy
from pipeline.sem.estimate.newton import Optimum, minimise
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.problem import Problem, State
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.start import cautious_starts, start_values
from pipeline.sem.estimate.weights import Expected, Given, Unit, Weights
from pipeline.sem.options import Method
from pipeline.sem.ordinal.sample import OrdinalSample, ordinal_problem, ordinal_start
from pipeline.sem.structure.blocks import lay_out
from pipeline.sem.structure.constraints import nonlinear_constraints, reduction, scaled
from pipeline.sem.structure.scale import metric
from pipeline.sem.table import ParameterTable


@dataclass(frozen=True)
class Solution:
    """An optimum with its way back to the user's units: theta_user = theta / factor."""

    table: ParameterTable
    sample: Sample
    optimum: Optimum[State]
    scale: Array
    factor: Array

    @property
    def state(self) -> State:
        """The problem at the optimum, in the internal metric."""
        return self.optimum.state

    @property
    def problem(self) -> Problem:
        """The problem, in the internal metric."""
        return self.optimum.state.problem

    @cached_property
    def theta(self) -> Array:
        """Estimates of the free rows in the user's units."""
        return self.state.theta / self.factor

    @property
    def npar(self) -> int:
        """Number of parameters after equality constraints."""
        return int(self.problem.reduction.K.shape[1])

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.table.number_of_moments - self.npar

    @property
    def exogenous(self) -> list[int]:
        """Columns of the fixed exogenous variables."""
        return [self.table.observed.index(name) for name in self.table.exogenous]

    @property
    def observed_scale(self) -> Array:
        """Scale of the observed variables."""
        return self.scale[: len(self.table.observed)]


def prepare(
    table: ParameterTable, sample: Sample, method: Method, rows: Rows | None
) -> tuple[Problem, Array, Array]:
    """Return the problem in the internal metric, the variables' scale and the parameters' factors."""
    deviations = np.ones(len(table.observed)) if method.discrepancy == "ULS" else sample.deviations
    scale = metric(table, deviations)
    layout = lay_out(table, sample.covariances, sample.means, scale)
    factor = layout.cells.some(np.array(table.free, dtype=np.intp)).factors(scale)
    tied = scaled(reduction(table), factor)
    if isinstance(sample, OrdinalSample):
        return ordinal_problem(table, sample, method, layout, tied=tied, scale=scale), scale, factor
    parts = discrepancies(table, sample, method, rows, scale[: len(table.observed)])
    return Problem(layout, tuple(parts), sample.shares, tied), scale, factor


def solve(
    table: ParameterTable,
    sample: Sample,
    method: Method,
    rows: Rows | None = None,
    start: Array | None = None,
) -> Solution:
    """Estimate a table; start holds values of the free rows in the user's units."""
    problem, scale, factor = prepare(table, sample, method, rows)
    first = start * factor if start is not None else starting_point(table, sample, scale)
    state = admissible_start(problem, first)
    return Solution(table, sample, optimise(state, table, first, factor), scale, factor)


def optimise(state: State, table: ParameterTable, start: Array, factor: Array) -> Optimum[State]:
    """Minimise from the state at a start, under nonlinear constraints where there are any.

    Where the discrepancy falls for ever in some direction, other starts may lead to a minimum.
    """
    curved = nonlinear_constraints(table, factor)
    if curved is not None:
        return minimise_constrained(state, curved)
    first = minimise(state)
    if first.converged:
        return first
    for other in cautious_starts(table, start):
        again = minimise(admissible_start(state.problem, other))
        if again.converged:
            return again
    return first


def starting_point(table: ParameterTable, sample: Sample, scale: Array) -> Array:
    """Return a start for every free row, in the internal metric."""
    if isinstance(sample, OrdinalSample):
        return ordinal_start(table, sample, scale)
    return start_values(table, sample.covariances, sample.means, scale)


def admissible_start(problem: Problem, theta: Array) -> State:
    """Shrink covariances and paths of a start until the implied covariances are positive definite."""
    state = problem.defined_at(problem.reduction.reduce(theta))
    if state is not None:
        return state
    keep = np.zeros(len(theta), dtype=bool)
    for block, part in zip(problem.layout.blocks, problem.layout.parts, strict=True):
        i, j, k = block.symmetric
        keep[np.arange(part.start, part.stop)[k[i == j]]] = True
        keep[np.arange(part.start, part.stop)[block.mean[2]]] = True
    for share in (0.7, 0.4, 0.2, 0.05, 0.0):
        shrunk = np.where(keep, np.where(share < 0.5, theta * 1.0, theta), theta * share)
        state = problem.defined_at(problem.reduction.reduce(shrunk))
        if state is not None:
            return state
    raise DataError(
        "no start value gives positive definite covariances; check fixed values and start() in the model"
    )


def discrepancies(
    table: ParameterTable, sample: Sample, method: Method, rows: Rows | None, scale: Array
) -> Sequence[Discrepancy]:
    """Return the discrepancy of each group in the metric y / scale."""
    if method.discrepancy == "ML":
        return [_normal(table, sample, g, scale) for g in range(len(sample.groups))]
    out = []
    outer = np.outer(scale, scale)
    for g in range(len(sample.groups)):
        S, mean = sample.covariances[g] / outer, sample.means[g] / scale
        moments = np.concatenate([mean, vech(S)]) if table.meanstructure else vech(S)
        if method.discrepancy in {"WLS", "DWLS"}:
            V = _adf_weights(table, rows, g, scale, diagonal=method.discrepancy == "DWLS")
            weights: Weights = Given(V, table.meanstructure)
        elif method.discrepancy == "ULS":
            weights = Unit(len(S), table.meanstructure)
        else:
            weights = Expected(positive_inverse(S)[0], table.meanstructure)
        out.append(Quadratic(moments, weights, table.meanstructure))
    return out


def _normal(table: ParameterTable, sample: Sample, g: int, scale: Array) -> Normal:
    group, outer = sample.groups[g], np.outer(scale, scale)
    fractions = group.weights / group.weights.sum()
    covariances = group.covariances / outer
    if sample.unbiased:
        covariances = covariances * (group.count / (group.count - 1))
    plain = Normal(group.masks, fractions, group.means / scale, covariances, meanstructure=True)
    constant = plain.at_moments(sample.covariances[g] / outer, sample.means[g] / scale).value
    return Normal(group.masks, fractions, group.means / scale, covariances, table.meanstructure, constant)


def _adf_weights(table: ParameterTable, rows: Rows | None, g: int, scale: Array, diagonal: bool) -> Array:
    if rows is None:
        raise DataError("WLS and DWLS need the rows of the data, not only their Moments")
    values = rows.groups[g].values / scale
    exogenous = [table.observed.index(name) for name in table.exogenous]
    G = gamma(values, table.meanstructure, exogenous)
    if diagonal:
        return 1 / np.diag(G)
    if len(values) <= len(G):
        raise DataError(
            f"WLS inverts a {len(G)} x {len(G)} matrix and needs more rows than that (there are "
            f"{len(values)}); "
            "use MLR, or ULSM"
        )
    return np.linalg.inv(G)
