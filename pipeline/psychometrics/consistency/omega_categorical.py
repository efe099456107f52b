"""Coefficient omega of the sum of items with few categories.

`stages/reliabilities` calls it beside omega where items have few answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OmegaCategorical:
    """Omega of the sum of categories: by the model's variance of the sum, and by the sample's polychorics.

    `categories`: the most that an item has. `alpha`: of the polychoric correlations (ordinal alpha; Zumbo,
    Gadermann & Zeisser, 2007), which is that of the normal variates behind the answers, not of their sum.
    """

    est: float
    observed: float
    k: int
    n: int
    categories: int
    alpha: float
    warnings: tuple[str, ...]


def omega_categorical(items: pd.DataFrame) -> OmegaCategorical:
    """Green & Yang (2009), from one factor behind polychoric correlations (WLSMV, complete rows)."""
    if items.shape[1] < 3:
        raise PsychometricsError("omega needs three items: with two, one factor is not identified")
    structure = Structure.of({"factor": [str(name) for name in items.columns]})
    data = structure.coded(items).dropna()
    try:
        fit = sem.fit(structure.syntax, data, estimator="WLSMV", ordered=True, std_lv=True)
    except (sem.ModelError, sem.DataError) as error:
        raise PsychometricsError(structure.in_words(str(error))) from error
    if not fit.converged:
        raise PsychometricsError("the one-factor model of ordered items did not converge")
    found = fit.reliability()[0]
    return OmegaCategorical(
        found.omega,
        found.omega_observed,
        len(structure.items),
        fit.nobs,
        int(items.nunique().max()),
        _alpha(fit),
        tuple(map(structure.in_words, fit.warnings)),
    )


def _alpha(fit: sem.Fit) -> float:
    """Standardized alpha of the polychoric correlations: k / (k - 1) (1 - k / sum of all)."""
    r = fit.solution.sample.covariances[0]
    k = len(r)
    return float(k / (k - 1) * (1 - k / r.sum()))
