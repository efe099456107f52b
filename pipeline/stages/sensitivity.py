"""What an unmeasured confounder would have to do to undo the indirect effects of the model that is reported.

`stages/model` calls `sensitivity` and writes what it returns into model.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages.model_options import bounds, missing
from pipeline.stages.path_models import covariates_of, design_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import IndirectEffects, PathGraph, PathModel

METHOD = (
    "the residual correlation of mediator and outcome is held at each value of a grid; in closed form "
    "where the outcome's equation has every predictor of the mediator's, so that all values fit alike, "
    "elsewhere by fitting the model again; zeros by Brent's method; Monte Carlo intervals"
)
NO_SOURCE = (
    "sensitivity to unmeasured confounding was not worked out: that is done for single-level models of "
    "scores and for models of scores with latent cluster means, and the model that is reported is neither"
)


def sensitivity(
    study: LoadedStudy,
    main: PathModel,
    effects: IndirectEffects,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """Rows, curves and notes of the main model's specific indirect effects."""
    from pipeline.mediation.sensitivity import (
        FURTHEST,
        GRID,
        FlatSource,
        LatentSource,
        sensitivity_to_confounding,
    )

    options = {
        "grid": list(GRID),
        "furthest": FURTHEST,
        "draws": effects.draws,
        "seed": effects.seed,
        "confidence": effects.confidence,
        "method": METHOD,
    }
    kinds: dict[str, Any] = {"latent": partial(LatentSource.of, bounds=bounds(study)), "flat": FlatSource.of}
    if main.kind not in kinds:
        return {"rows": [], "curves": {}, "notes": [NO_SOURCE], "options": options}
    design, covariates = design_of(study), covariates_of(study, study.edges)
    source = kinds[main.kind](main, graph, frames, design, covariates, missing=missing(study))
    asked: list[dict[str, Any]] = effects.frame.to_dict("records")  # type: ignore[assignment]
    found = sensitivity_to_confounding(source, asked, effects.draws, effects.seed, effects.confidence)
    return {
        "rows": [dict(row) for row in found.rows],
        "curves": {name: asdict(curve) for name, curve in found.curves.items()},
        "notes": list(found.notes),
        "options": options,
    }
