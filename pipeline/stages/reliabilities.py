"""Reliability of a scale as validate.json holds it: omega first, alpha beside it, and by level.

`stages/validate` calls `reliability_of` for each scale and facet that was scored from items.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import factors, scored
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import OmegaTwoLevel, Reliability

CONFIDENCE = 0.95
DRAWS = 1000
FEW_ANSWERS = 5
FEWEST_CLUSTERS = 20
ALPHA = (
    *("coefficient", "est", "ci_lower", "ci_upper", "confidence", "k", "n", "n_interval", "missing"),
    "warnings",
)
OPTIONS = {
    "confidence": CONFIDENCE,
    "omega": "omega of the sum of the items in their own unit, from one factor (McDonald, 1999; "
    "pipeline.sem, MLR, full information, errors by cluster as in the factor model); interval by the delta "
    "method on the logit",
    "omega_higher": "omega hierarchical from a second-order model of the facets (two facets: their "
    "correlation); interval as for omega (Flora, 2020)",
    "omega_levels": "omega within and between clusters (Geldhof et al., 2014), complete rows, "
    f"loadings free; tied over levels where a variance of the free model is negative; at least "
    f"{FEWEST_CLUSTERS} clusters; observed mean: Lai (2021)",
    "omega_categorical": f"omega of the sum of categories (Green & Yang, 2009; WLSMV), complete rows, where "
    f"items have at most {FEW_ANSWERS} possible answers",
    "alpha": "covariances of pairwise complete answers; Feldt interval (Feldt et al., 1987) with "
    "the rows of the pair of items answered together least",
    "alpha_bootstrap": f"percentiles of {DRAWS} resamples of complete rows",
    "bounds": "lambda 2, 4, 6 (Guttman, 1945; lambda 4 of all splits, or 2,000 random ones), the greatest "
    "lower bound (Woodhouse & Jackson, 1977), which is too high in small samples; complete rows",
}


def reliability_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, alpha: Reliability, told: Told
) -> dict[str, Any]:
    """Alpha as it was found, with the other coefficients beside it."""
    answers = block.answers(frames)
    upper = factors.cluster(study, frames, block.level)
    units = None if upper is None else frames[block.level][upper]
    found: dict[str, Any] = {name: getattr(alpha, name) for name in ALPHA} | {"level": block.level}
    found["omega"] = _omega(answers, units, upper, block, told)
    found["higher"] = _higher(study, block, answers, units, told)
    found["levels"] = _levels(study, frames, block, answers, told)
    found["categorical"] = _categorical(study, block, answers, told)
    found["bounds"] = told.attempt(
        "lower bounds", block.score, partial(_bounds, answers, study.declared.seed)
    )
    return found


def _omega(
    answers: pd.DataFrame, units: pd.Series | None, upper: str | None, block: Block, told: Told
) -> dict[str, Any] | None:
    from pipeline.psychometrics import omega_factor

    if answers.shape[1] < 3:
        told.note("omega", block.score, "with two items one factor is not identified")
        return None
    omega = told.attempt("omega", block.score, lambda: omega_factor(answers, units, CONFIDENCE))
    if omega is None:
        return None
    names = ("est", "se", "ci_lower", "ci_upper", "confidence", "k", "n", "clusters", "handling")
    return {name: getattr(omega, name) for name in names} | {"cluster": upper}


def _higher(
    study: LoadedStudy, block: Block, answers: pd.DataFrame, units: pd.Series | None, told: Told
) -> dict[str, Any] | None:
    """Omega hierarchical of a scale whose facets share out its items."""
    from pipeline.psychometrics import omega_higher

    parts = {} if block.facet else scored.partition(study, block.scale)
    if len(parts) < 2 or min(map(len, parts.values())) < 2:
        return None
    found = told.attempt(
        "omega hierarchical", block.score, lambda: omega_higher(answers, parts, units, CONFIDENCE)
    )
    if found is None:
        return None
    if not found.admissible:
        told.note("omega hierarchical", block.score, "the model of the facets has a variance below zero")
        return None
    rows = {str(name): row.to_dict() for name, row in found.frame.iterrows()}
    return rows | {"n": found.n, "clusters": found.clusters, "facets": len(parts)}


def _levels(
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    block: Block,
    answers: pd.DataFrame,
    told: Told,
) -> dict[str, Any]:
    """Omega within and between the units of the next level above."""
    from pipeline.psychometrics import omega_two_level

    if block.facet or answers.shape[1] < 3:
        return {}
    found: dict[str, Any] = {}
    for upper in scored.linked(study, frames, block.level)[:1]:
        units = frames[block.level][upper]
        if units.nunique() < FEWEST_CLUSTERS:
            told.note("two-level omega", block.score, f"fewer than {FEWEST_CLUSTERS} clusters")
            continue
        free = told.attempt(
            "two-level omega", block.score, partial(omega_two_level, answers, units, "free", CONFIDENCE)
        )
        chosen = free
        if free is None or not free.admissible:
            chosen = told.attempt(
                "two-level omega", block.score, partial(omega_two_level, answers, units, "equal", CONFIDENCE)
            )
        if chosen is not None:
            found[upper] = _of_levels(chosen)
    return found


def _of_levels(found: OmegaTwoLevel) -> dict[str, Any]:
    rows = {str(name): row.to_dict() for name, row in found.frame.iterrows()}
    names = ("loadings", "n", "clusters", "harmonic_size", "admissible")
    return rows | {name: getattr(found, name) for name in names}


def _categorical(
    study: LoadedStudy, block: Block, answers: pd.DataFrame, told: Told
) -> dict[str, Any] | None:
    from pipeline.psychometrics import omega_categorical

    instrument = study.instruments[block.scale]
    most = max(len(instrument.responses(item)) for item in block.items)
    if most > FEW_ANSWERS or answers.shape[1] < 3:
        return None
    found = told.attempt("categorical omega", block.score, lambda: omega_categorical(answers))
    return None if found is None else {"est": found.est, "n": found.n, "categories": found.categories}


def _bounds(answers: pd.DataFrame, seed: int) -> dict[str, Any]:
    from pipeline.psychometrics import alpha_interval, glb, guttman, split_half

    lower = guttman(answers, most_splits=2000, seed=seed)
    halves = split_half(answers, most=2000, seed=seed)
    boot = alpha_interval(answers, DRAWS, confidence=CONFIDENCE, seed=seed)
    return {
        "n": lower.n,
        **{name: lower[name] for name in ("lambda2", "lambda4", "lambda6")},
        "glb": glb(answers).est,
        "split_half": [halves.smallest, halves.mean, halves.largest],
        "alpha_complete": boot.est,
        "alpha_bootstrap": [boot.ci_lower, boot.ci_upper],
        "draws": len(boot.values),
    }
