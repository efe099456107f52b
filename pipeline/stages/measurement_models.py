"""The model of all scales of a level together, by both estimators, as validate.json holds it.

`stages/validate` calls `measurement_models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import estimators, factors, structure
from pipeline.stages.attempts import Told
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import Joint


def measurement_models(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], together: Mapping[str, Joint], told: Told
) -> dict[str, Any]:
    """By level with several scales: the model of all of them (`together`: its items, ready to be fitted)."""
    found = {}
    for level, data in together.items():
        make = partial(_whole, study, frames, level, data)
        model = told.attempt("model of all scales by both estimators", level, make)
        if model is not None:
            found[level] = model
    return found


def _whole(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, data: Joint) -> dict[str, Any]:
    from pipeline.psychometrics import both_of_all

    named = structure.items_of(study, level)
    items = frames[level][[item for group in named.values() for item in group]]
    upper = factors.cluster(study, frames, level)
    units = None if upper is None else frames[level][upper]
    found = both_of_all(items, data, units, study.declared.estimator)
    model = estimators.key_numbers(found.model) | estimators.beside(found)
    clustered = upper is not None and model["clusters"] is None
    return model | {"scales": list(named), "items": items.shape[1], "clusters_ignored": clustered}
