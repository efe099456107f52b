"""Is the model identified? Counted and probed before anything is estimated.

A model is locally identified where the derivatives of its moments have full column rank (Wald, 1950;
Bekker, Merckens
& Wansbeek, 1994). Where the expected information has full rank at the start of the search, so have they.
Where it has not, the rank is taken at two random admissible-looking points, so that no sample decides.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.problem import Problem, State
from pipeline.sem.table import ParameterTable

_SMALLEST = 1e-9
_TOO_MANY = "fix or equate some parameters, or add indicators"


def check_identified(problem: Problem, table: ParameterTable, start: State | None) -> None:
    """Raise ModelError, naming the parameters that cannot be told apart; start may be outside the region."""
    npar = problem.reduction.K.shape[1]
    if npar > table.number_of_moments:
        raise ModelError(
            f"the model has {npar} free parameters but the data give only {table.number_of_moments} "
            "means, variances "
            "and covariances to estimate them from; " + (_without_scale(table) or _TOO_MANY)
        )
    if start is not None and _has_full_rank(_unit(start.fisher())[0]):
        return
    for seed in (1, 2):
        smallest, direction = _weakest(problem, seed)
        if smallest > _SMALLEST:
            return
    raise ModelError(_message(table, direction))


def _weakest(problem: Problem, seed: int) -> tuple[float, Array]:
    """Return the smallest eigenvalue of Delta'Delta, scaled to a unit diagonal, and its direction."""
    theta = problem.reduction.theta(problem.reduction.reduce(_random_point(problem, seed)))
    K = problem.reduction.K
    if not K.shape[1]:
        return 1.0, np.zeros(0)
    scaled, norm = _unit(problem.reduction.reduced(problem.squares(theta)))
    if _has_full_rank(scaled):
        return 2 * _SMALLEST, np.zeros(0)
    values, vectors = np.linalg.eigh(scaled)
    return float(values[0]), K @ (vectors[:, 0] / norm)


def _unit(matrix: Array) -> tuple[Array, Array]:
    """Scale a matrix to a unit diagonal; return the roots of the diagonal too."""
    norm = np.sqrt(np.diag(matrix))
    norm[norm == 0] = 1.0
    return matrix / np.outer(norm, norm), norm


def _has_full_rank(scaled: Array) -> bool:
    """Whether every eigenvalue exceeds the tolerance, by a Cholesky factor of what exceeds it."""
    from scipy.linalg.lapack import dpotrf

    return bool(np.isfinite(scaled).all()) and not dpotrf(scaled - _SMALLEST * np.eye(len(scaled)))[1]


def _random_point(problem: Problem, seed: int) -> Array:
    """Return loadings and paths of .3 to .9, variances of .5 to 1.5, covariances of .1 to .3.

    The paths into one variable share that size out among them: otherwise variances grow along a long chain of
    full regressions until rounding hides the rank.
    Thresholds and scales of ordered items lie between .4 and 1.6.
    """
    draw = np.random.default_rng(seed)
    theta = np.zeros(problem.reduction.K.shape[0])
    for block, part in zip(problem.layout.blocks, problem.layout.parts, strict=True):
        local = draw.uniform(0.4, 1.6, block.q)
        into, _, at = block.directed
        local[at] = draw.uniform(0.3, 0.9, len(at)) / np.bincount(into)[into] if len(at) else 0.0
        i, j, k = block.symmetric
        local[k] = np.where(i == j, draw.uniform(0.5, 1.5, len(k)), draw.uniform(0.1, 0.3, len(k)))
        local[block.mean[2]] = draw.uniform(0.2, 1.0, block.mean.shape[1])
        theta[part] = local
    return theta


def _message(table: ParameterTable, direction: Array) -> str:
    rows = table.free_rows
    size = np.abs(direction) / np.abs(direction).max()
    named = list(dict.fromkeys(rows[at].text for at in np.argsort(-size) if size[at] > 0.01))
    factors = [f for f in table.latent if any(r.lhs == f and r.text in named for r in rows)]
    hint = "fix or equate one of them"
    for factor in factors:
        loads = [row for row in table.rows if row.op == "=~" and row.lhs == factor and row.group == 1]
        scaled = any(row.fixed for row in loads) or not _free_variance(table, factor)
        if not scaled:
            hint = f"give factor '{factor}' a scale: fix one loading at 1 or its variance at 1 (std_lv=True)"
        elif len(loads) < 3:
            count = len(loads)
            hint = f"factor '{factor}' has {count} indicator(s): add one, equate loadings, or let it covary"
    return f"the model is not identified: {', '.join(named[:6])} cannot be told apart by any data; {hint}"


def _without_scale(table: ParameterTable) -> str:
    """Return the remedy for the first factor whose loadings and variance are all free."""
    for factor in table.latent:
        loads = [row for row in table.rows if row.op == "=~" and row.lhs == factor and row.group == 1]
        if not any(row.fixed for row in loads) and _free_variance(table, factor) and not table.constraints:
            return f"give factor '{factor}' a scale: fix one loading at 1 or its variance at 1 (std_lv=True)"
    return ""


def _free_variance(table: ParameterTable, factor: str) -> bool:
    return any(row.free and row.key == (factor, "~~", factor) for row in table.rows)
