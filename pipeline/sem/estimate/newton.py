"""Damped Fisher scoring that turns to Newton steps near the optimum.

Converged means that the Newton decrement g'H^-1 g, twice what a further step could gain, is below 1e-12
(Boyd & Vandenberghe, 2004, 9.5): a bound free of the units of parameters and data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from pipeline.sem.arrays import Array

TOLERANCE = 1e-12
_GOAL = 1e-18
_MAXIMUM = 300


class Place(Protocol):
    """A function at one point, with its derivatives."""

    @property
    def x(self) -> Array:
        """The point."""
        ...

    @property
    def value(self) -> float:
        """The function."""
        ...

    @property
    def gradient(self) -> Array:
        """Its gradient."""
        ...

    def fisher(self) -> Array:
        """Expected second derivatives: never indefinite."""
        ...

    def hessian(self) -> Array:
        """Second derivatives."""
        ...


P = TypeVar("P", bound=Place)
P_co = TypeVar("P_co", bound=Place, covariant=True)


class Objective(Protocol[P_co]):
    """What is minimised."""

    def at(self, x: Array) -> P_co:
        """Evaluate at x; raises LinAlgError outside the region where the function exists."""
        ...


@dataclass(frozen=True)
class Optimum(Generic[P]):
    """Where the optimiser stopped."""

    state: P
    decrement: float
    iterations: int

    @property
    def converged(self) -> bool:
        """Whether no further step can gain anything."""
        return self.decrement < TOLERANCE


def minimise(problem: Objective[P], start: Array) -> Optimum[P]:
    """Return the minimum reached from a start where the discrepancy is defined."""
    state, damping, decrement = problem.at(start), 0.0, np.inf
    for iteration in range(_MAXIMUM):
        if not len(start):
            return Optimum(state, 0.0, 0)
        step, decrement, curved = _direction(state, damping, near=decrement < 0.05)
        if decrement < _GOAL:
            return Optimum(state, decrement, iteration)
        moved, gain = _search(problem, state, step)
        if moved is None:
            if decrement < TOLERANCE or damping > 1e6:
                return Optimum(state, decrement, iteration)
            damping = max(10 * damping, 1e-4)
            continue
        small = gain < 0.25 and not curved
        damping = min(max(4 * damping, 1e-4), 1e3) if small else (0.0 if damping < 1e-5 else damping / 8)
        state = moved
    return Optimum(state, decrement, _MAXIMUM)


def _direction(state: Place, damping: float, near: bool) -> tuple[Array, float, bool]:
    """Return the step, the decrement g'H^-1 g and whether H holds the observed second derivatives."""
    g = state.gradient
    if near or damping > 0:
        H = state.hessian()
        step = _solve(H, g, damping)
        if step is not None:
            return step, float(-g @ step), True
    step = _solve(state.fisher(), g, damping)
    if step is None:
        step = -np.linalg.pinv(state.fisher()) @ g
    return step, float(-g @ step), False


def _solve(H: Array, g: Array, damping: float) -> Array | None:
    """Return -(H + damping diag H)^-1 g, or None where H is not positive definite."""
    from scipy.linalg import cho_factor, cho_solve

    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-300))
    normed = H * np.outer(scale, scale) + damping * np.eye(len(g))
    try:
        factor = cho_factor(normed, lower=True)
    except np.linalg.LinAlgError:
        return None
    step: Array = -scale * cho_solve(factor, scale * g)
    return step if np.isfinite(step).all() else None


def _search(problem: Objective[P], state: P, step: Array) -> tuple[P | None, float]:
    """Halve the step until the discrepancy falls (Armijo); return the new state and the share of the step."""
    slope = float(state.gradient @ step)
    share = 1.0
    while share > 1e-6:
        try:
            moved = problem.at(state.x + share * step)
            rounding = 4e-16 * max(1.0, abs(moved.value))
            if moved.value <= state.value + 1e-4 * share * slope + rounding:
                return moved, share
        except np.linalg.LinAlgError:
            pass
        share /= 2 if share > 0.2 else 4
    return None, 0.0
