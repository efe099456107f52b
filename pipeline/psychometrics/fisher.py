"""The interval of a correlation, which stays between -1 and 1.

`competing`, `scoring` and the validate stage call it: correlations of factors, of items with the rest of
their scale, and standardized loadings.
"""

from __future__ import annotations

import math


def fisher_interval(r: float, se: float, confidence: float = 0.95) -> tuple[float, float]:
    """Limits by the delta method on Fisher's z: tanh(atanh r -+ quantile se / (1 - r^2)) (Browne, 1982).

    With the textbook error (1 - r^2) / sqrt(n - 3) this is the interval of Fisher (1921). It is undefined
    (NaN) where r lies at or beyond a bound: such an estimate is no correlation.
    """
    from scipy.stats import norm

    if not (abs(r) < 1 and math.isfinite(se)):
        return math.nan, math.nan
    reach = float(norm.ppf((1 + confidence) / 2)) * se / (1 - r**2)
    centre = math.atanh(r)
    return math.tanh(centre - reach), math.tanh(centre + reach)
