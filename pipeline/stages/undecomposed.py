"""Mixed models that do not split within and between, as model.json holds them.

`stages/model` calls `undecomposed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.stages import laid
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, PathGraph


def undecomposed(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> list[dict[str, Any]]:
    """One model for each variable that ends the path, on all other scores of its level and above.

    Scores that are only described and covariates enter as well. Where no level lies above there is none;
    where a model cannot be fitted its entry says why.
    """
    ends = [name for name in graph.sinks if design.above(design.measured[name])]
    return [_model(study, name, _predictors(name, design), frames, design) for name in ends]


def _predictors(outcome: str, design: Design) -> list[str]:
    reached = {design.measured[outcome], *design.above(design.measured[outcome])}
    return [name for name, level in design.measured.items() if name != outcome and level in reached]


def _model(
    study: LoadedStudy,
    outcome: str,
    predictors: list[str],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
) -> dict[str, Any]:
    from pipeline.mediation import MediationError, fit_undecomposed

    told = {"outcome": outcome, "predictors": predictors}
    try:
        fit = fit_undecomposed(outcome, predictors, frames, design, study.declared.intervals.level)
    except MediationError as error:
        return told | {"why_not": str(error)}
    return told | {"paths": laid.rows(fit.frame), "equation": laid.equations(fit)[outcome]}
