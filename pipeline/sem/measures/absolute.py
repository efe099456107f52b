"""Hoelter's critical N (1983), McDonald's index (1989) and ECVI (Browne & Cudeck, 1989)."""

from __future__ import annotations

import math


def critical_n(x2: float, df: float, n: float, alpha: float) -> float:
    """Sample size at which X2 would just be significant: quantile / (X2 / N) + 1."""
    from scipy.special import chdtri

    if df <= 0 or x2 <= 0:
        return math.nan
    return float(chdtri(df, alpha)) / (x2 / n) + 1


def mfi(x2: float, df: float, n: float) -> float:
    """exp(-(X2 - df) / 2N)."""
    return math.exp(-0.5 * (x2 - df) / n)


def ecvi(x2: float, npar: int, n: float) -> float:
    """X2 / N + 2 npar / N."""
    return x2 / n + 2 * npar / n
