"""What is wrong with a two-level solution, in words: the parameter, and what to try. Nothing is bounded."""

from __future__ import annotations

import numpy as np

from pipeline.sem.estimate.newton import TOLERANCE
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.structure.ram import matrices
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.inference import information
from pipeline.sem.twolevel.problem import State2
from pipeline.sem.twolevel.views import block_solutions
from pipeline.sem.wording import bounded

_NAMES = ("within", "between")


def warnings_of(solution: Solution2, dropped: int) -> tuple[str, ...]:
    """Return everything a researcher should know about a solution."""
    out = _convergence(solution) + _bounds(solution) + _few_clusters(solution) + _weak(solution)
    for b, view in enumerate(block_solutions(solution)):
        label = solution.table.whole.groups[b // 2]
        where = f" in group '{label}'" if label else ""
        out += _negative_variances(view, b % 2, where, tied=bool(_tied(solution)))
        out += _factor_covariances(view, b % 2, where)
        if b % 2:
            out += _singular_between(solution.state, b, view, where)
    if dropped:
        out.append(
            f"{dropped} row(s) with a missing answer were left out of {solution.sample.total + dropped}"
        )
    return tuple(out)


def _convergence(solution: Solution2) -> list[str]:
    optimum = solution.optimum
    if optimum.converged:
        return []
    bounding = ", keep between variances from falling below zero (bounds='between')"
    bounding = bounding if solution.bounded is None else ""
    return [
        f"the estimates did not converge in {optimum.iterations} iterations (decrement "
        f"{optimum.decrement:.1e}, wanted {TOLERANCE:.0e}): do not interpret them; simplify the between "
        f"level, hold loadings equal across levels by labels{bounding}, or use scale scores"
    ]


def _bounds(solution: Solution2) -> list[str]:
    if solution.bounded is None:
        return []
    said = "between variances were kept from falling below zero"
    if not solution.held:
        return [f"{said}; none rests at zero, so that the solution is the one without bounds"]
    rows = solution.table.whole.free_rows
    named = ", ".join(rows[at].text for at in solution.held)
    return [
        f"{said}; at zero rest {named}: their errors are given as zero, and other errors, the chi-square, "
        "its p-value and fit indices are approximate, computed as if these variances were fixed there, with "
        "the degrees of freedom of the model without bounds (Savalei & Kolenikov, 2008)"
    ]


def _few_clusters(solution: Solution2) -> list[str]:
    out = []
    for count, label in zip(solution.sample.clusters, solution.table.whole.groups, strict=True):
        where = f" in group '{label}'" if label else ""
        if count < 30:
            out.append(
                f"there are only {count:.0f} clusters{where}: below 30, between-level estimates are unstable "
                "and their errors too small; report them as tentative, and prefer scale scores and a cluster "
                "bootstrap"
            )
        elif count < 50:
            out.append(
                f"there are {count:.0f} clusters{where}: below 50, between-level errors tend to be too small "
                "(Maas & Hox, 2005); compare them with a cluster bootstrap"
            )
    between = _between_alone(solution)
    total = float(solution.sample.clusters.sum())
    if between >= total:
        out.append(
            f"the between level has {between} free parameters of its own for {total:.0f} clusters: hold "
            "loadings equal across levels by labels, or use scale scores"
        )
    return out


def _tied(solution: Solution2) -> set[str]:
    """Return the labels that stand at both levels."""
    labels: tuple[set[str], set[str]] = (set(), set())
    for row in solution.table.whole.free_rows:
        labels[row.level - 1].add(row.label)
    return (labels[0] & labels[1]) - {""}


def _between_alone(solution: Solution2) -> int:
    """Return how many parameters belong to between levels only."""
    K = solution.problem.reduction.K != 0
    within = np.zeros(K.shape[1], dtype=bool)
    for part in solution.problem.parts[::2]:
        within |= K[part].any(0)
    return int((~within).sum()) + len(solution.held)


def _weak(solution: Solution2) -> list[str]:
    K = solution.problem.reduction.K
    if not K.shape[1]:
        return []
    matrix = K.T @ information(solution.state, "observed") @ K
    norm = np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    values, vectors = np.linalg.eigh(matrix / np.outer(norm, norm))
    if values[0] > 1e-8:
        return []
    direction = np.abs(K @ (vectors[:, 0] / norm))
    rows = solution.table.whole.free_rows
    large = [at for at in np.argsort(-direction)[:3] if direction[at] > 0.1 * direction.max()]
    named = ", ".join(f"{rows[at].text} (level {rows[at].level})" for at in large)
    return [
        f"the information matrix is singular or not positive definite (smallest eigenvalue {values[0]:.1e}): "
        f"these data cannot tell {named} apart; errors are not to be trusted. Fix or equate one of them"
    ]


def _negative_variances(view: Solution, level: int, where: str, *, tied: bool) -> list[str]:
    block, table = view.problem.layout.blocks[0], view.table
    S = matrices(block, view.state.theta)[1]
    out = []
    for at, name in enumerate(table.observed + table.latent):
        if S[at, at] >= 0:
            continue
        kind = "factor" if name in table.latent else "residual"
        value = S[at, at] * view.scale[at] ** 2
        remedy = (
            f"with few clusters or little between variance this is common; '{name} ~~ 0*{name}' at level 2 "
            f"{'is a remedy' if tied else 'or loadings equal across levels are remedies'}"
            if level
            else "look for a wrong indicator; equal loadings are one remedy"
        )
        out.append(
            f"the {kind} variance of '{name}' at level {level + 1} ({_NAMES[level]}){where} is negative "
            f"({value:.4g}, a Heywood case): {remedy}"
        )
    return out


def _factor_covariances(view: Solution, level: int, where: str) -> list[str]:
    p, names = len(view.table.observed), view.table.latent
    E = view.state.implied[0].E[p:, p:]
    if len(E) < 2 or (np.diag(E) <= 0).any() or np.linalg.eigvalsh(E)[0] > -1e-10 * np.abs(E).max():
        return []
    deviations = np.sqrt(np.diag(E))
    correlations = E / np.outer(deviations, deviations)
    size = np.abs(correlations) - 2 * np.eye(len(E))
    i, j = np.unravel_index(int(size.argmax()), size.shape)
    return [
        f"the covariances of the {_NAMES[level]} factors{where} are not positive definite: '{names[i]}' and "
        f"'{names[j]}' correlate {bounded(correlations[i, j], 3)}; join these factors, or use one of "
        "them at this level"
    ]


def _singular_between(state: State2, b: int, view: Solution, where: str) -> list[str]:
    """Near-singular: some combination of cluster means hardly varies."""
    sigma = state.implied[b].sigma
    variances = np.diag(sigma)
    names = view.table.observed
    if (variances <= 0).any():
        name = names[int(variances.argmin())]
        return [
            f"the model implies a between variance of '{name}'{where} that is not positive: clusters do not "
            "differ in it; leave it out of level 2"
        ]
    values, vectors = np.linalg.eigh(sigma / np.sqrt(np.outer(variances, variances)))
    if values[0] > 1e-3:
        return []
    among = [names[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:2]]
    return [
        f"the between covariances{where} are nearly singular (smallest eigenvalue of their correlations "
        f"{values[0]:.1e}): {' and '.join(among)} cannot be told apart between clusters; use fewer variables "
        "or factors at level 2"
    ]
