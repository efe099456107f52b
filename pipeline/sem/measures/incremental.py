"""Comparison with the baseline model: CFI (Bentler, 1990), TLI (Tucker & Lewis, 1973) and their relatives."""

from __future__ import annotations

import math


def cfi(
    x2: float, df: float, x2_null: float, df_null: float, *, c: float = 1.0, c_null: float = 1.0
) -> float:
    """1 - max(X2 - c df, 0) / max(X2 - c df, X2_0 - c_0 df_0, 0).

    Robust with scaling factors c (Brosseau-Liard & Savalei, 2014).
    """
    above = max(x2 - c * df, 0.0)
    below = max(x2 - c * df, x2_null - c_null * df_null, 0.0)
    return 1.0 if below < 1.5e-8 else 1.0 - above / below


def rni(
    x2: float, df: float, x2_null: float, df_null: float, *, c: float = 1.0, c_null: float = 1.0
) -> float:
    """1 - (X2 - df) / (X2_0 - df_0), without truncation (McDonald & Marsh, 1990)."""
    below = x2_null - c_null * df_null
    return 1.0 - (x2 - c * df) / below if below else math.nan


def tli(
    x2: float, df: float, x2_null: float, df_null: float, *, c: float = 1.0, c_null: float = 1.0
) -> float:
    """1 - (X2/df - 1) / (X2_0/df_0 - 1), also called NNFI."""
    below = (x2_null - c_null * df_null) * df
    return 1.0 if df <= 0 or below == 0 else 1.0 - (x2 - c * df) * df_null / below


def nfi(x2: float, df: float, x2_null: float, df_null: float) -> float:
    """(X2_0 - X2) / X2_0 (Bentler & Bonett, 1980); none where the baseline has fewer degrees of freedom."""
    return (x2_null - x2) / x2_null if x2_null and df <= df_null else math.nan


def pnfi(x2: float, df: float, x2_null: float, df_null: float) -> float:
    """NFI times df / df_0 (James, Mulaik & Brett, 1982)."""
    return df / df_null * (x2_null - x2) / x2_null if df_null > 0 and x2_null > 0 else math.nan


def rfi(x2: float, df: float, x2_null: float, df_null: float) -> float:
    """1 - (X2/df) / (X2_0/df_0) (Bollen, 1986)."""
    if df > df_null:
        return math.nan
    if df <= 0:
        return 1.0
    return (x2_null / df_null - x2 / df) / (x2_null / df_null) if x2_null else math.nan


def ifi(x2: float, df: float, x2_null: float) -> float:
    """(X2_0 - X2) / (X2_0 - df) (Bollen, 1989)."""
    below = x2_null - df
    if below < 0:
        return 1.0
    return (x2_null - x2) / below if below > 1.5e-8 else math.nan
