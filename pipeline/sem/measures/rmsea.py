"""Root mean square error of approximation, its interval and tests (Steiger, 1990; Browne & Cudeck, 1993).

With a scaling factor c (Li & Bentler, 2006; Savalei, 2018) the estimate takes the unscaled statistic and c,
the interval and the tests the scaled statistic and c.
"""

from __future__ import annotations

import math


def rmsea(x2: float, df: float, n: float, groups: int = 1, c: float = 1.0) -> float:
    """sqrt(max(X2/df - c, 0) / N) * sqrt(groups)."""
    return math.sqrt(max(x2 / n / df - c / n, 0.0)) * math.sqrt(groups) if df > 0 else 0.0


def interval(
    x2: float, df: float, n: float, groups: int = 1, c: float = 1.0, *, level: float = 0.90
) -> tuple[float, float]:
    """Bounds from the non-centrality parameters at which X2 is the upper or lower quantile."""
    if not df >= 1:
        return 0.0, 0.0
    tail = (1 - level) / 2
    bounds = (_noncentrality(x2, df, 1 - tail, x2), _noncentrality(x2, df, tail, max(n, 4 * x2)))
    lower, upper = (math.sqrt(c * bound / (n * df)) * math.sqrt(groups) for bound in bounds)
    return lower, upper


def _noncentrality(x2: float, df: float, probability: float, largest: float) -> float:
    """Return the non-centrality with P(chi2 <= X2) = probability, or 0 where there is none."""
    from scipy.optimize import brentq
    from scipy.special import chndtr

    def excess(value: float) -> float:
        return float(chndtr(x2, df, value)) - probability

    if x2 <= 0 or excess(0.0) < 0 or excess(largest) > 0:
        return 0.0
    return float(brentq(excess, 0.0, largest, xtol=1e-12, rtol=1e-14))


def close_fit(
    x2: float, df: float, n: float, groups: int = 1, c: float = 1.0, *, bound: float = 0.05
) -> float:
    """P(a larger X2) if RMSEA were the bound: small values speak against close fit."""
    if not df > 0:
        return math.nan
    shift = n * df / c * bound**2 / groups
    return _upper_tail(x2, df, shift) if x2 > 0 else 1.0


def not_close_fit(
    x2: float, df: float, n: float, groups: int = 1, c: float = 1.0, *, bound: float = 0.08
) -> float:
    """P(a smaller X2) if RMSEA were the bound: small values speak against a fit that bad."""
    from scipy.special import chndtr

    if not df > 0:
        return math.nan
    return float(chndtr(x2, df, n * df / c * bound**2 / groups)) if x2 > 0 else 0.0


def _upper_tail(x2: float, df: float, shift: float) -> float:
    """P(noncentral chi2 > X2); a tail that 1 - P would round away is summed by itself, which is slow."""
    from scipy.special import chndtr

    lower = float(chndtr(x2, df, shift))
    if lower < 0.999:
        return 1 - lower
    from scipy.stats import ncx2

    return float(ncx2.sf(x2, df, shift))
