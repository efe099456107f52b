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
from pipeline.stages import laid, model_options, scored, second_opinion
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.stages.path_models import PathModels, design_of, path_models
from pipeline.stages.verdicts import judged, route_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import IndirectEffects, PathGraph, PathModel

Effects = Mapping[str, "IndirectEffects"]


def model(study: LoadedStudy, workspace: Workspace) -> None:
    """Fit the path, work out its effects, judge the hypotheses; write model.json."""
    from pipeline.mediation import MediationError, PathGraph

    _refuse_unavailable(study)
    frames = scored.read_frames(study, workspace)
    try:
        graph, design = PathGraph.of(study.edges), design_of(study)
        models = path_models(study, graph, frames, design)
        effects = {fit.kind: _effects(study, graph, fit) for fit in models.every}
    except MediationError as error:
        raise StudyError.of(f"data/{study.id}/study.yaml", str(error)) from error
    result = _result(study, models, effects)
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
        "measurement": told.measurement,
        "missing": told.missing,
        "missing_declared": "missing" in told.model_fields_set,
        "seed": told.seed,
        "intervals": told.intervals.model_dump(mode="json"),
    }


def _result(study: LoadedStudy, models: PathModels, effects: Effects) -> dict[str, Any]:
    """Everything about the path that model.json holds."""
    main, flat, beside = models.main, models.flat, models.beside
    own = effects[main.kind]
    place = [model_options.in_its_place(models.why_not)] if models.why_not else []
    return laid.whole(main, own) | {
        "manifest": laid.whole(beside, effects[beside.kind]) if beside else None,
        "flat": laid.fitted(flat, effects["flat"])
        | {"equations": laid.equations(flat), "second_opinion": second_opinion.two_programs(flat)},
        "options": model_options.options(study, main),
        "labels": model_options.labels(main, models.why_not),
        "warnings": [*place, *main.warnings, *second_opinion.disagreement(flat)],
        "second_opinion": second_opinion.of_equations(models.manifest or main)
        | second_opinion.within(models.manifest, models.complete),
        "densities": own.densities,
        "hypotheses": [judged(study, one, main, own) for one in study.declared.hypotheses],
    }


def _refuse_unavailable(study: LoadedStudy) -> None:
    """What is declared and cannot be done is refused, not replaced."""
    told = study.declared
    if told.measurement == "latent":
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            f"measurement: latent is declared, but {model_options.SCORES.partition(': ')[2]}",
            "write 'scores' or 'auto'",
        )
    if told.missing == "fiml" and _has_clusters(study):
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            "missing: fiml is declared, but models within and between clusters use the rows complete for "
            "each equation; full information is there for studies with one level",
            "write 'listwise'",
        )


def _has_clusters(study: LoadedStudy) -> bool:
    """Whether a level lies above the lowest one of the path."""
    on_path = {study.level_of(name) for edge in study.edges for name in edge}
    return bool(study.above(min(on_path, key=study.levels.index)))


def _effects(study: LoadedStudy, graph: PathGraph, fit: PathModel) -> IndirectEffects:
    from pipeline.mediation import indirect_effects

    told = study.declared
    asked = [route_of(one) for one in told.hypotheses]
    return indirect_effects(fit, graph, told.intervals.draws, told.seed, told.intervals.level, also=asked)
