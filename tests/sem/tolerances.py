"""How close is close: (absolute, relative) tolerance of each quantity against tests/reference."""

from __future__ import annotations

TOLERANCES = {
    "estimate": (1e-5, 1e-5),
    "least squares estimate": (1e-4, 1e-4),
    "standardized": (1e-5, 1e-5),
    "log-likelihood": (1e-5, 0.0),
    "standard error": (1e-8, 1e-4),
    "robust standard error": (1e-8, 1e-3),
    "chi-square": (1e-6, 1e-4),
    "scaled chi-square": (1e-6, 1e-3),
    "fit index": (1e-5, 1e-5),
    "scaled fit index": (1e-3, 1e-3),
    "two-level log-likelihood": (1e-5, 0.0),
    "two-level standard error": (1e-8, 1e-3),
    "two-level chi-square": (5e-3, 1e-4),
    "two-level fit index": (1e-4, 0.0),
    "modification index": (1e-3, 1e-3),
    "factor score": (1e-5, 0.0),
    "bootstrap interval": (1e-4, 0.0),
}


def close(kind: str, mine: float, reference: float) -> bool:
    """Whether a value agrees with its reference."""
    absolute, relative = TOLERANCES[kind]
    return abs(mine - reference) <= absolute + relative * abs(reference)
