"""Ordinary least squares by statsmodels: one equation alone, or a path model's equations as a second opinion.

`decomposed` fits outcomes without clusters with it; `flat` compares its slopes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import Comparison, Equation
from pipeline.mediation.rows import Rows

# Differences below this say more about the machine than about the programs.
DECIMALS = 8


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


def compared(complete: Sequence[Rows], slopes: Mapping[str, Floats]) -> Comparison:
    """How far a model's slopes on complete rows lie from least squares, equation by equation."""
    gaps = [np.abs(least_squares(rows).estimates - slopes[rows.outcome]).max() for rows in complete]
    return Comparison("statsmodels OLS", len(complete[0].y), round(float(max(gaps)), DECIMALS))
