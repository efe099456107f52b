"""A mixed model that does not tell within from between: what most programs fit first.

`stages/undecomposed` calls `fit_undecomposed`, for comparison with the model by level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.mediation.decomposed import fit_equation
from pipeline.mediation.design import Design
from pipeline.mediation.model import PathModel, assemble
from pipeline.mediation.rows import BETWEEN, MIXED, Rows, decomposed_rows

if TYPE_CHECKING:
    import pandas as pd


def fit_undecomposed(
    outcome: str,
    predictors: Sequence[str],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    confidence: float = 0.95,
) -> PathModel:
    """Fit `outcome ~ predictors + (1 | cluster)` by maximum likelihood, predictors as they are.

    Every linked level above the outcome's has a random intercept (lme4's `lmer(..., REML = FALSE)`). A slope
    is an average of the one within and the one between clusters, weighted by their precision (Raudenbush &
    Bryk, 2002, eq. 5.38): where the two differ it estimates neither.
    """
    data = decomposed_rows(
        outcome, predictors=predictors, covariates=(), frames=frames, design=design, split=False
    )
    mixed = _unsplit(data)
    return assemble("undecomposed", {outcome: (mixed, fit_equation(mixed))}, confidence)


def _unsplit(data: Rows) -> Rows:
    terms = tuple(replace(term, level=MIXED) for term in data.terms)
    return replace(data, terms=terms, spreads={MIXED: data.spreads[BETWEEN]})
