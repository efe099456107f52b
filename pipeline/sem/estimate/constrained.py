"""Nonlinear equality constraints, as a*b == 0: Newton-Lagrange steps with a merit function.

At each step the constraints c(x) = 0 are linearized and the Lagrangian's second derivatives used,
    [H J'; J 0] [d; l] = -[g; c]   (Nocedal & Wright, 2006, 18.1).
At the solution the constraints' tangent space takes the place of the linear constraints, so that errors and
tests know of them (Aitchison & Silvey, 1958).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.newton import Optimum, minimise
from pipeline.sem.estimate.problem import State
from pipeline.sem.structure.constraints import NonlinearConstraints, Reduction

_MAXIMUM = 200
_GOAL = 1e-18


def minimise_constrained(state: State, constraints: NonlinearConstraints) -> Optimum[State]:
    """Return the constrained minimum; its problem carries the tangent space as its reduction."""
    weight = 1.0
    for iteration in range(_MAXIMUM):
        c, J = _linearized(state, constraints)
        step, multipliers = _step(state, constraints, c, J)
        decrement = float(step @ state.fisher() @ step)
        if decrement < _GOAL and np.abs(c).max() < 1e-10:
            return _finish(state, J, decrement, iteration)
        weight = max(weight, 2 * float(np.abs(multipliers).max()))
        moved = _search(state, step, constraints, weight)
        if moved is None:
            break
        state = moved
    c, J = _linearized(state, constraints)
    if np.abs(c).max() > 1e-6:
        raise ModelError("the nonlinear == constraints could not be met; give start values that satisfy them")
    return _finish(state, J, np.inf, _MAXIMUM)


def _linearized(state: State, constraints: NonlinearConstraints) -> tuple[Array, Array]:
    K = state.problem.reduction.K
    return constraints.values(state.theta), constraints.jacobian(state.theta) @ K


def _step(state: State, constraints: NonlinearConstraints, c: Array, J: Array) -> tuple[Array, Array]:
    from scipy.linalg import null_space

    K = state.problem.reduction.K
    fisher, g = state.fisher(), state.gradient
    first = np.linalg.lstsq(J.T, -g, rcond=None)[0]
    bent = K.T @ constraints.curvature(state.theta, first) @ K
    tangent = null_space(J)
    for H in (state.hessian() + bent, fisher + bent, fisher):
        if not tangent.size or np.linalg.eigvalsh(tangent.T @ H @ tangent)[0] > 1e-10:
            break
    size = len(c)
    system = np.block([[H, J.T], [J, np.zeros((size, size))]])
    out = np.linalg.lstsq(system, -np.concatenate([g, c]), rcond=None)[0]
    return out[: len(g)], out[len(g) :]


def _search(state: State, step: Array, constraints: NonlinearConstraints, weight: float) -> State | None:
    """Halve the step until F + weight |c| falls."""
    merit = state.value + weight * float(np.abs(constraints.values(state.theta)).sum())
    share = 1.0
    while share > 1e-8:
        try:
            moved = state.problem.at(state.x + share * step)
            own = moved.value + weight * float(np.abs(constraints.values(moved.theta)).sum())
            if own <= merit + 1e-15 * max(1.0, abs(merit)):
                return moved
        except np.linalg.LinAlgError:
            pass
        share /= 2
    return None


def _finish(state: State, J: Array, decrement: float, iterations: int) -> Optimum[State]:
    from scipy.linalg import null_space

    problem = state.problem
    tangent = problem.reduction.K @ null_space(J)
    R = np.vstack([problem.reduction.R, J @ np.linalg.pinv(problem.reduction.K)])
    flat = replace(problem, reduction=Reduction(tangent, state.theta, R))
    if np.isfinite(decrement):
        return Optimum(flat.at(np.zeros(tangent.shape[1])), decrement, iterations)
    return minimise(flat.at(np.zeros(tangent.shape[1])))
