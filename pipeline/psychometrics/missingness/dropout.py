"""Who lacks a score: a logistic regression on what else is known of people.

`stages/missing_answers` calls it. statsmodels estimates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dropout:
    """`frame`: name, odds_ratio (of a standard deviation), ci_lower, ci_upper, pvalue. `chisq` tests all."""

    n: int
    lacking: int
    frame: pd.DataFrame
    chisq: float
    df: int
    pvalue: float


def dropout_model(lacking: pd.Series[bool], known: pd.DataFrame, confidence: float = 0.95) -> Dropout:
    """Maximum likelihood logistic regression of `lacking` on standardised columns of `known`.

    Rows that lack a predictor are left out. PsychometricsError where either outcome is too rare for that many
    predictors (fewer than five a predictor; Vittinghoff & McCulloch, 2007) or the two can be separated.
    """
    import pandas as pd
    import statsmodels.api as sm
    from scipy.stats import norm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    usable = [str(name) for name in known if known[name].notna().mean() > 0.5 and known[name].std(ddof=1) > 0]
    rows = known[usable].notna().all(axis="columns") if usable else pd.Series(False, index=known.index)
    y, x = lacking[rows].astype(float), known.loc[rows, usable].astype(float)
    if not usable or min(y.sum(), len(y) - y.sum()) < 5 * len(usable):
        raise PsychometricsError("too few rows lack the score, or have it, beside what else is known of them")
    x = (x - x.mean()) / x.std(ddof=1)
    try:
        fit = sm.Logit(y, sm.add_constant(x)).fit(disp=0, maxiter=200)
    except (PerfectSeparationError, np.linalg.LinAlgError) as error:
        raise PsychometricsError("what else is known of people tells without error who lacks it") from error
    if not fit.mle_retvals["converged"]:
        raise PsychometricsError("the logistic regression did not converge")
    reach = float(norm.ppf((1 + confidence) / 2))
    est, se = fit.params[usable], fit.bse[usable]
    frame = pd.DataFrame(
        {
            "name": usable,
            "odds_ratio": np.exp(est).to_numpy(),
            "ci_lower": np.exp(est - reach * se).to_numpy(),
            "ci_upper": np.exp(est + reach * se).to_numpy(),
            "pvalue": fit.pvalues[usable].to_numpy(),
        }
    )
    return Dropout(len(y), int(y.sum()), frame, float(fit.llr), int(fit.df_model), float(fit.llr_pvalue))
