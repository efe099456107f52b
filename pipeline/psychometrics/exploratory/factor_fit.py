"""How well an exploratory factor solution reproduces the correlations.

`efa` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FactorFit:
    """Fit of a factor solution, under psych's names; undefined where there are no degrees of freedom."""

    chisq: float
    df: int
    pvalue: float
    tli: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    bic: float
    objective: float
    null_chisq: float
    null_df: int
    rms: float
    crms: float


def factor_fit(correlations: Floats, loadings: Floats, n: int) -> FactorFit:
    """Fit of unrotated loadings, whatever the method that found them, as R's psych reports it.

    Objective: ln |M| - ln |R| + tr(R M^-1) - p, M = LL' with unit diagonal. Chi-square = (n - 1 -
    (2p + 5) / 6 - 2m / 3) objective (Bartlett, 1951); RMSEA = sqrt(chi-square / (df n) - 1 / (n - 1)) with a
    90 % interval from the noncentral chi-square over df (n - 1) (Steiger, 1990); TLI (Tucker & Lewis, 1973)
    against independence, with the same correction of n; rms is the root mean square of the residual
    correlations, crms the same with df for the number of correlations.
    """
    from scipy.stats import chi2

    p, m = loadings.shape
    model = loadings @ loadings.T
    residual = correlations - model
    np.fill_diagonal(model, 1.0)
    np.fill_diagonal(residual, 0.0)
    log_r = float(np.linalg.slogdet(correlations)[1])
    objective = float(
        np.trace(np.linalg.solve(model, correlations)) - p + np.linalg.slogdet(model)[1] - log_r
    )
    df, null_df = p * (p - 1) // 2 - p * m + m * (m - 1) // 2, p * (p - 1) // 2
    rows = n - 1 - (2 * p + 5) / 6
    chisq, base = objective * (rows - 2 * m / 3), -log_r * (rows - 2 * m / 3) / null_df
    squares = float(np.sum(residual**2))
    tested = df > 0
    lower, upper = _rmsea_interval(chisq, df, n) if tested else (np.nan, np.nan)
    return FactorFit(
        chisq=chisq,
        df=df,
        pvalue=float(chi2.sf(chisq, df)) if tested else np.nan,
        tli=(base - chisq / df) / (base - 1) if tested else np.nan,
        rmsea=float(np.sqrt(max(chisq / (df * n) - 1 / (n - 1), 0.0))) if tested else np.nan,
        rmsea_lower=lower,
        rmsea_upper=upper,
        bic=float(chisq - df * np.log(n)) if tested else np.nan,
        objective=objective,
        null_chisq=-log_r * rows,
        null_df=null_df,
        rms=float(np.sqrt(squares / (p * (p - 1)))),
        crms=float(np.sqrt(squares / (2 * df))) if tested else np.nan,
    )


def _rmsea_interval(statistic: float, df: int, n: int, confidence: float = 0.90) -> tuple[float, float]:
    """From the noncentralities at which the statistic is at the upper and at the lower tail."""
    from scipy.optimize import brentq
    from scipy.stats import ncx2

    tail = (1 - confidence) / 2

    def limit(share: float) -> float:
        def distance(noncentrality: float) -> float:
            return float(ncx2.cdf(statistic, df, max(noncentrality, 1e-12))) - share

        if distance(0.0) < 0:
            return 0.0
        return float(np.sqrt(brentq(distance, 0.0, 10 * statistic + 10 * df) / (df * (n - 1))))

    return limit(1 - tail), limit(tail)
