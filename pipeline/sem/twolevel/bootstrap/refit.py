"""A two-level model's estimates in every resample: all together, then what is left one at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.advance import descend
from pipeline.sem.bootstrap.dense import Dense
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.estimate.newton import minimise
from pipeline.sem.twolevel.bootstrap.draws import Draws2, GroupDraws
from pipeline.sem.twolevel.bootstrap.kernel import evaluate
from pipeline.sem.twolevel.bounded import Bounded
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.incomplete import Incomplete, pattern_moments
from pipeline.sem.twolevel.likelihood import Complete, CompletePoint
from pipeline.sem.twolevel.problem import Likelihood2, Problem2, State2

_FIRST, _LIMIT = 12, 30
_SINGULAR = 1e-2


@dataclass(frozen=True)
class Refitter2:
    """The model and the full sample's solution, from which every resample starts."""

    solution: Solution2

    def __call__(self, draws: Draws2) -> Array:
        """Return the estimates of every resample in the internal metric, NaN where they did not converge."""
        start = np.repeat(self.start[None], len(draws), axis=0)
        descent = descend(self.objective, draws, start, self.metric)
        x = np.where(descent.converged[:, None], descent.x, np.nan)
        for draw in np.flatnonzero(~descent.converged):
            likelihoods = [Complete(group.moments(int(draw))) for group in draws.groups]
            x[draw] = self.alone(likelihoods, draws.shares[draw])
        return self.original(x)

    def alone(self, likelihoods: list[Likelihood2] | list[Complete], shares: Array) -> Array:
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

    def incomplete(self, groups: list[ClusterRows]) -> Array:
        """Refit one resample of rows with missing answers; return its estimates in the internal metric."""
        scale = self.solution.sample.scale
        likelihoods: list[Likelihood2] = [Incomplete(pattern_moments(g).scaled(scale)) for g in groups]
        people = np.array([len(group.y) for group in groups], dtype=float)
        return self.original(self.alone(likelihoods, people / people.sum()))

    def objective(self, x: Array, draws: Draws2) -> tuple[Array, Array]:
        """Return F and its gradient by x of every resample."""
        problem, reduction = self.problem, self.problem.reduction
        theta = x @ reduction.K.T + reduction.k
        value, slopes, shares = np.zeros(len(x)), np.empty_like(theta), draws.shares
        with np.errstate(all="ignore"):
            for g, group in enumerate(draws.groups):
                own, slope = self._group(theta, g, group)
                value += shares[:, g] * own
                slopes[:, problem.span(g)] = shares[:, g, None] * slope
        return value, slopes @ reduction.K

    def _group(self, theta: Array, g: int, group: GroupDraws) -> tuple[Array, Array]:
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
