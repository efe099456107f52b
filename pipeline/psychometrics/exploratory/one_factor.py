"""One factor of many correlation matrices at once.

`parallel_analysis` and the bootstrap of omega call it; for a single matrix `extract` is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.exploratory.correlation_matrix import squared_multiple_correlations
from pipeline.psychometrics.exploratory.scree import reduced

Floats = NDArray[np.float64]

HIGHEST = 0.995


def one_factor_loadings(correlations: Floats, most: int = 2000) -> Floats:
    """Loadings (matrices by items) on one minimum residual factor, adding up to a positive number.

    Each loading in turn is put at its least squares value given the others (Harman & Jones, 1966), bounded
    at sqrt(.995) as psych's; all matrices advance together.
    """
    places = np.arange(correlations.shape[-1])
    values, vectors = np.linalg.eigh(reduced(correlations, squared_multiple_correlations(correlations)))
    start = vectors[..., -1] * np.sqrt(np.maximum(values[..., -1:], 1e-8))
    off = np.ascontiguousarray(np.moveaxis(reduced(correlations, np.zeros(len(places))), 0, -1))
    loadings, bound = np.ascontiguousarray(start.T), np.sqrt(HIGHEST)
    active = np.arange(len(correlations))
    done = loadings.copy()
    for _ in range(most):
        before = loadings.copy()
        total = np.sum(loadings**2, axis=0)
        for item in places:
            others = np.maximum(total - loadings[item] ** 2, 1e-12)
            new = np.einsum("jb,jb->b", off[item], loadings) / others
            new = np.minimum(np.maximum(new, -bound), bound)
            total = others + new**2
            loadings[item] = new
        moving = np.abs(loadings - before).max(axis=0) > 1e-6
        done[:, active] = loadings
        if not moving.any():
            break
        if moving.mean() < 0.7:
            active, off, loadings = (
                active[moving],
                np.ascontiguousarray(off[:, :, moving]),
                loadings[:, moving],
            )
    return np.asarray(done.T * np.where(done.sum(axis=0) < 0, -1.0, 1.0)[:, None])
