"""Sensitivity of indirect effects to an unmeasured confounder of mediator and outcome.

`stages/sensitivity` calls it on the model that the report shows. `analysis` is the way in; `flat_source` and
`latent_source` stand for the two kinds of model.
"""

from pipeline.mediation.sensitivity.analysis import Sensitivity, sensitivity_to_confounding
from pipeline.mediation.sensitivity.curves import FURTHEST, GRID
from pipeline.mediation.sensitivity.flat_source import FlatSource
from pipeline.mediation.sensitivity.latent_source import LatentSource
from pipeline.mediation.sensitivity.robustness import e_value, partial_r2, robustness_value

__all__ = [
    "FURTHEST",
    "GRID",
    "FlatSource",
    "LatentSource",
    "Sensitivity",
    "e_value",
    "partial_r2",
    "robustness_value",
    "sensitivity_to_confounding",
]
