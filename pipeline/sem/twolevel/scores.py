"""Each cluster's contribution to the gradient of the log-likelihood: what sandwich errors are made of.

In the coordinates of T, with a = delta * T (d - mu) of a cluster of size n and its within cross-product S,
    2 dF = sum_i delta_i B_ii - a' B a                                       for B = T dSb T',
    2 dF = (n - 1) tr W - tr(W Ty S Ty') + (sum_i delta_i W_ii - a' W a) / n   for W = T E dSw E' T'.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.incomplete import IncompletePoint, cell_scatters
from pipeline.sem.twolevel.likelihood import CompletePoint, Directions
from pipeline.sem.twolevel.problem import State2

_CHUNK = 4096


def cluster_scores(state: State2, g: int, rows: ClusterRows, scale: Array) -> Array:
    """Return the scores of every cluster of a group by the group's parameters (J x k)."""
    point, lines = state.points[g], state.directions(g)
    if isinstance(point, IncompletePoint):
        return _incomplete_scores(point, lines, cell_scatters(rows), scale)
    assert isinstance(point, CompletePoint)
    d = np.hstack([rows.z, rows.means]) / scale
    mu = state.problem.place.joint(state.implied[2 * g], state.implied[2 * g + 1]).mu
    Y = (d - mu) @ point.T.T
    q = point.q
    scatters = rows.scatters() / np.outer(scale[q:], scale[q:])
    out = np.empty((rows.clusters, lines.mean.shape[1]))
    for start in range(0, rows.clusters, _CHUNK):
        at = slice(start, start + _CHUNK)
        out[at] = _scores(point, lines, Y[at], rows.sizes[at], scatters[at])
    return out


def _scores(point: CompletePoint, lines: Directions, Y: Array, sizes: Array, scatters: Array) -> Array:
    delta = point.deltas(sizes)
    A, q = delta * Y, point.q
    W, B = lines.flat()
    between = delta[:, :, None] * np.eye(Y.shape[1]) - A[:, :, None] * A[:, None, :]
    Ty = point.T[q:, q:]
    within = between / sizes[:, None, None]
    own = np.eye(len(Ty)) * (sizes - 1)[:, None, None] - Ty @ scatters @ Ty.T
    within[:, q:, q:] += own
    size = len(Y)
    covariances = np.hstack([within.reshape(size, -1) @ W.T, between.reshape(size, -1) @ B.T]) / 2
    out: Array = covariances - A @ lines.mean
    return -out


def _incomplete_scores(point: IncompletePoint, lines: Directions, scatters: Array, scale: Array) -> Array:
    """Return the scores where answers are missing, from the clusters' derivatives by the moments."""
    q = point.moments.z.shape[1]
    within = point.cluster_within(scatters / np.outer(scale[q:], scale[q:]))
    size = len(within)
    own = lines.within[:, q:, q:].reshape(len(lines.within), -1)
    parts = [within.reshape(size, -1) @ own.T, point.cluster_between.reshape(size, -1) @ lines.flat()[1].T]
    out: Array = np.hstack(parts) + point.cluster_mu @ lines.mean
    return -out


def by_unit(scores: Array, units: Index) -> Array:
    """Return the sums of clusters' scores over the units that they belong to."""
    out = np.zeros((int(units.max()) + 1, scores.shape[1]))
    np.add.at(out, units, scores)
    return out
