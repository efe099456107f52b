"""The models of a study's path: which are fitted, and which of them is the main one.

`stages/model` calls `path_models`. With clusters the main model has latent cluster means; the one with
manifest means takes its place where that has no usable solution. It rests on scale scores or on latent
variables behind the items, as the study declares or `measurement` decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.declaration import StudyError
from pipeline.stages import scored
from pipeline.stages.measurement import LATENT, NO_ITEMS, SCORES, Measured, indicators, policy, too_large
from pipeline.stages.model_options import bounds, missing
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, Indicators, LatentRows, PathGraph, PathModel
    from pipeline.mediation.rows import Missing

DECLARED = "the study declares it"


@dataclass(frozen=True)
class PathModels:
    """Fits of one path.

    `main` is what the report rests on; `manifest` has observed cluster means; `flat` ignores clusters;
    `complete` is the model with latent means on complete rows, for comparison with another program.
    `why_not` says why there is none with latent means; `measured` whether `main` rests on scale scores or on
    latent variables, and holds the other.
    """

    main: PathModel
    manifest: PathModel | None
    flat: PathModel
    complete: PathModel | None
    why_not: str | None
    measured: Measured

    @property
    def every(self) -> tuple[PathModel, ...]:
        """Those whose effects are worked out, the main one first."""
        fits = (self.main, self.measured.other, self.manifest, self.flat)
        return tuple({fit.kind: fit for fit in fits if fit}.values())

    @property
    def beside(self) -> PathModel | None:
        """The model with manifest means, where it is not the main one."""
        return None if self.manifest is self.main else self.manifest


def path_models(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> PathModels:
    """Fit them all; MediationError where the path or the data cannot carry any."""
    manifest = _manifest(study, graph, frames, design)
    fit = partial(_latent, study, graph, frames, design)
    latent, why_not = fit(missing(study)) if manifest else (None, None)
    complete = fit("listwise")[0] if latent else None
    flat = _flat(study, graph, frames, design, study.declared.missing if manifest else missing(study))
    scores = latent or manifest or flat
    main, measured = _measured(study, graph, frames, design, scores)
    return PathModels(main, manifest, flat, complete, why_not, measured)


def again(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design, kind: str
) -> PathModel | None:
    """The main model fitted to other frames; None where it has no usable solution there.

    `kind` is that of the main model. One of latent variables is stood in for by that of scores.
    """
    if kind == "flat" or not design.above(design.lowest(graph)):
        return _flat(study, graph, frames, design, missing(study))
    if kind in {"latent", "latent_variables"}:
        return _latent(study, graph, frames, design, missing(study))[0]
    return _manifest(study, graph, frames, design)


def _measured(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    scores: PathModel,
) -> tuple[PathModel, Measured]:
    """The model that the report rests on, and which of scores and latent variables that is."""
    from pipeline.mediation import free_parameters

    asked, behind = study.declared.measurement, indicators(study, graph)
    rows, why_not = _rows(study, graph, frames, design, behind)
    if rows is None:
        return scores, _scores_alone(study, str(why_not))
    choice, reason = (asked, DECLARED) if asked != "auto" else policy(rows, free_parameters(rows))
    latent, why_not = _latent_variables(study, graph, design, rows)
    if latent is None and choice == SCORES:
        return scores, Measured(SCORES, reason, None, why_not)
    if latent is None:
        return scores, _scores_alone(study, str(why_not) if asked == LATENT else f"{reason}; but {why_not}")
    if choice == LATENT:
        return latent, Measured(LATENT, reason, scores)
    return scores, Measured(SCORES, reason, latent)


def _rows(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    behind: Mapping[str, Indicators],
) -> tuple[LatentRows | None, str | None]:
    """What a model of latent variables is fitted on, or why there is none."""
    from pipeline.mediation import NotEstimable, latent_variable_rows

    if not behind:
        return None, NO_ITEMS
    covariates = _covariates(study)
    try:
        rows = latent_variable_rows(graph, frames, design, behind, covariates, missing=missing(study))
    except NotEstimable as error:
        return None, str(error)
    return rows, None


def _scores_alone(study: LoadedStudy, why_not: str) -> Measured:
    """Scale scores, because latent variables cannot be had; refused where the study declares those."""
    asked = study.declared.measurement
    if asked == LATENT:
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            f"measurement: latent is declared, but {why_not}",
            "write 'scores' or 'auto'",
        )
    return Measured(SCORES, DECLARED if asked == SCORES else why_not, None, why_not)


def _latent_variables(
    study: LoadedStudy, graph: PathGraph, design: Design, rows: LatentRows
) -> tuple[PathModel | None, str | None]:
    """The model of latent variables, or why there is none."""
    from pipeline.mediation import NotEstimable, fit_latent_variables

    large = too_large(rows)
    if large and study.declared.measurement != LATENT:
        return None, large
    confidence = study.declared.intervals.level
    try:
        fit = fit_latent_variables(
            rows, graph, design, confidence, missing=missing(study), bounds=bounds(study)
        )
    except NotEstimable as error:
        return None, f"the model of latent variables has no usable solution: {error}"
    return fit, None


def design_of(study: LoadedStudy) -> Design:
    """At which level each score and covariate is measured."""
    from pipeline.mediation import Design

    names = [*scored.scored_names(study), *study.declared.covariates]
    return Design(study.levels, {name: study.level_of(name) for name in names})


def covariates_of(study: LoadedStudy, edges: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Outcome of these arrows -> the covariates that enter its equation."""
    outcomes = dict.fromkeys(target for _, target in edges)
    entering = study.declared.covariates.items()
    return {outcome: tuple(name for name, one in entering if outcome in one.predicts) for outcome in outcomes}


def _covariates(study: LoadedStudy) -> dict[str, tuple[str, ...]]:
    return covariates_of(study, study.edges)


def _manifest(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> PathModel | None:
    """The model with observed cluster means, or None where the design has no clusters."""
    from pipeline.mediation import fit_decomposed

    if not design.above(design.lowest(graph)):
        return None
    return fit_decomposed(graph, frames, design, _covariates(study), study.declared.intervals.level)


def _latent(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    missing: str,
) -> tuple[PathModel | None, str | None]:
    """The model with latent cluster means, or why there is none."""
    from pipeline.mediation import NotEstimable, fit_latent_means

    confidence = study.declared.intervals.level
    try:
        fit = fit_latent_means(
            graph, frames, design, _covariates(study), confidence, missing=missing, bounds=bounds(study)
        )
    except NotEstimable as reason:
        return None, str(reason)
    return fit, None


def _flat(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    missing: Missing,
) -> PathModel:
    from pipeline.mediation import fit_flat

    told = study.declared
    return fit_flat(graph, frames, design, _covariates(study), told.intervals.level, missing=missing)
