"""Eigenvalues of the items' correlations, whole and reduced.

The validate stage calls it for the scree plot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.exploratory.correlation_matrix import Floats, Kind, correlation_matrix
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scree:
    """`frame`: number, component (eigenvalues of R), factor (of R with squared multiple correlations)."""

    frame: pd.DataFrame
    n: int


def scree(
    items: pd.DataFrame,
    n: int | None = None,
    missing: Missing = "complete",
    correlations: Kind = "pearson",
) -> Scree:
    """Eigenvalues, largest first (Cattell, 1966). Given `n`, `items` is a correlation matrix."""
    import pandas as pd

    found = correlation_matrix(items, n, missing, correlations)
    frame = pd.DataFrame(
        {
            "number": np.arange(1, len(found.names) + 1),
            "component": eigenvalues(found.values),
            "factor": eigenvalues(reduced(found.values, found.smc)),
        }
    )
    return Scree(frame, found.n)


def eigenvalues(matrices: Floats) -> Floats:
    """Eigenvalues of one matrix or a stack of them, largest first."""
    return np.asarray(np.linalg.eigvalsh(matrices)[..., ::-1])


def reduced(correlations: Floats, communalities: Floats) -> Floats:
    """Correlations with communalities in the diagonal, for one matrix or a stack of them."""
    matrices = correlations.copy()
    places = np.arange(matrices.shape[-1])
    matrices[..., places, places] = communalities
    return matrices
