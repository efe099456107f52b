"""Information about saturated moments (mu, vech Sigma) of one normal observation.

1/2 D' (P x P) D for vech Sigma and P for mu, with P = Sigma^-1   (Browne, 1974; Magnus & Neudecker, 1999)
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, vech_index


def gls_weights(sigma: Array, meanstructure: bool) -> Array:
    """Return the expected information about the moments."""
    P = np.linalg.inv(sigma)
    covariance = information_of_covariances(P)
    if not meanstructure:
        return covariance
    p, size = len(P), len(covariance)
    out = np.zeros((p + size, p + size))
    out[:p, :p], out[p:, p:] = P, covariance
    return out


def information_of_covariances(P: Array) -> Array:
    """Return 1/2 D'(P x P) D: (P_ik P_jl + P_il P_jk) / (1 + [i = j]) / (1 + [k = l])."""
    i, j = vech_index(len(P))
    total = P[np.ix_(i, i)] * P[np.ix_(j, j)] + P[np.ix_(i, j)] * P[np.ix_(j, i)]
    half = np.where(i == j, 0.5, 1.0)
    out: Array = total * np.outer(half, half)
    return out
