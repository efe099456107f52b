"""GFI, AGFI and PGFI (Joereskog & Soerbom, 1981; Tanaka & Huba, 1985; Mulaik et al., 1989).

GFI = 1 - (s - sigma)' V (s - sigma) / s' V s with the weights V of the estimator. For maximum likelihood V
is the expected information at the implied moments, and both forms are traces of p x p matrices.
"""

from __future__ import annotations

import math

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.weights import Weights


def gfi_normal(
    S: Array, sigma: Array, mean: Array, mu: Array, *, meanstructure: bool, masks: Array, fractions: Array
) -> float:
    """GFI with normal-theory weights; with missing answers the weights are averaged over patterns."""
    from pipeline.sem.estimate.normal import pad

    P = np.linalg.inv(pad(sigma, masks)) * masks[:, :, None] * masks[:, None, :]
    residual, whole = P @ (S - sigma), P @ S
    above = 0.5 * float(fractions @ np.einsum("kij,kji->k", residual, residual))
    below = 0.5 * float(fractions @ np.einsum("kij,kji->k", whole, whole))
    if meanstructure:
        average = np.einsum("k,kij->ij", fractions, P)
        above += float((mean - mu) @ average @ (mean - mu))
        below += float(mean @ average @ mean)
    return 1 - above / below


def gfi_weighted(observed: Array, residual: Array, weights: Weights) -> float:
    """GFI with any weights."""
    return 1 - float(residual @ weights.times(residual)) / float(observed @ weights.times(observed))


def agfi(gfi: float, moments: int, df: float) -> float:
    """1 - moments / df (1 - GFI)."""
    return 1 - moments / df * (1 - gfi) if df > 0 else 1.0


def pgfi(gfi: float, moments: int, df: float) -> float:
    """Df / moments * GFI."""
    return df / moments * gfi if moments else math.nan
