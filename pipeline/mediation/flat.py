"""The single-level path model: least squares, clusters ignored.

The stages fit it beside the decomposed model, labelled as flat, or alone where a study has no clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.model import Equation, PathModel, assemble
from pipeline.mediation.rows import Rows, flat_rows

if TYPE_CHECKING:
    import pandas as pd


def fit_flat(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
) -> PathModel:
    """Fit every equation by ordinary least squares on the rows of the path's lowest level.

    Variables of higher levels are copied down to those rows. Where clusters exist, slopes mix within and
    between and their standard errors are too small (Moulton, 1986).
    """
    lowest = design.lowest(graph)
    fitted = {}
    for outcome in graph.outcomes:
        data = flat_rows(
            outcome,
            predictors=graph.predictors(outcome),
            covariates=tuple((covariates or {}).get(outcome, ())),
            frames=frames,
            design=design,
            level=lowest,
        )
        fitted[outcome] = data, least_squares(data)
    return assemble("flat", fitted, confidence)


def least_squares(data: Rows, warnings: tuple[str, ...] = ()) -> Equation:
    """One equation by ordinary least squares (statsmodels OLS)."""
    from statsmodels.regression.linear_model import OLS

    fit = OLS(data.y, data.matrix).fit()
    return Equation(
        outcome=data.outcome,
        level=data.level,
        method="ordinary least squares",
        n=len(data.y),
        clusters={},
        left_out=data.left_out,
        slopes=tuple((term.predictor, term.level) for term in data.terms),
        estimates=np.asarray(fit.params[1:], dtype=float),
        cov=np.asarray(fit.cov_params()[1:, 1:], dtype=float),
        intercept=float(fit.params[0]),
        freedom=int(fit.df_resid),
        variances={"residual": float(fit.scale)},
        icc={},
        logl=float(fit.llf),
        converged=True,
        second=None,
        warnings=warnings,
    )
