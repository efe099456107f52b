"""From a two-level table and its clusters to a solution, in a metric where units do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, as_float
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.estimate.start import start_values
from pipeline.sem.structure.blocks import factors, lay_out
from pipeline.sem.structure.constraints import reduction, scaled
from pipeline.sem.structure.ram import Block
from pipeline.sem.structure.scale import metric
from pipeline.sem.twolevel.bounded import BETWEEN_VARIANCES, Bounded, bounded, optimise_bounded
from pipeline.sem.twolevel.problem import Place2, Problem2, State2
from pipeline.sem.twolevel.quasi import optimise
from pipeline.sem.twolevel.sample import Sample2
from pipeline.sem.twolevel.table import LeveledTable


@dataclass(frozen=True)
class Solution2:
    """An optimum with its way back to the user's units: theta_user = theta / factor.

    With `bounded` between variances, those at the places `held` among the free rows rest at zero.
    """

    table: LeveledTable
    sample: Sample2
    optimum: Optimum[State2]
    scales: tuple[Array, ...]
    factor: Array
    bounded: Bounded | None = None
    held: tuple[int, ...] = ()

    @property
    def state(self) -> State2:
        """The problem at the optimum, in the internal metric."""
        return self.optimum.state

    @property
    def problem(self) -> Problem2:
        """The problem, in the internal metric."""
        return self.optimum.state.problem

    @cached_property
    def theta(self) -> Array:
        """Estimates of the free rows in the user's units."""
        return self.state.theta / self.factor

    @property
    def bounds(self) -> str:
        """Which variances cannot be negative."""
        return "none" if self.bounded is None else BETWEEN_VARIANCES

    @property
    def npar(self) -> int:
        """Number of parameters after equality constraints; a bound that is met takes none away."""
        return int(self.problem.reduction.K.shape[1]) + len(self.held)

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.table.number_of_moments - self.npar

    @cached_property
    def logl(self) -> float:
        """Log-likelihood of the data in the user's units."""
        return self.sample.loglik(self.state)


def place_of(table: LeveledTable) -> Place2:
    """Return where the variables of both levels stand in the joint order."""
    joint = table.joint
    within, between = (
        np.array([joint.index(name) for name in level.observed], dtype=np.intp)
        for level in (table.within, table.between)
    )
    return Place2(within, between, len(joint))


def prepare(table: LeveledTable, sample: Sample2) -> tuple[Problem2, tuple[Array, ...], Array]:
    """Return the problem in the internal metric, the scale of each block's variables, the factors."""
    known = dict(zip(table.joint, sample.scale.tolist(), strict=True))
    blocks: list[Block] = []
    parts: list[slice] = []
    scales: list[Array] = []
    multipliers = []
    start = 0
    for view in table.blocks:
        scale = metric(view, as_float([known[name] for name in view.observed]))
        p = len(view.observed)
        layout = lay_out(view, [np.eye(p)], [np.zeros(p)], scale)
        blocks.append(layout.blocks[0])
        parts.append(slice(start, start + layout.blocks[0].q))
        start = parts[-1].stop
        scales.append(scale)
        multipliers.append(factors(view.free_rows, view.place, scale))
    factor = np.concatenate(multipliers)
    tied = scaled(reduction(table.whole), factor)
    problem = Problem2(
        tuple(blocks), tuple(parts), place_of(table), sample.likelihoods, sample.shares, tied
    )  # fmt: skip
    return problem, tuple(scales), factor


def solve(table: LeveledTable, sample: Sample2, bounds: str = "none") -> Solution2:
    """Estimate a table; with bounds 'between' no between variance falls below zero (twolevel.bounded)."""
    problem, scales, factor = prepare(table, sample)
    first = admissible(problem, starts(table, sample, scales))
    if bounds == "none":
        return Solution2(table, sample, optimise(problem, first), scales, factor)
    optimum, held = optimise_bounded(problem, first)
    return Solution2(table, sample, optimum, scales, factor, bounded(problem), tuple(held.tolist()))


def starts(table: LeveledTable, sample: Sample2, scales: Sequence[Array]) -> Array:
    """Return a start for every free row, in the internal metric: each level from its own moments."""
    out = []
    for b, (view, scale) in enumerate(zip(table.blocks, scales, strict=True)):
        covariance, mean = sample.first_moments(b // 2, b % 2, view.observed)
        out.append(start_values(view, [covariance], [mean], scale))
    return np.concatenate(out)


def admissible(problem: Problem2, theta: Array) -> Array:
    """Shrink covariances and paths of a start until every cluster's covariances are positive definite."""
    diagonal = np.zeros(len(theta), dtype=bool)
    for block, part in zip(problem.blocks, problem.parts, strict=True):
        i, j, k = block.symmetric
        diagonal[np.arange(part.start, part.stop)[k[i == j]]] = True
        diagonal[np.arange(part.start, part.stop)[block.mean[2]]] = True
    for share in (1.0, 0.7, 0.4, 0.2, 0.05, 0.0):
        x = problem.reduction.reduce(np.where(diagonal, theta, theta * share))
        if np.isfinite(problem.value(x)):
            return x
    raise DataError(
        "no start value gives positive definite covariances; check fixed values and start() in the model"
    )
