"""The path model within and between clusters, equation by equation.

The stages call `fit_decomposed`. Predictors are centred on cluster means (Raudenbush & Bryk, 2002; Zhang,
Zyphur & Preacher, 2009), so that each arrow between variables of the lowest level has a slope within and a
slope between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.least_squares import least_squares
from pipeline.mediation.mixed import MixedFit, fit_random_intercepts
from pipeline.mediation.model import Equation, PathModel, assemble
from pipeline.mediation.rows import Rows, decomposed_rows

if TYPE_CHECKING:
    import pandas as pd

# Variances below this share of the total are zero for all that the data can tell.
ZERO_SHARE = 1e-6


def fit_decomposed(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
) -> PathModel:
    """Fit every equation of the path by maximum likelihood with random intercepts.

    The model's two levels are the lowest level with a variable of the path and the next one. Every linked
    level above the rows of an equation has a random intercept. An outcome above the lowest level has slopes
    between only; it is fitted on rows of its own level, by least squares where no level lies above.
    """
    lowest = design.lowest(graph)
    if not design.above(lowest):
        raise MediationError(f"no level lies above {lowest}: there are no clusters, fit the flat model")
    fitted = {}
    for outcome in graph.outcomes:
        data = decomposed_rows(
            outcome,
            predictors=graph.predictors(outcome),
            covariates=tuple((covariates or {}).get(outcome, ())),
            frames=frames,
            design=design,
            split=design.measured[outcome] == lowest,
        )
        fitted[outcome] = data, fit_equation(data)
    return assemble("decomposed", fitted, confidence)


def fit_equation(data: Rows) -> Equation:
    """One equation, with a random intercept for each grouping of its rows."""
    if not data.groups:
        return least_squares(data, warnings=data.notes)
    fit = fit_random_intercepts(data.y, data.matrix, tuple(data.groups.values()))
    variances = dict(zip((*data.groups, "residual"), (*fit.variances, fit.residual), strict=True))
    total = sum(variances.values())
    return Equation(
        outcome=data.outcome,
        level=data.level,
        method="maximum likelihood with random intercepts of " + ", ".join(data.groups),
        n=len(data.y),
        clusters=data.clusters,
        left_out=data.left_out,
        slopes=tuple((term.predictor, term.level) for term in data.terms),
        estimates=fit.coefficients[1:],
        cov=fit.cov[1:, 1:],
        intercept=float(fit.coefficients[0]),
        freedom=None,
        variances=variances,
        icc={level: value / total for level, value in variances.items() if level != "residual"},
        logl=fit.logl,
        converged=fit.converged,
        second=fit.second,
        warnings=(*data.notes, *_warnings(data, fit, total)),
    )


def _warnings(data: Rows, fit: MixedFit, total: float) -> tuple[str, ...]:
    told = []
    if not fit.converged or not np.all(np.isfinite(fit.cov)):
        told.append(
            f"the equation of '{data.outcome}' did not converge: do not use its numbers; look for scores "
            f"with extreme values, or take predictors out"
        )
    for level, variance in zip(data.groups, fit.variances, strict=True):
        if variance < ZERO_SHARE * total:
            told.append(
                f"the variance of '{data.outcome}' between units of the level {level} is estimated at zero, "
                f"given the predictors: the fit is singular, its errors are those without that random "
                f"intercept; few or small clusters are the usual cause"
            )
    if fit.second is not None and not fit.second.agrees:
        told.append(
            f"statsmodels MixedLM does not confirm the equation of '{data.outcome}': it lies "
            f"{fit.second.logl_gap:.2g} below the maximum of the likelihood that is reported, and its "
            f"log-likelihood differs by {fit.second.logl_difference:.2g}"
        )
    told += [text for level, units in data.clusters.items() if (text := few_clusters(level, units))]
    return tuple(told)


def few_clusters(level: str, units: int) -> str | None:
    """The warning that goes with few clusters (Maas & Hox, 2005; McNeish & Stapleton, 2016)."""
    if units >= 50:
        return None
    consequence = (
        "variances between and standard errors of slopes between are too small; treat slopes between as "
        "provisional"
        if units < 30
        else "standard errors of variances between are too small; those of slopes are usable"
    )
    return f"only {units} units of the level {level} (fewer than {30 if units < 30 else 50}): {consequence}"
