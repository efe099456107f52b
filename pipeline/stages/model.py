"""From scores to the mediation within and between clusters, other models beside it, and verdicts.

The plan calls `model`; it reads the scored frames and writes model.json. `path_models` fits, `model_options`
tells what was done, `second_opinion` what another program says, `verdicts` judges; what else the model stage
finds out stands in a module of its own and adds its part here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages import conditional, congruence, laid, model_options, power, scored, second_opinion
from pipeline.stages import effects as beside_effects
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.stages.flat_model import flat_model
from pipeline.stages.path_models import PathModels, design_of, path_models
from pipeline.stages.responding import without_careless
from pipeline.stages.rivals import rivals
from pipeline.stages.sensitivity import sensitivity
from pipeline.stages.undecomposed import undecomposed
from pipeline.stages.verdicts import judged, route_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, IndirectEffects, PathGraph, PathModel, Resamples

Effects = Mapping[str, "IndirectEffects"]


def model(study: LoadedStudy, workspace: Workspace) -> None:
    """Fit the path, work out its effects, judge the hypotheses; write model.json."""
    from pipeline.mediation import MediationError, PathGraph

    frames = scored.read_frames(study, workspace)
    try:
        graph, design = PathGraph.of(study.edges), design_of(study)
        models = path_models(study, graph, frames, design)
        resamples = beside_effects.resampled(study, models.main)
        effects = {fit.kind: _effects(study, graph, fit) for fit in models.every if fit is not models.main}
        effects |= {models.main.kind: _effects(study, graph, models.main, resamples)}
        further = _further(study, models, graph, frames, design)
        own = effects[models.main.kind]
        further |= {
            "flat": flat_model(study, models.flat, effects["flat"], graph, frames),
            "sensitivity": sensitivity(study, models.main, own, graph, frames),
            "careless": without_careless(study, models.main, own, graph, frames),
        }
    except MediationError as error:
        raise StudyError.of(f"data/{study.id}/study.yaml", str(error)) from error
    result = _result(study, models, effects, resamples) | further
    write_json(workspace.build / "model" / "model.json", result)


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The scored frames."""
    return scored.frame_paths(study, workspace)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:  # noqa: ARG001
    """The results."""
    return (workspace.build / "model" / "model.json",)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """The path, where its variables are measured, hypotheses and options."""
    told = study.declared
    return {
        "levels": study.levels,
        "path": study.edges,
        "measured": dict(design_of(study).measured),
        "covariates": {name: list(one.predicts) for name, one in told.covariates.items()},
        "hypotheses": [one.model_dump(mode="json") for one in told.hypotheses],
        "rivals": [one.model_dump(mode="json") for one in told.rivals],
        "moderators": [one.model_dump(mode="json") for one in told.moderators],
        "congruence": [one.model_dump(mode="json") for one in told.congruence],
        "published": [one.model_dump(mode="json") for one in told.published],
        "measurement": told.measurement,
        "items": {name: _items(study, name) for name in study.instruments},
        "missing": told.missing,
        "missing_declared": "missing" in told.model_fields_set,
        "between_variances": told.between_variances,
        "small_cell": told.small_cell,
        "seed": told.seed,
        "intervals": told.intervals.model_dump(mode="json"),
    }


def _items(study: LoadedStudy, scale: str) -> dict[str, object]:
    """What stands behind a score."""
    used = study.instruments[scale]
    return {
        "items": list(study.columns(scale)),
        "rule": used.scoring.rule,
        "factor": used.scoring.factor,
        "safety_items": list(used.safety_items),
    }


def _result(
    study: LoadedStudy, models: PathModels, effects: Effects, resamples: Resamples | None
) -> dict[str, Any]:
    """Everything about the path that model.json holds."""
    main, beside, other = models.main, models.beside, models.measured.other
    own = effects[main.kind]
    place = [model_options.in_its_place(models.why_not)] if models.why_not else []
    warnings = [
        *main.warnings,
        *beside_effects.warnings(resamples),
        *second_opinion.disagreement(models.flat),
    ]
    return laid.whole(main, own) | {
        **beside_effects.sections(own, resamples),
        "manifest": laid.whole(beside, effects[beside.kind]) if beside else None,
        "other": laid.whole(other, effects[other.kind]) if other else None,
        "why_no_other": models.measured.why_no_other,
        "options": model_options.options(study, main, models.measured),
        "labels": model_options.labels(study, main, models.measured, models.why_not),
        "warnings": [*place, *warnings],
        "second_opinion": second_opinion.of_models(models),
        "densities": own.densities,
        "hypotheses": [judged(study, one, main, own) for one in study.declared.hypotheses],
    }


def _further(
    study: LoadedStudy,
    models: PathModels,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
) -> dict[str, Any]:
    """What stands beside the models of the path, each part from a module of its own."""
    return {
        "rivals": rivals(study, models, graph, frames, design),
        "power": power.section(study, graph, frames, design),
        "moderation": conditional.moderation(study, graph, frames, design),
        "congruence": congruence.congruence(study, frames),
        "undecomposed": undecomposed(study, graph, frames, design),
    }


def _effects(
    study: LoadedStudy, graph: PathGraph, fit: PathModel, resamples: Resamples | None = None
) -> IndirectEffects:
    from pipeline.mediation import indirect_effects

    told = study.declared
    asked = [route_of(one) for one in told.hypotheses]
    draws, level = told.intervals.draws, told.intervals.level
    return indirect_effects(fit, graph, draws, told.seed, level, also=asked, resamples=resamples)
