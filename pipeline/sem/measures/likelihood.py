"""Log-likelihoods and information criteria (Akaike, 1974; Schwarz, 1978; Sclove, 1987)."""

from __future__ import annotations

import math

import numpy as np

from pipeline.sem.arrays import Array


def saturated_loglik(
    masks: Array, weights: Array, means: Array, covariances: Array, *, mu: Array, sigma: Array
) -> float:
    """Log-likelihood of the rows at given moments: sum_k -n_k/2 [p_k ln 2 pi + ln|Sigma_k| + tr(P_k T_k)]."""
    from pipeline.sem.estimate.normal import Normal

    total = float(weights.sum())
    point = Normal(masks, weights / total, means, covariances, meanstructure=True).at_moments(sigma, mu)
    return -total * point.value - 0.5 * math.log(2 * math.pi) * float(weights @ masks.sum(axis=1))


def criteria(loglik: float, npar: int, n: float) -> dict[str, float]:
    """Return AIC, BIC and the sample-size adjusted BIC."""
    deviance = -2 * loglik
    return {
        "aic": deviance + 2 * npar,
        "bic": deviance + npar * math.log(n),
        "bic2": deviance + npar * math.log((n + 2) / 24),
    }


def log_determinant(matrix: Array) -> float:
    """Return ln|matrix|."""
    return float(np.linalg.slogdet(matrix)[1])
