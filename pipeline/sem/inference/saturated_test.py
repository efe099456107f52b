"""The saturated model's part of the robust test: tr(A1^-1 B1).

A1 is the observed information about the saturated moments, B1 the cross-product of the rows' scores by them
(Yuan & Bentler, 2000; Asparouhov & Muthen, 2005). For complete independent rows the trace is a function of
Mardia's (1970) kurtosis, 1/2 (mean d^4 - p) + [p], with d^2 the Mahalanobis distances; the bracket with
means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, vech_index
from pipeline.sem.data import Rows
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import weights_of
from pipeline.sem.inference.scores import cross_products, moment_scores
from pipeline.sem.structure.derivatives import Slopes


@dataclass(frozen=True, eq=False)
class SaturatedModel:
    """What all models of the same rows share: information and scores' cross-products, by group."""

    solution: Solution
    rows: Rows

    @cached_property
    def information(self) -> tuple[Array, ...]:
        """Observed information of one row about (mu, vech Sigma)."""
        return tuple(saturated_information(self.solution, g) for g in range(len(self.rows.groups)))

    @cached_property
    def meat(self) -> tuple[Array, ...]:
        """Mean cross-products of the rows' scores by (mu, vech Sigma)."""
        return tuple(self._meat(g) for g in range(len(self.rows.groups)))

    def _meat(self, g: int) -> Array:
        values = self.rows.groups[g].values / self.solution.observed_scale
        moments = saturated_moments(self.solution, g)
        scores = moment_scores(values, *moments, self.solution.table.meanstructure)
        return cross_products(scores, *weights_of(self.rows, g))


def saturated_trace(solution: Solution, shared: SaturatedModel) -> tuple[float, int]:
    """Return the trace over all groups, and the number of saturated moments."""
    keep = free_moments(solution)
    total = sum(_trace_of_group(shared, g, keep) for g in range(len(shared.rows.groups)))
    return total, int(keep.sum()) * len(shared.rows.groups)


def free_moments(solution: Solution) -> Array:
    """Return which of (mu, vech Sigma) are not fixed by exogenous variables."""
    p = len(solution.table.observed)
    fixed = np.isin(np.arange(p), solution.exogenous)
    rows, columns = vech_index(p)
    covariance = ~(fixed[rows] & fixed[columns])
    return np.concatenate([~fixed, covariance]) if solution.table.meanstructure else covariance


def _trace_of_group(shared: SaturatedModel, g: int, keep: Array) -> float:
    solution, rows = shared.solution, shared.rows
    weights, clusters = weights_of(rows, g)
    values = rows.groups[g].values / solution.observed_scale
    plain = (
        clusters is None and not np.isnan(values).any() and bool((weights == 1).all()) and bool(keep.all())
    )
    if plain:
        return _kurtosis_trace(values, *saturated_moments(solution, g), solution.table.meanstructure)
    some = np.ix_(keep, keep)
    return float(np.trace(np.linalg.solve(shared.information[g][some], shared.meat[g][some])))


def _kurtosis_trace(values: Array, sigma: Array, mu: Array, meanstructure: bool) -> float:
    centred = values - mu
    distance = ((centred @ np.linalg.inv(sigma)) * centred).sum(1)
    p = values.shape[1]
    return 0.5 * (float((distance**2).mean()) - float(p)) + (float(p) if meanstructure else 0.0)


def saturated_moments(solution: Solution, g: int) -> tuple[Array, Array]:
    """Return Sigma and mu of the saturated model in the internal metric."""
    scale = solution.observed_scale
    return solution.sample.covariances[g] / np.outer(scale, scale), solution.sample.means[g] / scale


def saturated_information(solution: Solution, g: int, kind: str = "observed") -> Array:
    """Return the information of one row about (mu, vech Sigma) of a group."""
    discrepancy = solution.problem.discrepancies[g]
    assert isinstance(discrepancy, Normal)
    sigma, mu = saturated_moments(solution, g)
    lines, point = saturated_lines(len(mu), solution.table.meanstructure), discrepancy.at_moments(sigma, mu)
    return point.curvature(lines) if kind == "observed" else point.fisher(lines)


def saturated_lines(p: int, meanstructure: bool) -> Slopes:
    """Return the derivatives of the moments by themselves."""
    rows, columns = vech_index(p)
    first = p if meanstructure else 0
    u = np.concatenate([np.zeros(first, dtype=np.intp), rows])
    v = np.concatenate([np.zeros(first, dtype=np.intp), columns])
    half = np.concatenate([np.zeros(first), np.where(rows == columns, 0.5, 1.0)])
    D = np.hstack([np.eye(p), np.zeros((p, len(rows)))]) if meanstructure else np.zeros((p, len(rows)))
    return Slopes(np.eye(p), u, v, half, D)
