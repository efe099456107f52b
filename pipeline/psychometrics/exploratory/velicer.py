"""Velicer's minimum average partial: how many components leave the least correlation behind.

The validate stage calls it beside parallel analysis.
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
class MinimumAveragePartial:
    """`frame`: components, squared and fourth (mean power of the partial correlations that are left).

    `components` is the number at the lowest mean square, `components_fourth` at the lowest fourth power.
    """

    components: int
    components_fourth: int
    frame: pd.DataFrame
    n: int


def map_test(
    items: pd.DataFrame,
    n: int | None = None,
    missing: Missing = "complete",
    most: int | None = None,
    correlations: Kind = "pearson",
) -> MinimumAveragePartial:
    """Partial out 0, 1, ... principal components (Velicer, 1976; fourth power: Velicer et al., 2000).

    `most` is the largest number tried, by default all but one. Given `n`, `items` is a correlation matrix.
    """
    import pandas as pd

    found = correlation_matrix(items, n, missing, correlations)
    p = len(found.names)
    values, vectors = np.linalg.eigh(found.values)
    loadings = vectors[:, ::-1] * np.sqrt(values[::-1])
    rows = []
    for count in range(min(p - 1, most if most is not None else p - 1) + 1):
        left = found.values - loadings[:, :count] @ loadings[:, :count].T
        spread = np.sqrt(np.maximum(np.diag(left), 0.0))
        if spread.min() <= 1e-8:
            break
        partial = left / np.outer(spread, spread)
        rows.append((count, *((np.sum(partial**power) - p) / (p * (p - 1)) for power in (2, 4))))
    frame = pd.DataFrame(rows, columns=["components", "squared", "fourth"])
    best = [int(frame["components"].iloc[int(frame[name].argmin())]) for name in ("squared", "fourth")]
    return MinimumAveragePartial(best[0], best[1], frame, found.n)
