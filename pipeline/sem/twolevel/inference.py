"""Covariance of two-level estimates and the scaled test.

Errors come from the observed information; robust ones from the sandwich of the clusters' scores, summed
over a unit above the clusters where there is one (White, 1982; Yuan & Bentler, 2000; Rosseel, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, Index, symmetric
from pipeline.sem.errors import DataError
from pipeline.sem.inference.scaling import ScaledTest
from pipeline.sem.options import Method
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.problem import State2
from pipeline.sem.twolevel.scores import by_unit, cluster_scores


@dataclass(frozen=True)
class Clusters:
    """The rows of every group by cluster, and the unit above each cluster where errors go by units."""

    groups: tuple[ClusterRows, ...]
    units: tuple[Index, ...] | None = None


def information(state: State2, kind: str) -> Array:
    """Return the information of one row about all free parameters, in the internal metric."""
    return state.theta_fisher() if kind == "expected" else symmetric(state.theta_hessian())


def inverse(state: State2, matrix: Array) -> Array:
    """Return K (K' I K)^-1 K', the inverse under the constraints (Aitchison & Silvey, 1958)."""
    K = state.problem.reduction.K
    return K @ np.linalg.inv(K.T @ matrix @ K) @ K.T if K.shape[1] else np.zeros_like(matrix)


def covariance(solution: Solution2, method: Method, clusters: Clusters | None) -> Array:
    """Return the covariance matrix of all free parameters in the user's units."""
    state = solution.state
    bread = inverse(state, information(state, method.information))
    if method.errors != "standard":
        bread = symmetric(bread @ first_order(state, needed(clusters), solution.sample.scale) @ bread)
    out: Array = bread / (solution.sample.total * np.outer(solution.factor, solution.factor))
    return out


def needed(clusters: Clusters | None) -> Clusters:
    """Return the rows, or say that errors need them."""
    if clusters is None:
        raise DataError("robust errors need the rows of the data, not only their sufficient statistics")
    return clusters


def first_order(state: State2, clusters: Clusters, scale: Array) -> Array:
    """Return the cross-products of the clusters' (or units') scores, divided by the number of rows."""
    scores = all_scores(state, clusters, scale)
    people = sum(len(group.y) for group in clusters.groups)
    out: Array = scores.T @ scores / people
    return out


def all_scores(state: State2, clusters: Clusters, scale: Array) -> Array:
    """Return the scores of all clusters (or units) by all parameters."""
    spans = [state.problem.span(g) for g in range(len(clusters.groups))]
    size = state.problem.reduction.K.shape[0]
    parts = []
    for g, (group, span) in enumerate(zip(clusters.groups, spans, strict=True)):
        own = np.zeros((group.clusters, size))
        own[:, span] = cluster_scores(state, g, group, scale)
        parts.append(own)
    scores: Array = np.vstack(parts)
    return scores if clusters.units is None else by_unit(scores, np.concatenate(clusters.units))


def scaled_test(
    solution: Solution2, saturated: State2, method: Method, clusters: Clusters, statistic: float
) -> ScaledTest:
    """Return the Yuan-Bentler test in Mplus's variant: c = { tr(A1^-1 B1) - tr(A0^-1 B0) } / df.

    A1 and B1 belong to the saturated moments, where these are inside the region of covariances.
    """
    df = solution.df
    if df == 0:
        return ScaledTest(method.test, statistic, 0, float("nan"), float("nan"))
    scale = solution.sample.scale
    bread = inverse(solution.state, information(solution.state, method.information))
    h0 = float((bread * first_order(solution.state, clusters, scale)).sum())
    A = information(saturated, method.information)
    h1 = float(np.trace(np.linalg.solve(A, first_order(saturated, clusters, scale))))
    factor = (h1 - h0) / df
    return ScaledTest(
        method.test, statistic / factor, float(df), factor, h1 - h0,
        factor_h0=h0 / len(solution.table.whole.free), factor_h1=h1 / len(A),
    )  # fmt: skip


def unit_codes(groups: Sequence[ClusterRows], values: Sequence[Array], name: str) -> tuple[Index, ...]:
    """Number the units above the clusters, by the unit of each row; clusters must lie within units."""
    labels: dict[object, int] = {}
    out = []
    for group, own in zip(groups, values, strict=True):
        codes = np.array([labels.setdefault(value, len(labels)) for value in own.tolist()], dtype=np.intp)
        first = codes[np.unique(group.cluster, return_index=True)[1]]
        if (first[group.cluster] != codes).any():
            bad = int((first[group.cluster] != codes).sum())
            raise DataError(f"clusters must lie within '{name}', but {bad} row(s) stand in another one")
        out.append(first)
    return tuple(out)
