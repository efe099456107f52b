"""Whether items correlate enough to be factored: Kaiser-Meyer-Olkin and Bartlett's test.

The validate stage calls both before a factor analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.exploratory.correlation_matrix import Kind, correlation_matrix
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SamplingAdequacy:
    """`overall` KMO and, in `frame`, that of each item (msa)."""

    overall: float
    frame: pd.DataFrame


@dataclass(frozen=True)
class Sphericity:
    """Bartlett's test that all correlations are zero."""

    chisq: float
    df: int
    pvalue: float
    determinant: float
    n: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row with every value."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def kmo(
    items: pd.DataFrame,
    n: int | None = None,
    missing: Missing = "complete",
    correlations: Kind = "pearson",
) -> SamplingAdequacy:
    """Sum of r^2 over sum of r^2 + sum of squared partial correlations (Kaiser, 1974).

    Partial correlations are -q_ij / sqrt(q_ii q_jj), Q the inverse correlation matrix. Given `n`, `items`
    is a correlation matrix.
    """
    import pandas as pd

    found = correlation_matrix(items, n, missing, correlations)
    inverse = np.linalg.inv(found.values)
    scale = np.sqrt(np.diag(inverse))
    partial = (inverse / np.outer(scale, scale)) ** 2
    raw = found.values**2
    for matrix in (raw, partial):
        np.fill_diagonal(matrix, 0.0)
    each = raw.sum(axis=0) / (raw.sum(axis=0) + partial.sum(axis=0))
    return SamplingAdequacy(
        float(raw.sum() / (raw.sum() + partial.sum())), pd.DataFrame({"msa": each}, index=list(found.names))
    )


def bartlett(items: pd.DataFrame, n: int | None = None, missing: Missing = "complete") -> Sphericity:
    """Chi-square = -(n - 1 - (2p + 5) / 6) ln |R| on p (p - 1) / 2 (Bartlett, 1951)."""
    from scipy.stats import chi2

    found = correlation_matrix(items, n, missing)
    p = len(found.names)
    log_determinant = float(np.linalg.slogdet(found.values)[1])
    statistic = -(found.n - 1 - (2 * p + 5) / 6) * log_determinant
    df = p * (p - 1) // 2
    return Sphericity(statistic, df, float(chi2.sf(statistic, df)), float(np.exp(log_determinant)), found.n)
