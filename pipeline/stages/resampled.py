"""Which results rest on random draws: part of the origin of every number in results.json.

`stages/results` writes the places beside each stage's results; `stages/verify` reads them back and gives
such numbers the wider tolerance. `*` stands for one step of a place, `**` for any that follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

_DRAWN = ("ci_lower", "ci_upper", "pvalue", "boot_*", "bc_lower", "bc_upper")
PLACES: Mapping[str, tuple[str, ...]] = {
    "validate": (
        "**/bounds/alpha_bootstrap/*",
        "agreement/*/*/null/*",
        "dimensionality/**/eigenvalues/*/*_mean",
        "dimensionality/**/eigenvalues/*/*_limit",
        "validity/*/htmt/*/*/ci_*",
    ),
    "model": (
        *(f"indirect/*/{name}" for name in _DRAWN),
        *(f"contrasts/*/{name}" for name in _DRAWN),
        *(f"proportions/*/{name}" for name in _DRAWN),
        *(f"contextual_indirect/*/{name}" for name in _DRAWN),
        *(f"*/indirect/*/{name}" for name in _DRAWN),
        *(f"hypotheses/*/{name}" for name in _DRAWN),
        "bootstrap/usable",
        "bootstrap/inadmissible",
        "densities/**",
        "careless/rows/*/*/ci_*",
        "sensitivity/rows/*/ci_*",
        "sensitivity/rows/*/rho_interval",
        "sensitivity/rows/*/rho_interval/*",
        "sensitivity/curves/*/ci_*/*",
        *(f"moderation/conditional_indirect/*/{name}" for name in _DRAWN),
        *(f"moderation/index/*/{name}" for name in _DRAWN),
    ),
}


def is_resampled(place: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether a place within a stage's results fits one of the patterns."""
    return any(_fits(tuple(place), tuple(pattern.split("/"))) for pattern in patterns)


def _fits(place: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern or not place:
        return not pattern and not place
    if pattern[0] == "**":
        return len(pattern) == 1 or any(_fits(place[n:], pattern[1:]) for n in range(len(place)))
    return fnmatchcase(place[0], pattern[0]) and _fits(place[1:], pattern[1:])
