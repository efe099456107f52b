"""How close is close: the one table of tolerances against tests/reference. Nothing else sets one.

A value agrees when |value - reference| <= atol + rtol * |reference|.
"""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCES: dict[str, tuple[float, float]] = {
    # quantity: (atol, rtol)
    "estimates": (1e-5, 1e-5),  # single-level ML and FIML: estimates, standardized values
    "log-likelihood": (1e-5, 0.0),
    "estimates of GLS, ULS, WLS, WLSMV": (1e-4, 1e-4),
    "standard errors": (0.0, 1e-4),
    "robust standard errors": (0.0, 1e-3),
    "chi-square": (0.0, 1e-4),
    "scaled chi-square": (0.0, 1e-3),
    "fit indices": (1e-5, 1e-5),  # relative too: Hoelter's N and ECVI are no shares of one
    "modification indices": (1e-3, 1e-3),
    "scaled and robust fit indices": (1e-3, 0.0),
    "two-level log-likelihood": (1e-5, 0.0),
    "two-level standard errors": (0.0, 1e-3),
    "two-level chi-square": (5e-3, 1e-4),
    "two-level fit indices": (1e-4, 0.0),
    "polychorics": (1e-5, 0.0),
    "polychorics of psych": (1e-4, 0.0),
    "reliability": (1e-6, 0.0),  # alpha, item statistics, ICC, rwg, HTMT
    "omega by CFA": (1e-5, 0.0),
    "GLB": (1e-4, 0.0),
    "EFA": (1e-5, 0.0),
    "principal axis": (2e-3, 0.0),
    # R stops a rotation at 1e-5 of its criterion or gradient; ours goes on. Where its solution is carried on
    # to the end the two agree as "EFA".
    "rotated loadings": (2e-3, 0.0),
    "factor scores of rotated factors": (1e-4, 0.0),  # the same, on scores
    "omega of rotated factors": (3e-5, 0.0),  # the same, summed
    "IRT log-likelihood": (1e-3, 0.0),
    "IRT parameters": (2e-3, 0.0),
    "IRT standard errors": (0.0, 1e-3),  # theirs by Oakes' identity, numerically
    "IRT probability": (1e-3, 0.0),
    "factor scores": (1e-5, 0.0),
    "bootstrap intervals": (1e-4, 0.0),
    # Random intercepts against lme4, which stops at about 1e-6 of a standard error.
    "mixed model estimates": (5e-6, 0.0),
    "mixed model variances": (5e-6, 0.0),
    # Both are simulations: 20,000 draws here, 1,000,000 there; the bound is four standard errors of ours.
    "Monte Carlo limits": (0.02, 0.0),
    # Null distributions, simulated there with 2,000 draws and here with 10,000; parallel analysis.
    "simulated nulls": (0.01, 0.0),
    # Numbers as printed to three decimals.
    "three decimals": (5e-4, 0.0),
}

TWO_LEVEL_SHARE_OF_SE = 2e-3
"""Two-level estimates agree when they lie within this share of a standard error."""

SATURATED_SHARE_OF_SE = 2e-2
"""The same for moments without a model, where the referee stops at a log-likelihood up to .1 below ours."""


def assert_close(quantity: str, value: Any, reference: Any) -> None:
    """Fail with the largest difference where a value lies outside the tolerance for its kind."""
    atol, rtol = TOLERANCES[quantity]
    np.testing.assert_allclose(
        np.asarray(value, dtype=float), np.asarray(reference, dtype=float), atol=atol, rtol=rtol
    )


def agrees(quantity: str, value: float, reference: float) -> bool:
    """Whether a value lies inside the tolerance for its kind."""
    atol, rtol = TOLERANCES[quantity]
    return bool(abs(value - reference) <= atol + rtol * abs(reference))
