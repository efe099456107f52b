"""Damped Fisher scoring that turns to Newton steps near the optimum.

Converged means that the Newton decrement g'H^-1 g, twice what a further step could gain, is below 1e-12
(Boyd & Vandenberghe, 2004, 9.5): a bound free of the units of parameters and data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from pipeline.sem.arrays import Array

TOLERANCE = 1e-12
_GOAL = 1e-16
_FLAT = 1e-15
_NOISE = 1e-13
_CHORD = 1e-6
_MAXIMUM = 150


class Place(Protocol):
    """A function at one point, with its derivatives."""

    @property
    def problem(self) -> Objective[Self]:
        """The function."""
        ...

    @property
    def x(self) -> Array:
        """The point."""
        ...

    @property
    def value(self) -> float:
        """Its value."""
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


def minimise(state: P, maximum: int = _MAXIMUM) -> Optimum[P]:
    """Return the minimum reached from a start where the discrepancy is defined."""
    damping, decrement = 0.0, np.inf
    curvature: _Curvature | None = None
    for iteration in range(maximum):
        if not len(state.x) or np.abs(state.gradient).max() < _FLAT:
            return Optimum(state, 0.0, iteration)
        if curvature is None or not (curvature.observed and decrement < _CHORD):
            curvature = _curvature(state, damping, near=decrement < 0.05)
        step, before = curvature.step(state.gradient), decrement
        decrement = float(-state.gradient @ step)
        if decrement < _GOAL or (curvature.observed and before / 4 < decrement < TOLERANCE):
            return Optimum(state, decrement, iteration)
        moved, gain = _search(state, step)
        if moved is None:
            if decrement < TOLERANCE or damping > 1e6:
                return Optimum(state, decrement, iteration)
            damping, curvature = max(10 * damping, 1e-4), None
            continue
        small = gain < 0.25 and not curvature.observed
        if gain < 1:
            curvature = None
        damping = min(max(4 * damping, 1e-4), 1e3) if small else (0.0 if damping < 1e-5 else damping / 8)
        state = moved
    return Optimum(state, decrement, maximum)


@dataclass(frozen=True)
class _Curvature:
    """A factored matrix of second derivatives; `observed` ones serve for the last, tiny steps too."""

    factor: Array | None
    scale: Array
    inverse: Array | None
    observed: bool

    def step(self, gradient: Array) -> Array:
        """Return -H^-1 g."""
        from scipy.linalg.lapack import dpotrs

        if self.factor is None:
            assert self.inverse is not None
            return -self.inverse @ gradient
        out: Array = -self.scale * dpotrs(self.factor, self.scale * gradient, lower=1)[0]
        return out


def _curvature(state: Place, damping: float, near: bool) -> _Curvature:
    """Factor the Hessian near the optimum or under damping, else (or if indefinite) Fisher's matrix."""
    if near or damping > 0:
        observed = _factored(state.hessian(), damping, observed=True)
        if observed is not None:
            return observed
    fisher = state.fisher()
    expected = _factored(fisher, damping, observed=False)
    if expected is not None:
        return expected
    return _Curvature(None, np.ones(len(fisher)), np.linalg.pinv(fisher), observed=False)


def _factored(H: Array, damping: float, observed: bool) -> _Curvature | None:
    """Factor H + damping diag H, or return None where it is not positive definite."""
    from scipy.linalg.lapack import dpotrf

    scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-300))
    normed = H * (scale[:, None] * scale)
    if damping:
        normed[np.diag_indices(len(H))] += damping
    if not np.isfinite(normed).all():
        return None
    factor, failed = dpotrf(normed, lower=1)
    return None if failed else _Curvature(factor, scale, None, observed)


def _search(state: P, step: Array) -> tuple[P | None, float]:
    """Halve the step until the discrepancy falls (Armijo); return the new state and the share of the step.

    Gains below the rounding of the discrepancy, a sum of some hundred terms, cannot be seen and count as met.
    """
    slope = float(state.gradient @ step)
    share = 1.0
    while share > 1e-6:
        try:
            moved = state.problem.at(state.x + share * step)
            rounding = _NOISE * max(1.0, abs(moved.value))
            if moved.value <= state.value + 1e-4 * share * slope + rounding:
                return moved, share
        except np.linalg.LinAlgError:
            pass
        share /= 2 if share > 0.2 else 4
    return None, 0.0
