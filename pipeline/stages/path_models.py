"""The models of a study's path: which are fitted, and which of them is the main one.

`stages/model` calls `path_models`. With clusters the main model has latent cluster means; the one with
manifest means takes its place where that has no usable solution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipeline.stages import scored
from pipeline.stages.model_options import missing
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, PathGraph, PathModel


@dataclass(frozen=True)
class PathModels:
    """Fits of one path.

    `main` is what the report rests on; `manifest` has observed cluster means; `flat` ignores clusters;
    `complete` is the model with latent means on complete rows, for comparison with another program.
    `why_not` says why there is none with latent means.
    """

    main: PathModel
    manifest: PathModel | None
    flat: PathModel
    complete: PathModel | None
    why_not: str | None

    @property
    def every(self) -> tuple[PathModel, ...]:
        """Those whose effects are worked out, the main one first."""
        found = {fit.kind: fit for fit in (self.main, self.manifest, self.flat) if fit}
        return tuple(found.values())

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
    flat = _flat(study, graph, frames, design)
    return PathModels(latent or manifest or flat, manifest, flat, complete, why_not)


def design_of(study: LoadedStudy) -> Design:
    """At which level each score and covariate is measured."""
    from pipeline.mediation import Design

    names = [*scored.scored_names(study), *study.declared.covariates]
    return Design(study.levels, {name: study.level_of(name) for name in names})


def _covariates(study: LoadedStudy) -> dict[str, tuple[str, ...]]:
    """Outcome -> the covariates that enter its equation."""
    outcomes = dict.fromkeys(target for _, target in study.edges)
    entering = study.declared.covariates.items()
    return {outcome: tuple(name for name, one in entering if outcome in one.predicts) for outcome in outcomes}


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
        fit = fit_latent_means(graph, frames, design, _covariates(study), confidence, missing=missing)
    except NotEstimable as reason:
        return None, str(reason)
    return fit, None


def _flat(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> PathModel:
    from pipeline.mediation import fit_flat

    told = study.declared
    return fit_flat(graph, frames, design, _covariates(study), told.intervals.level, missing=told.missing)
