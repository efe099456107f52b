"""Mediation over a path graph: slopes within and between clusters, effects along routes, verdicts.

`stages/model` calls it. It knows frames and names, never a study, a file or a report.
"""

from pipeline.mediation.conditional import (
    conditional_indirect,
    index_of_moderation,
    simple_slopes,
    slope_at,
)
from pipeline.mediation.congruence import Surface, discrepancies, fit_surface
from pipeline.mediation.decomposed import few_clusters, fit_decomposed
from pipeline.mediation.design import Design, lay_beside
from pipeline.mediation.effects import IndirectEffects, contextual_effects, indirect_effects
from pipeline.mediation.errors import MediationError, NotEstimable
from pipeline.mediation.flat import fit_flat
from pipeline.mediation.flat_clustered import ClusteredErrors, clustered_errors
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_means import Bounds, fit_latent_means
from pipeline.mediation.latent_products import (
    LatentInteraction,
    fit_latent_interaction,
    product_indicators,
)
from pipeline.mediation.latent_rows import FEWEST_UNITS, LatentRows
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
from pipeline.mediation.moderation import ModeratedModel, fit_moderated
from pipeline.mediation.montecarlo import draw_slopes, percentile_interval
from pipeline.mediation.products import Moderation
from pipeline.mediation.regions import johnson_neyman, region_of, simple_lines, slope_curve
from pipeline.mediation.resamples import Resamples, resample
from pipeline.mediation.rivals import Order, compare_orders
from pipeline.mediation.rows import Missing
from pipeline.mediation.undecomposed import fit_undecomposed
from pipeline.mediation.verdict import Verdict, judge

__all__ = [
    "FEWEST_UNITS",
    "FLAT_IGNORES",
    "LATENT_MEANS",
    "LATENT_VARIABLES",
    "LATENT_VARIABLES_BETWEEN",
    "MANIFEST_MEANS",
    "Bounds",
    "ClusteredErrors",
    "Comparison",
    "Design",
    "Equation",
    "Indicators",
    "Indices",
    "IndirectEffects",
    "LatentInteraction",
    "LatentRows",
    "MediationError",
    "Missing",
    "MixedFit",
    "ModelFit",
    "ModeratedModel",
    "Moderation",
    "NotEstimable",
    "OneLevel",
    "Order",
    "PathGraph",
    "PathModel",
    "Resamples",
    "Surface",
    "Verdict",
    "clustered_errors",
    "compare_orders",
    "conditional_indirect",
    "contextual_effects",
    "discrepancies",
    "draw_slopes",
    "few_clusters",
    "fit_decomposed",
    "fit_flat",
    "fit_latent_interaction",
    "fit_latent_means",
    "fit_latent_variables",
    "fit_moderated",
    "fit_random_intercepts",
    "fit_surface",
    "fit_undecomposed",
    "free_parameters",
    "index_of_moderation",
    "indirect_effects",
    "johnson_neyman",
    "judge",
    "latent_variable_rows",
    "lay_beside",
    "percentile_interval",
    "product_indicators",
    "region_of",
    "resample",
    "simple_lines",
    "simple_slopes",
    "slope_at",
    "slope_curve",
]
