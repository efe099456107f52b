"""The information matrix of a solution, its inverse under equality constraints, and its rank."""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, symmetric
from pipeline.sem.data import Rows
from pipeline.sem.data.rows import GroupRows
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.problem import Problem
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.scores import cross_products, parameter_scores


def information(solution: Solution, kind: str, rows: Rows | None = None) -> Array:
    """Return the information of one observation about all free parameters, in the internal metric."""
    if kind == "expected" or not _has_likelihood(solution):
        return by_rows(solution, solution.problem, solution.state.theta_fisher())
    if kind == "observed":
        return by_rows(solution, solution.problem, symmetric(solution.state.theta_hessian()))
    if rows is None:
        raise DataError("first-order information needs the rows of the data, not only their Moments")
    return first_order(solution, rows)


def by_rows(solution: Solution, problem: Problem, matrix: Array) -> Array:
    """Weigh groups by their rows where the discrepancy weighs them by n - 1 (lavaan)."""
    if not solution.sample.unbiased or len(solution.sample.groups) == 1:
        return matrix
    ratios = row_shares(solution) / problem.shares
    parts = zip(ratios, problem.layout.parts, strict=True)
    return problem.stack([ratio * matrix[part, part] for ratio, part in parts])


def _has_likelihood(solution: Solution) -> bool:
    return hasattr(solution.problem.discrepancies[0], "fractions")


def first_order(solution: Solution, rows: Rows) -> Array:
    """Return the mean cross-product of the rows' scores (Berndt, Hall, Hall & Hausman, 1974)."""
    parts = [
        share * cross_products(scores_of_group(solution, g, rows.groups[g]), *weights_of(rows, g))
        for g, share in enumerate(row_shares(solution))
    ]
    return solution.problem.stack(parts)


def row_shares(solution: Solution) -> Array:
    """Share of each group in the rows, by weight."""
    return solution.sample.weight_shares


def weights_of(rows: Rows, g: int) -> tuple[Array, Array | None]:
    """Return weights that sum to the number of rows over all groups, and the clusters."""
    total = sum(group.weights.sum() for group in rows.groups)
    return rows.groups[g].weights * (rows.count / total), rows.groups[g].clusters


def scores_of_group(solution: Solution, g: int, rows: GroupRows) -> Array:
    """Return the rows' scores by the parameters of a group, in the internal metric."""
    implied = solution.state.implied[g]
    scale = solution.observed_scale
    mu = implied.mu if solution.table.meanstructure else solution.sample.means[g] / scale
    return parameter_scores(rows.values / scale, implied.sigma, mu, solution.state.lines[g])


def inverse(solution: Solution, matrix: Array) -> Array:
    """Return K (K' I K)^-1 K', the inverse under the constraints (Aitchison & Silvey, 1958)."""
    reduction = solution.problem.reduction
    K = reduction.K
    if reduction.none:
        return np.linalg.inv(matrix)
    return K @ np.linalg.inv(K.T @ matrix @ K) @ K.T if K.shape[1] else np.zeros_like(matrix)


def weak_direction(solution: Solution, matrix: Array) -> tuple[float, Array]:
    """Return the smallest eigenvalue of the information, scaled to a unit diagonal, and its direction."""
    K = solution.problem.reduction.K
    reduced = K.T @ matrix @ K
    norm = np.sqrt(np.maximum(np.abs(np.diag(reduced)), 1e-300))
    values, vectors = np.linalg.eigh(reduced / np.outer(norm, norm))
    return float(values[0]), K @ (vectors[:, 0] / norm)
