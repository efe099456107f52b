"""How close is close for the engine: its names for the quantities of the one table of tolerances."""

from __future__ import annotations

from tolerances import agrees

NAMES = {
    "estimate": "estimates",
    "least squares estimate": "estimates of GLS, ULS, WLS, WLSMV",
    "standardized": "estimates",
    "log-likelihood": "log-likelihood",
    "standard error": "standard errors",
    "robust standard error": "robust standard errors",
    "chi-square": "chi-square",
    "scaled chi-square": "scaled chi-square",
    "fit index": "fit indices",
    "scaled fit index": "scaled and robust fit indices",
    "two-level log-likelihood": "two-level log-likelihood",
    "two-level standard error": "two-level standard errors",
    "two-level chi-square": "two-level chi-square",
    "two-level fit index": "two-level fit indices",
    "modification index": "modification indices",
    "factor score": "factor scores",
    "bootstrap interval": "bootstrap intervals",
}
# A standard error or chi-square of a reference that is zero, up to rounding: no quantity is ever that small.
ZERO = {"standard error": 1e-8, "robust standard error": 1e-8, "chi-square": 1e-6, "scaled chi-square": 1e-6}


def close(kind: str, mine: float, reference: float) -> bool:
    """Whether a value agrees with its reference."""
    return agrees(NAMES[kind], mine, reference) or max(abs(mine), abs(reference)) <= ZERO.get(kind, 0.0)
