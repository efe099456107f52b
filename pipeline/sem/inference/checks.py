"""What is wrong with a solution, in words: the parameter, and what to try."""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.newton import TOLERANCE
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import weak_direction
from pipeline.sem.wording import bounded


def warnings_of(solution: Solution, information: Array, dropped: int, missing: str) -> tuple[str, ...]:
    """Return everything a researcher should know about a solution."""
    out = list(_convergence(solution))
    out += _weak(solution, information)
    for g, label in enumerate(solution.table.groups):
        where = f" in group '{label}'" if label else ""
        out += _heywood(solution, g, where)
        out += _factor_covariances(solution, g, where)
        out += _residual_covariances(solution, g, where)
    if dropped:
        reason = (
            "with a missing value"
            if missing == "listwise"
            else "without any answer, or without a fixed covariate,"
        )
        out.append(f"{dropped} row(s) {reason} were left out of {solution.sample.total + dropped}")
    return tuple(out)


def _convergence(solution: Solution) -> list[str]:
    if solution.optimum.converged:
        return []
    largest = solution.table.free_rows[int(np.abs(solution.state.theta).argmax())].text
    return [
        f"the estimates did not converge in {solution.optimum.iterations} iterations (decrement "
        f"{solution.optimum.decrement:.1e}, wanted {TOLERANCE:.0e}); '{largest}' went furthest, perhaps "
        "without end: "
        "do not interpret them. Simplify the model, choose another marker or std_lv=True, or give "
        "start() values"
    ]


def _weak(solution: Solution, information: Array) -> list[str]:
    if not information.size or not solution.npar:
        return []
    smallest, direction = weak_direction(solution, information)
    if smallest > 1e-8:
        return []
    size = np.abs(direction) / np.abs(direction).max()
    named = [solution.table.free_rows[at].text for at in np.argsort(-size)[:3] if size[at] > 0.1]
    return [
        "the information matrix is singular or not positive definite (smallest eigenvalue "
        f"{smallest:.1e}): these data "
        f"cannot tell {', '.join(named)} apart; errors are not to be trusted. Fix or equate one of them"
    ]


def _heywood(solution: Solution, g: int, where: str) -> list[str]:
    table, names = solution.table, solution.problem.layout.names
    S = solution.state.matrices(g)[1]
    scale = solution.scale
    out = []
    for at, name in enumerate(names):
        if S[at, at] < 0:
            kind = "factor" if name in table.latent else "residual"
            out.append(
                f"the {kind} variance of '{name}'{where} is negative ({S[at, at] * scale[at] ** 2:.4g}, "
                "a Heywood case): "
                f"look for a wrong indicator or too small a sample; if its interval holds zero, '{name} "
                f"~~ 0*{name}' is "
                "one remedy, equal loadings another"
            )
    return out


def _factor_covariances(solution: Solution, g: int, where: str) -> list[str]:
    table, p = solution.table, len(solution.table.observed)
    E = solution.state.implied[g].E[p:, p:]
    if not len(E) or (np.diag(E) <= 0).any() or np.linalg.eigvalsh(E)[0] > -1e-10 * np.abs(E).max():
        return []
    deviations = np.sqrt(np.diag(E))
    correlations = np.abs(E / np.outer(deviations, deviations)) - 2 * np.eye(len(E))
    i, j = np.unravel_index(int(correlations.argmax()), correlations.shape)
    value = E[i, j] / (deviations[i] * deviations[j])
    return [
        f"the covariances of the factors{where} are not positive definite: '{table.latent[i]}' and "
        f"'{table.latent[j]}' "
        f"correlate {bounded(value, 3)}; join these factors, or drop items that load on both"
    ]


def _residual_covariances(solution: Solution, g: int, where: str) -> list[str]:
    p = len(solution.table.observed)
    theta = solution.state.matrices(g)[1][:p, :p]
    if (np.diag(theta) < 0).any() or np.linalg.eigvalsh(theta)[0] > -1e-10:
        return []
    off = np.abs(theta) - np.diag(np.diag(np.abs(theta)))
    i, j = np.unravel_index(int(off.argmax()), off.shape)
    names = solution.table.observed
    return [
        f"the residual covariances{where} are not positive definite: look at '{names[i]} ~~ {names[j]}', "
        "which implies a "
        "residual correlation beyond 1; drop it or the weakest item"
    ]
