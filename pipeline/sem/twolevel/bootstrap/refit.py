"""A two-level model's estimates in every resample: all together, then what is left one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.advance import Descent, Objective, descend
from pipeline.sem.bootstrap.dense import Dense
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.estimate.newton import minimise
from pipeline.sem.twolevel.bootstrap import incomplete, kernel
from pipeline.sem.twolevel.bootstrap.draws import Draws2, G, GroupDraws
from pipeline.sem.twolevel.bootstrap.incomplete import PatternDraws
from pipeline.sem.twolevel.bootstrap.kernel import Slopes2
from pipeline.sem.twolevel.bounded import Bounded
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.likelihood import Complete, CompletePoint
from pipeline.sem.twolevel.problem import Problem2, State2

_FIRST, _LIMIT = 12, 30
_SINGULAR = 1e-2
_STEP, _FLAT = 1e-5, 1e-8
Evaluate = Callable[[Array, Array, Array, G], Slopes2]


@dataclass(frozen=True)
class Refitter2:
    """The model and the full sample's solution, from which every resample starts."""

    solution: Solution2

    def __call__(self, draws: Draws2[GroupDraws]) -> Array:
        """Return the estimates of every resample in the internal metric, NaN where they did not converge."""
        descent = self._together(partial(self.objective, kernel.evaluate), draws)
        x = np.where(descent.converged[:, None], descent.x, np.nan)
        for draw in np.flatnonzero(~descent.converged):
            likelihoods = [Complete(group.moments(int(draw))) for group in draws.groups]
            x[draw] = self.alone(likelihoods, draws.shares[draw])
        return self.original(x)

    def incomplete(self, draws: Draws2[PatternDraws]) -> Array:
        """Return the same where answers are missing.

        There second derivatives are differences of gradients; a resample that is left descends again from
        where it stopped, with those taken there.
        """
        objective = partial(self.objective, incomplete.evaluate)
        descent = self._together(objective, draws)
        x = np.where(descent.converged[:, None], descent.x, np.nan)
        for draw in np.flatnonzero(~descent.converged & np.isfinite(descent.value)):
            x[draw] = _again(objective, draws, int(draw), descent.x[draw])
        return self.original(x)

    def _together(self, objective: Objective[Draws2[G]], draws: Draws2[G]) -> Descent:
        start = np.repeat(self.start[None], len(draws), axis=0)
        return descend(objective, draws, start, self.metric)

    def alone(self, likelihoods: list[Complete], shares: Array) -> Array:
        """Refit one resample by damped Newton steps; give up where F falls for ever.

        It does where the covariances of the largest cluster become singular on the way.
        """
        problem: Problem2 = replace(self.problem, likelihoods=tuple(likelihoods), shares=shares)
        lost = np.full(len(self.start), np.nan)
        try:
            optimum = minimise(problem.at(self.start), maximum=_FIRST)
            if not optimum.converged and not _runs_off(optimum.state):
                optimum = minimise(optimum.state, maximum=_LIMIT)
        except np.linalg.LinAlgError:
            return lost
        return optimum.state.x if optimum.converged else lost

    def original(self, x: Array) -> Array:
        """Return the model's own parameters in the internal metric."""
        reduction = self.problem.reduction
        theta: Array = x @ reduction.K.T + reduction.k
        return theta if self.bounded is None else self.bounded.original(theta)

    @property
    def bounded(self) -> Bounded | None:
        """The problem without negative between variances, where the fit is bounded."""
        return self.solution.bounded

    @property
    def problem(self) -> Problem2:
        """The problem that is solved in every resample."""
        return self.solution.problem if self.bounded is None else self.bounded.problem

    @cached_property
    def start(self) -> Array:
        """The full sample's estimate."""
        state = self.solution.state
        return state.x if self.bounded is None else self.bounded.start(state.theta)

    def objective(self, evaluate: Evaluate[G], x: Array, draws: Draws2[G]) -> tuple[Array, Array]:
        """Return F and its gradient by x of every resample."""
        problem, reduction = self.problem, self.problem.reduction
        theta = x @ reduction.K.T + reduction.k
        value, slopes, shares = np.zeros(len(x)), np.empty_like(theta), draws.shares
        with np.errstate(all="ignore"):
            for g, group in enumerate(draws.groups):
                own, slope = self._group(evaluate, theta, g, group)
                value += shares[:, g] * own
                slopes[:, problem.span(g)] = shares[:, g, None] * slope
        return value, slopes @ reduction.K

    def _group(self, evaluate: Evaluate[G], theta: Array, g: int, group: G) -> tuple[Array, Array]:
        """Return F and its gradient by the parameters of a group."""
        problem, place = self.problem, self.problem.place
        pair = [self.dense[2 * g], self.dense[2 * g + 1]]
        parts = [problem.parts[2 * g], problem.parts[2 * g + 1]]
        empty = GroupBatch((), np.zeros(0), np.zeros(0), np.zeros(0))
        within, between = (d.fill(theta[:, p], empty) for d, p in zip(pair, parts, strict=True))
        pw, pb = (d.block.p for d in pair)
        joint, mu = np.zeros((len(theta), place.size, place.size)), np.zeros((len(theta), place.size))
        at = place.between
        joint[:, at[:, None], at] = between.E[:, :pb, :pb]
        mu[:, at] = between.t[:, :pb]
        mu[:, place.within] += within.t[:, :pw]
        slopes = evaluate(within.E[:, :pw, :pw], joint, mu, group)
        first = pair[0].gradient(within, slopes.by_within, slopes.by_mu[:, place.within])
        second = pair[1].gradient(between, slopes.by_between[:, at[:, None], at], slopes.by_mu[:, at])
        return slopes.value, np.hstack([first, second])

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The structure of every block."""
        none: Index = np.zeros(0, dtype=np.intp)
        return tuple(Dense(block, none) for block in self.problem.blocks)

    @cached_property
    def metric(self) -> Array:
        """Inverse information of one row about x in the full sample."""
        state = self.problem.at(self.start)
        observed = state.hessian()
        smallest = np.linalg.eigvalsh(observed)[0] if len(observed) else 1.0
        inverse: Array = np.linalg.pinv(observed if smallest > 0 else state.fisher())
        return inverse


def _runs_off(state: State2) -> bool:
    return any(isinstance(point, CompletePoint) and point.margin < _SINGULAR for point in state.points)


def _again(objective: Objective[Draws2[G]], draws: Draws2[G], draw: int, x: Array) -> Array:
    """Descend again from x with the second derivatives found there; NaN where that fails too."""
    lost: Array = np.full(len(x), np.nan)
    metric = _inverse_curvature(objective, draws.keep(np.repeat(draw, 2 * len(x))), x)
    if metric is None:
        return lost
    descent = descend(objective, draws.keep(np.array([draw])), x[None], metric)
    return np.where(descent.converged[0], descent.x[0], lost)


def _inverse_curvature(objective: Objective[Draws2[G]], same: Draws2[G], x: Array) -> Array | None:
    """Inverse of the second derivatives at x by differences, negative ones turned; None where undefined."""
    steps = _STEP * np.eye(len(x))
    gradients = objective(np.vstack([x + steps, x - steps]), same)[1]
    if not np.isfinite(gradients).all():
        return None
    hessian = (gradients[: len(x)] - gradients[len(x) :]) / (2 * _STEP)
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    sizes = np.maximum(np.abs(values), _FLAT * np.abs(values).max())
    inverse: Array = (vectors / sizes) @ vectors.T
    return inverse
