"""Response surfaces of a study: from declared congruence to the part `congruence` of model.json.

`stages/model` calls `congruence`. With clusters the surface within them answers the question; that of whole
scores stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.study import LoadedStudy, score_range

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Surface
    from pipeline.study import Congruence

WITHIN = (
    "within clusters: scores count from the means of their cluster, squares and product are made of these "
    "deviations and centred again, so that what differs between clusters does not enter; agreement means "
    "being as far above or below the others of one's cluster in both"
)
WHOLE = (
    "whole scores, counted from the midpoint of the response scale: agreement means the same answer to both; "
    "slopes mix what holds within clusters and between them"
)
ALONE = "scores count from the midpoint of the response scale: agreement means the same answer to both"


def congruence(study: LoadedStudy, frames: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Every declared surface, within clusters where there are any, and of whole scores."""
    return [_entry(study, one, frames) for one in study.declared.congruence]


def _entry(study: LoadedStudy, one: Congruence, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    from pipeline.mediation import discrepancies

    level = study.level_of(one.outcome)
    frame = frames[level]
    centre, ends = _midpoint(study, one)
    surfaces, reasons = _surfaces(study, one, frames, centre)
    return {
        "outcome": one.outcome,
        "of": list(one.of),
        "level": level,
        "midpoint": centre,
        "range": ends,
        "surfaces": surfaces,
        "discrepancies": discrepancies(frame[one.of[0]], frame[one.of[1]]) if surfaces else None,
        "reasons": reasons,
    }


def _midpoint(study: LoadedStudy, one: Congruence) -> tuple[float, list[float] | None]:
    """The middle of the response scale and its ends, where an instrument states them."""
    if one.midpoint is not None:
        return one.midpoint, None
    ends = score_range(study.instruments[one.of[0]])
    assert ends is not None
    return (ends[0] + ends[1]) / 2, list(ends)


def _surfaces(
    study: LoadedStudy, one: Congruence, frames: Mapping[str, pd.DataFrame], centre: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """The surfaces that can be fitted, and why others cannot."""
    from pipeline.mediation import MediationError, fit_surface

    level = study.level_of(one.outcome)
    frame = frames[level]
    scores = frame[[*one.of, one.outcome]]
    above = scored.linked(study, frames, level)
    robust = _robust(frame, above)
    ways = {"within": frame[above[0]]} if above else {}
    found, reasons = [], []
    for name, clusters in {**ways, "flat": None}.items():
        try:
            fit = fit_surface(
                scores,
                centre,
                clusters,
                robust=robust,
                confidence=study.declared.intervals.level,
                smallest_cell=study.declared.small_cell,
            )
        except MediationError as error:
            reasons.append(f"{name}: {error}")
        else:
            found.append(_surface(fit, clustered=bool(above)))
    return found, reasons


def _robust(frame: pd.DataFrame, above: list[str]) -> pd.Series | None:
    """Ids of the highest level above with enough units for errors that are robust to it."""
    from pipeline.mediation import FEWEST_UNITS

    enough = [level for level in above if frame[level].nunique() >= FEWEST_UNITS]
    return frame[enough[-1]] if enough else None


def _surface(fit: Surface, *, clustered: bool) -> dict[str, Any]:
    label = WITHIN if fit.level == "within" else WHOLE if clustered else ALONE
    return {
        "level": fit.level,
        "centre": fit.centre,
        "n": fit.n,
        "errors": fit.errors,
        "clusters": fit.clusters,
        "intercept": fit.intercept,
        "coefficients": fit.coefficients.to_dict("records"),
        "surface": fit.surface.to_dict("records"),
        "r2": fit.r2,
        "r2_linear": fit.r2_linear,
        "stationary": list(fit.stationary) if fit.stationary else None,
        "hull": [[round(x, 2), round(y, 2)] for x, y in fit.hull],
        "label": label,
    }
