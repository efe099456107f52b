"""Casewise derivatives of the log-likelihood, by parameter and by saturated moment.

With r = P (y - mu) of a row's answered variables, the derivative by a covariance parameter is
(r'u)(r'v) - u'Pv and by a mean r'dmu: no p* x p* matrix is needed for sandwich errors
(White, 1982; Yuan & Bentler, 2000).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.sem.arrays import Array, Index, vech_index
from pipeline.sem.estimate.normal import inverses
from pipeline.sem.structure.derivatives import Slopes

_PORTION = 64


def parameter_scores(values: Array, sigma: Array, mu: Array, lines: Slopes) -> Array:
    """Return a row of scores for each row of (scaled) values; NaN marks a missing answer."""
    out = np.zeros((len(values), len(lines.u)))
    U, V, D = lines.U, lines.V, lines.D
    for at, owner, P, R in _patterns(values, sigma, mu):
        out[at] = (R @ U) * (R @ V) - ((P @ U) * V).sum(1)[owner] + R @ D
    return out


def moment_scores(values: Array, sigma: Array, mu: Array, meanstructure: bool) -> Array:
    """Return a row of scores by (mu, vech Sigma) for each row of values."""
    rows, columns = vech_index(values.shape[1])
    half = np.where(rows == columns, 0.5, 1.0)
    first = values.shape[1] if meanstructure else 0
    out = np.zeros((len(values), first + len(rows)))
    for at, owner, P, R in _patterns(values, sigma, mu):
        out[at, first:] = (R[:, rows] * R[:, columns] - P[:, rows, columns][owner]) * half
        if meanstructure:
            out[at, :first] = R
    return out


def _patterns(values: Array, sigma: Array, mu: Array) -> Iterator[tuple[Index, Index, Array, Array]]:
    """Yield some patterns at a time: rows, the pattern of each, Sigma^-1 by pattern and P (y - mu) by row.

    Inverses and residuals are padded with zeros for what was not answered.
    """
    answered = ~np.isnan(values)
    if answered.all():
        P = np.linalg.inv(sigma)
        yield np.arange(len(values)), np.zeros(len(values), dtype=np.intp), P[None], (values - mu) @ P
        return
    masks, owner = np.unique(answered, axis=0, return_inverse=True)
    order = np.argsort(owner.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(owner.ravel()))
    for start in range(0, len(masks), _PORTION):
        some = masks[start : start + _PORTION].astype(float)
        at = order[ends[start] - np.sum(owner == start) : ends[min(start + _PORTION, len(masks)) - 1]]
        own = owner.ravel()[at] - start
        P, residual = inverses(sigma, some)[0], np.where(answered[at], values[at] - mu, 0.0)
        yield at, own, P, (residual[:, None] @ P[own])[:, 0]


def cross_products(scores: Array, weights: Array, clusters: Array | None) -> Array:
    """Return the mean of s s' over rows, of weighted scores summed within clusters where there are any.

    Clusters are multiplied by C / (C - 1), as lavaan does (Cameron & Miller, 2015, eq. 12).
    """
    weighted, few = scores * weights[:, None], 1.0
    if clusters is not None:
        weighted = cluster_sums(weighted, clusters)
        few = len(weighted) / (len(weighted) - 1)
    out: Array = few * (weighted.T @ weighted) / float(weights.sum())
    return out


def cluster_sums(values: Array, clusters: Array) -> Array:
    """Sum rows within clusters."""
    _, owner = np.unique(clusters, return_inverse=True)
    out = np.zeros((int(owner.max()) + 1, values.shape[1]))
    np.add.at(out, owner.ravel(), values)
    return out
