"""Fit measures of a covariance structure model, from its discrepancy and matrices.

`factor` calls it. Numbers in, numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FitMeasures:
    """Chi-square and the indices made from it; RMSEA with its 90 % interval."""

    chisq: float
    df: int
    pvalue: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    srmr: float


def fit_measures(discrepancy: float, df: int, sample: Floats, implied: Floats, n: int) -> FitMeasures | None:
    """Measures of a model whose ML discrepancy is `discrepancy`; None where it has no degrees of freedom.

    chi-square = N F. The baseline model has uncorrelated items: chi-square -N log|R|, p (p - 1) / 2 degrees
    of freedom. CFI = 1 - max(x - d, 0) / max(x - d, x0 - d0, 0) (Bentler, 1990); TLI = (x0 / d0 - x / d) /
    (x0 / d0 - 1) (Tucker & Lewis, 1973); RMSEA = sqrt(max((x - d) / (d N), 0)) (Steiger, 1990), N as in
    lavaan; SRMR = root mean square of the residual correlations, diagonal included (Hu & Bentler, 1999).
    """
    from scipy.stats import chi2

    if df < 1:
        return None
    x, p = n * discrepancy, len(sample)
    x0, d0 = -n * float(np.linalg.slogdet(sample)[1]), p * (p - 1) // 2
    excess, excess0 = max(x - df, 0.0), max(x - df, x0 - d0, 0.0)
    lower, upper = rmsea_interval(x, df, n)
    residuals = (sample - implied)[np.tril_indices(p)]
    return FitMeasures(
        chisq=x,
        df=df,
        pvalue=float(chi2.sf(x, df)),
        cfi=1 - excess / excess0 if excess0 > 0 else 1.0,
        tli=(x0 / d0 - x / df) / (x0 / d0 - 1),
        rmsea=float(np.sqrt(excess / (df * n))),
        rmsea_lower=lower,
        rmsea_upper=upper,
        srmr=float(np.sqrt(np.mean(residuals**2))),
    )


def rmsea_interval(x: float, df: int, n: int, confidence: float = 0.90) -> tuple[float, float]:
    """Interval of RMSEA from that of the noncentrality (Browne & Cudeck, 1992)."""
    return (
        float(np.sqrt(_noncentrality(x, df, (1 + confidence) / 2) / (df * n))),
        float(np.sqrt(_noncentrality(x, df, (1 - confidence) / 2) / (df * n))),
    )


def _noncentrality(x: float, df: int, share: float) -> float:
    """The noncentrality at which a share of the distribution lies below x; zero where there is none."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    if chi2.cdf(x, df) <= share:
        return 0.0
    top = max(2 * x, 10.0)
    while ncx2.cdf(x, df, top) > share:
        top *= 2
    return float(brentq(lambda nc: ncx2.cdf(x, df, nc) - share, 1e-12, top, xtol=1e-10, rtol=1e-12))
