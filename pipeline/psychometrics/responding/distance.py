"""How far a person's answers lie from everybody's: Mahalanobis distance.

`careless` calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


def mahalanobis(items: pd.DataFrame) -> pd.DataFrame:
    """Squared distance from the means (Mahalanobis, 1936), its degrees of freedom and chi-square p.

    Means and covariances (n - 1) of the complete rows; a row with gaps is measured on the items it answers.
    """
    import pandas as pd
    from scipy.stats import chi2

    complete = items.dropna().to_numpy(float)
    if len(complete) <= items.shape[1]:
        raise PsychometricsError(
            f"{len(complete)} complete rows for {items.shape[1]} items: a distance needs more rows than items"
        )
    cov = np.cov(complete, rowvar=False)
    if np.linalg.eigvalsh(cov)[0] < 1e-10 * np.trace(cov):
        raise PsychometricsError("an item does not vary or is a sum of the others: leave it out")
    apart = items.to_numpy(float) - complete.mean(axis=0)
    known = np.isfinite(apart)
    squared = np.full(len(items), np.nan)
    for pattern in np.unique(known, axis=0):
        if pattern.any():
            rows = (known == pattern).all(axis=1)
            part = apart[np.ix_(rows, pattern)]
            squared[rows] = np.sum(part * np.linalg.solve(cov[np.ix_(pattern, pattern)], part.T).T, axis=1)
    df = known.sum(axis=1)
    p = np.where(df > 0, chi2.sf(squared, np.maximum(df, 1)), np.nan)
    return pd.DataFrame({"mahalanobis": squared, "df": df, "p": p}, index=items.index)
