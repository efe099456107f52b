"""Covariances (or correlations) of the items of one scale, for the coefficients of this room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.moments import Missing, covariances

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScaleCovariance:
    """Covariances of named items, and the rows that they rest on."""

    names: tuple[str, ...]
    values: Floats
    n: int


def scale_covariance(items: pd.DataFrame, missing: Missing, *, standardized: bool) -> ScaleCovariance:
    """Covariances, or correlations, of at least two items that add up to something."""
    cov, n = covariances(items, missing)
    if len(cov) < 2:
        raise PsychometricsError("a scale needs at least two items")
    if standardized:
        spread = np.sqrt(np.diag(cov))
        cov = cov / np.outer(spread, spread)
    if np.linalg.eigvalsh(cov)[0] < 1e-10 * np.trace(cov):
        raise PsychometricsError("an item is a sum of the others, or too few rows answer: leave items out")
    return ScaleCovariance(tuple(str(name) for name in items.columns), cov, n)
