"""Competing factor models of a scale with facets, and of all scales of a level together.

`stages/validate` calls `structures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import factors, scored
from pipeline.stages.attempts import Told
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import CompetingModels, Joint

OPTIONS = {
    "competing": "one factor, correlated factors, second-order, bifactor (orthogonal); estimator and "
    "clusters as in the factor model; nested models by the scaled difference (Satorra & Bentler, 2001); a "
    "wider model is preferred where p < .05 and CFI is higher by .01 (the bound of Cheung & Rensvold, 2002, "
    "for equality over groups), a bifactor one beside correlated factors where BIC is lower and CFI higher "
    "by .01",
    "together": "items of all scales of one level; with more than 300 patterns of missing answers the models "
    "are fitted to means and covariances estimated by EM, as if every row were complete: estimates are "
    "consistent, tests and intervals approximate and blind to clusters",
}


def structures(
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    together: Mapping[str, Joint],
    told: Told,
) -> dict[str, Any]:
    """By scale with facets, and by level with several scales (`together`: its items, ready to be fitted)."""
    scales: dict[str, Any] = {}
    for scale in study.declared.scales:
        parts = scored.partition(study, scale)
        if parts:
            found = told.attempt("competing models", scale, partial(_of_scale, study, frames, scale, parts))
            if found is not None:
                scales[scale] = found
    levels = {}
    for level, data in together.items():
        found = told.attempt("model of all scales", level, partial(_of_level, data))
        if found is not None:
            levels[level] = found
    return {"scales": scales, "levels": levels}


def joint_data(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], told: Told) -> dict[str, Joint]:
    """By level with at least two scales of items: all of them together."""
    from pipeline.psychometrics import joint

    found = {}
    for level in study.levels:
        named = items_of(study, level)
        if len(named) < 2:
            continue
        upper = factors.cluster(study, frames, level)
        units = None if upper is None else frames[level][upper]
        make = partial(joint, frames[level], named, units)
        data = told.attempt("models of all scales together", level, make)
        if data is not None:
            found[level] = data
    return found


def items_of(study: LoadedStudy, level: str) -> dict[str, list[str]]:
    """Scale -> columns of its items, of the scales of a level that have two items or more."""
    named = {
        scale: [f"{scale}.{item}" for item in study.columns(scale)]
        for scale in study.declared.scales
        if study.level_of(scale) == level
    }
    return {scale: items for scale, items in named.items() if len(items) > 1}


def _of_scale(
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    scale: str,
    parts: Mapping[str, tuple[str, ...]],
) -> dict[str, Any]:
    from pipeline.psychometrics import competing_models, joint

    block = scored.whole(study, scale)
    upper = factors.cluster(study, frames, block.level)
    units = None if upper is None else frames[block.level][upper]
    found = competing_models(joint(block.answers(frames), parts, units, most_patterns=None))
    return _as_json(found) | {"cluster": upper}


def _of_level(data: Joint) -> dict[str, Any]:
    from pipeline.psychometrics import competing_models

    found = competing_models(data, ("one factor", "correlated factors"))
    return _as_json(found) | {"scales": list(data.structure.factors), "items": len(data.structure.items)}


def _as_json(found: CompetingModels) -> dict[str, Any]:
    return {
        "n": found.n,
        "handling": found.handling,
        "clusters": found.clusters,
        "models": [asdict(model) for model in found.models],
        "differences": [asdict(one) for one in found.differences],
        "preferred": found.preferred,
        "correlations": found.correlations.to_dict("records"),
    }
