"""Covariance matrix of items with missing answers, and the number of rows behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

Missing = Literal["complete", "pairwise"]


def covariances(items: pd.DataFrame, missing: Missing) -> tuple[NDArray[np.float64], int]:
    """Covariance matrix (n - 1) from complete or pairwise complete rows, and the rows used."""
    if missing not in ("complete", "pairwise"):
        raise PsychometricsError(f"missing is 'complete' or 'pairwise', not '{missing}'")
    used = items.dropna(how="any" if missing == "complete" else "all")
    if len(used) < 3:
        raise PsychometricsError(
            f"only {len(used)} of {len(items)} rows answer the items: at least 3 are needed"
        )
    cov = used.cov().to_numpy(float)
    constant = [
        str(name) for name, variance in zip(items.columns, np.diag(cov), strict=True) if not variance > 0
    ]
    if constant:
        raise PsychometricsError(
            f"every row gives the same answer to {', '.join(constant)}: an item that does not vary measures "
            f"nothing here; leave it out or check its column"
        )
    if not np.all(np.isfinite(cov)):
        raise PsychometricsError("some pairs of items were never answered together: use fewer items")
    return cov, len(used)


def fewest_together(items: pd.DataFrame) -> int:
    """The smallest number of rows that answered both items of a pair."""
    answered = items.notna().to_numpy(float)
    return int((answered.T @ answered).min())
