"""Quasi-Newton descent where second derivatives are dear: answers are missing, and each one is a difference.

L-BFGS (bootstrap.advance, with one sample in the place of many) from the inverse of the information that
complete answers would give; the information is renewed where the descent is long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.advance import descend
from pipeline.sem.estimate.newton import TOLERANCE, Optimum, minimise
from pipeline.sem.twolevel.incomplete import Incomplete
from pipeline.sem.twolevel.problem import Problem2, State2

_ROUNDS = 6


@dataclass(frozen=True)
class _Sample:
    """The data themselves: nothing to choose from."""

    def keep(self, draws: Array) -> _Sample:
        """Return the data."""
        del draws
        return self


def optimise(problem: Problem2, start: Array) -> Optimum[State2]:
    """Return the minimum reached from a start where the discrepancy is defined."""
    if not any(isinstance(likelihood, Incomplete) for likelihood in problem.likelihoods):
        return minimise(problem.at(start))
    x = start
    for _ in range(_ROUNDS):
        descent = descend(_objective(problem), _Sample(), x[None], np.linalg.pinv(problem.at(x).fisher()))
        x = descent.x[0]
        if descent.converged[0]:
            return Optimum(problem.at(x), TOLERANCE / 2, 0)
    return minimise(problem.at(x))


def _objective(problem: Problem2) -> Callable[[Array, _Sample], tuple[Array, Array]]:
    """Return F and its gradient, infinite where F is not defined."""

    def evaluate(x: Array, sample: _Sample) -> tuple[Array, Array]:
        del sample
        try:
            state = problem.at(x[0])
        except np.linalg.LinAlgError:
            return np.full(1, np.inf), np.zeros_like(x)
        return np.array([state.value]), state.gradient[None]

    return evaluate
