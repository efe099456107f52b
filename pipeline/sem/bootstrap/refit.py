"""A model's estimates in every resample of a batch: fast kernel, general kernel, one at a time.

The first two advance all resamples together (maximum likelihood); what they leave unfinished goes through the
core's damped Newton method. Least squares has no batched kernel and is refitted draw by draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.advance import descend
from pipeline.sem.bootstrap.dense import Dense
from pipeline.sem.bootstrap.factor import Factor, has_factor_structure
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant
from pipeline.sem.bootstrap.moments import Batch, GroupBatch
from pipeline.sem.estimate.newton import minimise
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.problem import Problem
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.structure.ram import Block


class Kernel(Protocol):
    """F and its gradient for one group of every resample."""

    def __call__(self, theta: Array, group: GroupBatch) -> tuple[Array, Array]:
        """Evaluate at the parameters of the group."""
        ...


Kernels = tuple[Kernel, ...]


@dataclass(frozen=True)
class Refits:
    """Estimates in the internal metric, F (without its constant), and whether each draw converged."""

    theta: Array
    value: Array
    converged: Array


@dataclass(frozen=True)
class Refitter:
    """The model and the full sample's solution, from which every resample starts."""

    solution: Solution

    def __call__(self, batch: Batch) -> Refits:
        """Return the estimates of every resample."""
        reduction = self.solution.problem.reduction
        x = np.repeat(self.solution.state.x[None], len(batch), axis=0)
        value, converged = np.full(len(batch), np.nan), np.zeros(len(batch), dtype=bool)
        possible = _positive_definite(batch)
        for groups in self.kernels:
            todo = np.flatnonzero(possible & ~converged)
            if len(todo):
                descent = descend(self.objective(groups), batch.keep(todo), x[todo], self.metric)
                x[todo], value[todo], converged[todo] = descent.x, descent.value, descent.converged
        for draw in np.flatnonzero(possible & ~converged):
            x[draw], value[draw], converged[draw] = self._newton(batch.keep(np.array([draw])))
        return Refits(x @ reduction.K.T + reduction.k, value, converged)

    @property
    def kernels(self) -> tuple[Kernels, ...]:
        """The kernels to try, one after the other."""
        return (self.dense,) if self.factors is None else (self.factors, self.dense)

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The general kernel of every group."""
        exogenous = np.array(self.solution.exogenous, dtype=np.intp)
        return tuple(Dense(block, exogenous) for block in self.solution.problem.layout.blocks)

    @cached_property
    def factors(self) -> tuple[Factor, ...] | None:
        """The fast kernel of every group, where all answers are there and every group is made for it."""
        complete = all(group.complete for group in self.solution.sample.groups)
        if not complete or not all(has_factor_structure(dense) for dense in self.dense):
            return None
        return tuple(Factor(dense.block) for dense in self.dense)

    @cached_property
    def metric(self) -> Array:
        """Inverse information of one observation about x in the full sample."""
        state = self.solution.state
        observed = state.hessian()
        smallest = np.linalg.eigvalsh(observed)[0] if len(observed) else 1.0
        inverse: Array = np.linalg.pinv(observed if smallest > 0 else state.fisher())
        return inverse

    def objective(self, kernels: Kernels) -> _Objective:
        """Return F of all groups by x, computed by the given kernels."""
        return _Objective(self.solution.problem, kernels)

    def alone(self, batch: Batch) -> Problem:
        """Return the only draw of a batch as a problem of the core."""
        problem = self.solution.problem
        blocks = tuple(_own_block(d, g) for d, g in zip(self.dense, batch.groups, strict=True))
        parts = tuple(_discrepancy(d.block, g) for d, g in zip(self.dense, batch.groups, strict=True))
        return Problem(replace(problem.layout, blocks=blocks), parts, batch.shares[0], problem.reduction)

    def _newton(self, batch: Batch) -> tuple[Array, float, bool]:
        """Refit one draw by damped Newton steps; none is found where no moments are implied."""
        start = self.solution.state.x
        try:
            optimum = minimise(self.alone(batch).at(start))
        except np.linalg.LinAlgError:
            return start, np.nan, False
        return optimum.state.x, optimum.state.value, optimum.converged


@dataclass(frozen=True)
class _Objective:
    """F of all groups by the unconstrained parameters x."""

    problem: Problem
    kernels: Kernels

    def __call__(self, x: Array, batch: Batch) -> tuple[Array, Array]:
        problem, reduction = self.problem, self.problem.reduction
        theta = x if reduction.none else x @ reduction.K.T + reduction.k
        value, slopes = np.zeros(len(x)), np.empty_like(theta)
        with np.errstate(all="ignore"):
            for g, (kernel, part) in enumerate(zip(self.kernels, problem.layout.parts, strict=True)):
                own, slope = kernel(theta[:, part], batch.groups[g])
                value += batch.shares[:, g] * own
                slopes[:, part] = batch.shares[:, g, None] * slope
        return value, slopes if reduction.none else slopes @ reduction.K


def _positive_definite(batch: Batch) -> Array:
    """Draws whose complete covariances are positive definite; incomplete ones are left to the optimiser."""
    out = np.ones(len(batch), dtype=bool)
    for group in batch.groups:
        if len(group.patterns) == 1:
            S = group.patterns[0].covariance
            out &= np.isfinite(inverse_and_log_determinant(S - 1e-10 * np.eye(S.shape[1]))[1])
    return out


def _own_block(dense: Dense, group: GroupBatch) -> Block:
    """Return a group's block with the exogenous moments of its only draw."""
    S, m, at = dense.block.S.copy(), dense.block.m.copy(), dense.exogenous
    S[at[:, None], at] = group.exogenous_covariance[0]
    if dense.block.meanstructure:
        m[at] = group.exogenous_mean[0]
    return replace(dense.block, S=S, m=m)


def _discrepancy(block: Block, group: GroupBatch) -> Normal:
    """Return the likelihood of a group's only draw in the core's terms."""
    drawn = [pattern for pattern in group.patterns if pattern.share[0] > 0]
    masks = np.zeros((len(drawn), block.p))
    means, covariances = np.zeros_like(masks), np.zeros((len(drawn), block.p, block.p))
    for k, pattern in enumerate(drawn):
        at = pattern.columns
        masks[k, at], means[k, at] = 1.0, pattern.mean[0]
        covariances[k, at[:, None], at] = pattern.covariance[0]
    shares = np.array([pattern.share[0] for pattern in drawn])
    return Normal(masks, shares, means, covariances, block.meanstructure)
