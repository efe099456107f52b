"""The rival orders that a study declares, fitted beside its path, as model.json holds them.

`stages/model` calls `rivals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.stages.measurement import LATENT, indicators
from pipeline.stages.model_options import bounds, missing
from pipeline.stages.path_models import PathModels, covariates_of
from pipeline.study import LoadedStudy, edges_of

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, PathGraph

HYPOTHESISED = "path"


def rivals(
    study: LoadedStudy,
    models: PathModels,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
) -> list[dict[str, Any]]:
    """The path and its rivals, measured as the main model is; empty where none is declared."""
    from pipeline.mediation import PathGraph, compare_orders

    declared = study.declared.rivals
    if not declared:
        return []
    graphs = {HYPOTHESISED: graph} | {one.id: PathGraph.of(edges_of(one.path)) for one in declared}
    orders = {name: (one, covariates_of(study, one.edges)) for name, one in graphs.items()}
    behind = indicators(study, graph) if models.measured.used == LATENT else {}
    found = compare_orders(orders, frames, design, behind, missing=missing(study), bounds=bounds(study))
    titles = {one.id: one.title for one in declared}
    return [
        asdict(one)
        | {"title": titles.get(one.name), "edges": [list(edge) for edge in graphs[one.name].edges]}
        for one in found
    ]
