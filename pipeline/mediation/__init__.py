"""Mediation over a path graph: slopes within and between clusters, effects along routes, verdicts.

`stages/model` calls it. It knows frames and names, never a study, a file or a report.
"""

from pipeline.mediation.decomposed import few_clusters, fit_decomposed
from pipeline.mediation.design import Design, lay_beside
from pipeline.mediation.effects import IndirectEffects, contextual_effects, indirect_effects
from pipeline.mediation.errors import MediationError, NotEstimable
from pipeline.mediation.flat import fit_flat
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_means import fit_latent_means
from pipeline.mediation.latent_rows import LatentRows
from pipeline.mediation.latent_syntax import Indicators
from pipeline.mediation.latent_variables import (
    fit_latent_variables,
    free_parameters,
    latent_variable_rows,
)
from pipeline.mediation.mixed import MixedFit, fit_random_intercepts
from pipeline.mediation.model import (
    FLAT_IGNORES,
    LATENT_MEANS,
    LATENT_VARIABLES,
    LATENT_VARIABLES_BETWEEN,
    MANIFEST_MEANS,
    Comparison,
    Equation,
    PathModel,
)
from pipeline.mediation.model_fit import Indices, ModelFit, OneLevel
from pipeline.mediation.montecarlo import draw_slopes, percentile_interval
from pipeline.mediation.resamples import Resamples, resample
from pipeline.mediation.rivals import Order, compare_orders
from pipeline.mediation.verdict import Verdict, judge

__all__ = [
    "FLAT_IGNORES",
    "LATENT_MEANS",
    "LATENT_VARIABLES",
    "LATENT_VARIABLES_BETWEEN",
    "MANIFEST_MEANS",
    "Comparison",
    "Design",
    "Equation",
    "Indicators",
    "Indices",
    "IndirectEffects",
    "LatentRows",
    "MediationError",
    "MixedFit",
    "ModelFit",
    "NotEstimable",
    "OneLevel",
    "Order",
    "PathGraph",
    "PathModel",
    "Resamples",
    "Verdict",
    "compare_orders",
    "contextual_effects",
    "draw_slopes",
    "few_clusters",
    "fit_decomposed",
    "fit_flat",
    "fit_latent_means",
    "fit_latent_variables",
    "fit_random_intercepts",
    "free_parameters",
    "indirect_effects",
    "judge",
    "latent_variable_rows",
    "lay_beside",
    "percentile_interval",
    "resample",
]
