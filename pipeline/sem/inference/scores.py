"""Casewise derivatives of the log-likelihood, by parameter and by saturated moment.

With r = P (y - mu) of a row's answered variables, the derivative by a covariance parameter is
(r'u)(r'v) - u'Pv and by a mean r'dmu: no p* x p* matrix is needed for sandwich errors
(White, 1982; Yuan & Bentler, 2000).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.sem.arrays import Array, vech_index
from pipeline.sem.structure.derivatives import Slopes


def parameter_scores(values: Array, sigma: Array, mu: Array, lines: Slopes) -> Array:
    """Return a row of scores for each row of (scaled) values; NaN marks a missing answer."""
    out = np.zeros((len(values), len(lines.u)))
    U, V, D = lines.U, lines.V, lines.D
    for at, P, residual in _patterns(values, sigma, mu):
        R = residual @ P
        out[at] = (R @ U) * (R @ V) - ((P @ U) * V).sum(0) + R @ D
    return out


def moment_scores(values: Array, sigma: Array, mu: Array, meanstructure: bool) -> Array:
    """Return a row of scores by (mu, vech Sigma) for each row of values."""
    rows, columns = vech_index(values.shape[1])
    half = np.where(rows == columns, 0.5, 1.0)
    first = values.shape[1] if meanstructure else 0
    out = np.zeros((len(values), first + len(rows)))
    for at, P, residual in _patterns(values, sigma, mu):
        R = residual @ P
        out[at, first:] = (R[:, rows] * R[:, columns] - P[rows, columns]) * half
        if meanstructure:
            out[at, :first] = R
    return out


def _patterns(values: Array, sigma: Array, mu: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Yield each pattern's rows, Sigma^-1 and residuals, padded with zeros."""
    answered = ~np.isnan(values)
    if answered.all():
        yield np.arange(len(values)), np.linalg.inv(sigma), values - mu
        return
    patterns, owner = np.unique(answered, axis=0, return_inverse=True)
    for number, mask in enumerate(patterns):
        at = np.flatnonzero(owner.ravel() == number)
        P = np.zeros_like(sigma)
        P[np.ix_(mask, mask)] = np.linalg.inv(sigma[np.ix_(mask, mask)])
        yield at, P, np.where(mask, values[at] - mu, 0.0)


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
