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
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.incomplete import Incomplete, pattern_moments
from pipeline.sem.twolevel.likelihood import Complete
from pipeline.sem.twolevel.problem import Likelihood2, Problem2


@dataclass(frozen=True)
class Refitter2:
    """The model and the full sample's solution, from which every resample starts."""

    solution: Solution2

    def __call__(self, draws: Draws2) -> Array:
        """Return the estimates of every resample in the internal metric, NaN where they did not converge."""
        reduction = self.solution.problem.reduction
        start = np.repeat(self.solution.state.x[None], len(draws), axis=0)
        descent = descend(self.objective, draws, start, self.metric)
        x = np.where(descent.converged[:, None], descent.x, np.nan)
        for draw in np.flatnonzero(~descent.converged):
            likelihoods = [Complete(group.moments(int(draw))) for group in draws.groups]
            x[draw] = self.alone(likelihoods, draws.shares[draw])
        out: Array = x @ reduction.K.T + reduction.k
        return out

    def alone(self, likelihoods: list[Likelihood2] | list[Complete], shares: Array) -> Array:
        """Refit one resample by damped Newton steps from the full sample's estimate."""
        problem: Problem2 = replace(self.solution.problem, likelihoods=tuple(likelihoods), shares=shares)
        try:
            optimum = minimise(problem, self.solution.state.x)
        except np.linalg.LinAlgError:
            return np.full(len(self.solution.state.x), np.nan)
        return optimum.state.x if optimum.converged else np.full(len(optimum.state.x), np.nan)

    def incomplete(self, groups: list[ClusterRows]) -> Array:
        """Refit one resample of rows with missing answers; return its estimates in the internal metric."""
        scale = self.solution.sample.scale
        likelihoods: list[Likelihood2] = [Incomplete(pattern_moments(g).scaled(scale)) for g in groups]
        people = np.array([len(group.y) for group in groups], dtype=float)
        reduction = self.solution.problem.reduction
        return reduction.theta(self.alone(likelihoods, people / people.sum()))

    def objective(self, x: Array, draws: Draws2) -> tuple[Array, Array]:
        """Return F and its gradient by x of every resample."""
        problem, reduction = self.solution.problem, self.solution.problem.reduction
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
        problem, place = self.solution.problem, self.solution.problem.place
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
        return tuple(Dense(block, none) for block in self.solution.problem.blocks)

    @cached_property
    def metric(self) -> Array:
        """Inverse information of one row about x in the full sample."""
        state = self.solution.state
        observed = state.hessian()
        smallest = np.linalg.eigvalsh(observed)[0] if len(observed) else 1.0
        inverse: Array = np.linalg.pinv(observed if smallest > 0 else state.fisher())
        return inverse
