"""Moderated mediation of a study: from declared moderators to the part `moderation` of model.json.

`stages/model` calls `moderation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.stages import effects, model_options
from pipeline.stages.path_models import covariates_of
from pipeline.stages.small_cells import blunted
from pipeline.study import LoadedStudy, default_level

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, ModeratedModel, Moderation, PathGraph
    from pipeline.study import Moderator

AVERAGES = (
    "slopes within clusters are averages over them: that a slope may differ from one cluster to the next for "
    "other reasons than the moderator is not modelled (no random slopes)"
)
CENTRED = (
    "products within clusters are made of deviations from cluster means; a moderator of a higher level "
    "counts from its mean and has its own slope between clusters"
)
INCOMPLETE = (
    "a row that lacks a part of a product lacks the product, which full information treats as one more "
    "variable: without bias where answers are missing completely at random (Seaman et al., 2012)"
)
SCORES = "moderation is estimated with scale scores, whose measurement error draws products towards zero"


def moderation(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
) -> dict[str, Any] | None:
    """Fit the path with the declared product terms; None where none are declared.

    MediationError for a moderation that the path cannot have. Where the model has no usable solution, the
    reason stands in place of results.
    """
    from pipeline.mediation import NotEstimable, fit_moderated

    told = study.declared
    if not told.moderators:
        return None
    asked = [_moderation(one, graph, design) for one in told.moderators]
    covariates, missing = covariates_of(study, study.edges), model_options.missing(study)
    try:
        fit = fit_moderated(
            graph,
            frames,
            design,
            covariates,
            asked,
            confidence=told.intervals.level,
            missing=missing,
            bounds=model_options.bounds(study),
        )
    except NotEstimable as reason:
        return _nothing(str(reason))
    return _found(study, _without_ends(study, fit), missing)


def _without_ends(study: LoadedStudy, fit: ModeratedModel) -> ModeratedModel:
    """The model with no value of a few at the ends of a moderator that has a safety item."""
    scales = {
        key: replace(scale, observed=blunted(study, key[0], scale.observed))
        for key, scale in fit.scales.items()
    }
    return replace(fit, scales=scales)


def _nothing(reason: str) -> dict[str, Any]:
    return {
        "reason": f"the model with product terms has no usable solution: {reason}",
        "moderators": [],
        "simple_slopes": [],
        "conditional_indirect": [],
        "index": [],
        "johnson_neyman": [],
        "bootstrap": None,
        "notes": [],
    }


def _found(study: LoadedStudy, fit: ModeratedModel, missing: str) -> dict[str, Any]:
    from pipeline.mediation import (
        conditional_indirect,
        draw_slopes,
        index_of_moderation,
        johnson_neyman,
        resample,
        simple_slopes,
    )

    told = study.declared
    drawn = draw_slopes(fit.model, told.intervals.draws, told.seed)
    resamples = resample(fit.model, told.intervals.bootstrap, told.seed)
    return {
        "reason": None,
        "kind": fit.model.kind,
        "robust_unit": fit.model.unit,
        "moderators": [_moderator(fit, one) for one in fit.moderations],
        "simple_slopes": _rows(simple_slopes(fit, resamples)),
        "conditional_indirect": _rows(conditional_indirect(fit, drawn, resamples)),
        "index": _rows(index_of_moderation(fit, drawn, resamples)),
        "johnson_neyman": _rows(johnson_neyman(fit)),
        "bootstrap": effects.bootstrap(resamples),
        "notes": [*_notes(fit, missing), *effects.warnings(resamples)],
    }


def _moderation(one: Moderator, graph: PathGraph, design: Design) -> Moderation:
    from pipeline.mediation import Moderation

    source, _, target = (part.strip() for part in one.of.partition("->"))
    lowest = design.lowest(graph)
    if design.above(lowest):
        level = one.level or default_level((source, target), dict(design.measured), lowest)
    else:
        level = "flat"
    return Moderation(one.moderator, (source, target), level, one.values, one.unit)


def _moderator(fit: ModeratedModel, one: Moderation) -> dict[str, Any]:
    """The product's slope, the moderator's scale, and the lines and the curve of its figure."""
    from pipeline.mediation import simple_lines, slope_curve

    scale, equation = fit.scale(one), fit.model.equations[one.arrow[1]]
    row = fit.model.slopes()[one.slope]
    names = ("est", "se", "z", "df", "pvalue", "ci_lower", "ci_upper")
    return {
        "moderator": one.moderator,
        "predictor": one.arrow[0],
        "outcome": one.arrow[1],
        "level": one.level,
        **{name: row[name] for name in names},
        "unit": one.unit,
        "values": [{"value": value, "at": scale.at(value, one.unit)} for value in one.values],
        "centre": scale.centre,
        "sd": scale.sd,
        "by_cluster": scale.by_cluster,
        "measured_on": scale.units,
        "n": equation.n,
        "clusters": dict(equation.clusters),
        "lines": simple_lines(fit, one),
        "curve": slope_curve(fit, one),
    }


def _notes(fit: ModeratedModel, missing: str) -> list[str]:
    levels = {one.level for one in fit.moderations}
    notes = [SCORES]
    if "within" in levels:
        notes += [CENTRED, AVERAGES]
    if missing == "fiml":
        notes.append(INCOMPLETE)
    return [*notes, *fit.model.warnings]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is not there is null."""
    known = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in known.to_dict("records")]
