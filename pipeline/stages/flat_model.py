"""The flat model as model.json holds it: what a second program says, and errors that allow for clusters.

`stages/model` calls `flat_model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.stages import laid, second_opinion
from pipeline.stages.path_models import covariates_of, design_of
from pipeline.stages.verdicts import route_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import ClusteredErrors, IndirectEffects, PathGraph, PathModel


def flat_model(
    study: LoadedStudy,
    flat: PathModel,
    effects: IndirectEffects,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """The model whole; where rows lie in clusters each slope and effect also has `se_clustered`."""
    from pipeline.mediation import clustered_errors

    found = clustered_errors(
        flat,
        graph,
        frames,
        design_of(study),
        covariates_of(study, study.edges),
        missing=study.declared.missing,
        also=[route_of(one) for one in study.declared.hypotheses],
    )
    return (
        laid.whole(flat, effects)
        | {"second_opinion": second_opinion.two_programs(flat)}
        | (_clustered(flat, effects, found) if found else {"clustered": None})
    )


def _clustered(flat: PathModel, effects: IndirectEffects, found: ClusteredErrors) -> dict[str, Any]:
    paths = [
        row | {"se_clustered": found.slopes[row["predictor"], row["outcome"], row["level"]]}
        for row in laid.rows(flat.frame)
    ]
    indirect = [
        row | {"se_clustered": found.effects[row["route"], row["kind"]]} for row in laid.rows(effects.frame)
    ]
    told = {"level": found.level, "clusters": found.clusters}
    return {"paths": paths, "indirect": indirect, "clustered": told}
