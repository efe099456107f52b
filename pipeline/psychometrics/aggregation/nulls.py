"""Variance of an item that is answered without agreement, under several response tendencies.

`rwg`, `rwg_j` and `r_star_wg_j` compare the variance within groups with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

Skew = Literal["slight", "moderate", "heavy"]

SKEWED: dict[str, tuple[float, ...]] = {
    "slight": (0.05, 0.15, 0.20, 0.35, 0.25),
    "moderate": (0.00, 0.10, 0.15, 0.40, 0.35),
    "heavy": (0.00, 0.00, 0.10, 0.40, 0.50),
}
"""Shares of five answers under a lenient tendency (James, Demaree & Wolf, 1984)."""


def uniform_null(categories: int) -> float:
    """Every answer equally likely: (A^2 - 1) / 12 (James, Demaree & Wolf, 1984)."""
    if categories < 2:
        raise PsychometricsError(f"an item with {categories} possible answers has no variance")
    return (categories**2 - 1) / 12


def skewed_null(skew: Skew) -> float:
    """Five answers, a tendency to the upper end: 1.34, 0.90 or 0.44 (LeBreton & Senter, 2008)."""
    if skew not in SKEWED:
        raise PsychometricsError(f"skew is 'slight', 'moderate' or 'heavy', not '{skew}'")
    return null_variance(SKEWED[skew])


def null_variance(shares: Sequence[float]) -> float:
    """Variance of answers 1, 2, ... given with these shares."""
    weights = np.asarray(shares, dtype=float)
    if len(weights) < 2 or np.any(weights < 0) or abs(weights.sum() - 1) > 1e-8:
        raise PsychometricsError("the shares of the possible answers have to be positive and add up to 1")
    answers = np.arange(1, len(weights) + 1)
    return float(weights @ answers**2 - (weights @ answers) ** 2)
