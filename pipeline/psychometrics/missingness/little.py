"""Little's test that answers are missing completely at random.

The validate stage calls it on the items of a study.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.missingness.em_moments import em_moments, pattern_moments

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LittleTest:
    """Chi-square test; `mean` and `cov` are the maximum likelihood moments that it rests on."""

    chisq: float
    df: int
    pvalue: float
    patterns: int
    n: int
    mean: pd.Series[float]
    cov: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row: chisq, df, pvalue, patterns, n."""
        import pandas as pd

        names = ("chisq", "df", "pvalue", "patterns", "n")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def little_mcar(items: pd.DataFrame) -> LittleTest:
    """Sum over patterns of n (mean - mu)' Sigma^-1 (mean - mu) on the items answered (Little, 1988).

    mu and Sigma (divisor n) by EM; degrees of freedom: answered items summed over patterns, less the items.
    Rows without any answer are left out. A small p speaks against missing completely at random; a large one
    does not show it.
    """
    import pandas as pd
    from scipy.stats import chi2

    used = items.dropna(how="all")
    answers = used.to_numpy(float)
    if not np.isnan(answers).any():
        raise PsychometricsError("no answer is missing: there is nothing to test")
    spread = np.nanstd(answers, axis=0)
    if len(used) <= items.shape[1] or not np.all(spread > 0):
        raise PsychometricsError("more rows than items are needed, and items that vary")
    known = np.isfinite(answers).astype(float)
    if (known.T @ known).min() < 2:
        raise PsychometricsError("some pairs of items were never answered together: use fewer items")
    centre = np.nanmean(answers, axis=0)
    patterns = pattern_moments((answers - centre) / spread)
    found = em_moments(patterns, np.eye(len(spread)))
    statistic, df = 0.0, -len(spread)
    for pattern in patterns:
        apart = pattern.mean - found.mean[pattern.known]
        inner = found.cov[np.ix_(pattern.known, pattern.known)]
        statistic += pattern.n * float(apart @ np.linalg.solve(inner, apart))
        df += int(pattern.known.sum())
    return LittleTest(
        statistic,
        df,
        float(chi2.sf(statistic, df)) if df > 0 else float("nan"),
        len(patterns),
        len(used),
        pd.Series(centre + found.mean * spread, items.columns),
        pd.DataFrame(found.cov * np.outer(spread, spread), items.columns, items.columns),
    )
