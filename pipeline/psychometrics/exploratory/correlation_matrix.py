"""The correlation matrix that an exploratory analysis starts from.

Everything in this room takes answers, or a correlation matrix with the number of rows behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.moments import Missing, covariances

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Kind = Literal["pearson", "polychoric"]


@dataclass(frozen=True)
class CorrelationMatrix:
    """Correlations of named items, and the rows that they rest on."""

    names: tuple[str, ...]
    values: Floats
    n: int

    @property
    def smc(self) -> Floats:
        """Squared multiple correlation of each item with the others: 1 - 1 / diagonal of the inverse."""
        return squared_multiple_correlations(self.values)


def correlation_matrix(
    items: pd.DataFrame, n: int | None = None, missing: Missing = "complete", kind: Kind = "pearson"
) -> CorrelationMatrix:
    """Correlations of answers; or, given `n`, `items` is a correlation matrix of n rows.

    polychoric: answers are cut normals (two-step maximum likelihood; Olsson, 1979).
    """
    if kind not in ("pearson", "polychoric"):
        raise PsychometricsError(f"correlations are 'pearson' or 'polychoric', not '{kind}'")
    names = tuple(str(name) for name in items.columns)
    if n is None and kind == "polychoric":
        values, rows = _polychoric(items, missing)
    elif n is None:
        cov, rows = covariances(items, missing)
        spread = np.sqrt(np.diag(cov))
        values = cov / np.outer(spread, spread)
    else:
        values, rows = items.to_numpy(float, copy=True), n
        _check(values)
    np.fill_diagonal(values, 1.0)
    if len(names) < 3:
        raise PsychometricsError(f"{len(names)} items: at least 3 are needed")
    lowest = float(np.linalg.eigvalsh(values)[0])
    if lowest < 1e-10:
        raise PsychometricsError(
            "the correlation matrix is singular (an item is a sum of others, there are more items than rows, "
            "or pairs rest on different rows): leave items out or use complete rows"
        )
    return CorrelationMatrix(names, values, rows)


def _polychoric(items: pd.DataFrame, missing: Missing) -> tuple[Floats, int]:
    from pipeline.sem.errors import DataError
    from pipeline.sem.ordinal import correlations

    used = items.dropna(how="any" if missing == "complete" else "all")
    try:
        found = correlations(used, missing="listwise" if missing == "complete" else "pairwise")
    except DataError as error:
        raise PsychometricsError(str(error)) from error
    return found.matrix, len(used)


def squared_multiple_correlations(correlations: Floats) -> Floats:
    """For one correlation matrix, or a stack of them."""
    inverse = np.linalg.inv(correlations)
    return np.asarray(1 - 1 / np.diagonal(inverse, axis1=-2, axis2=-1))


def _check(values: Floats) -> None:
    if values.shape[0] != values.shape[1] or not np.allclose(values, values.T, atol=1e-8):
        raise PsychometricsError("given n, the items have to be a symmetric correlation matrix")
    if not np.allclose(np.diag(values), 1.0, atol=1e-6):
        raise PsychometricsError("the matrix has to be one of correlations: its diagonal is not 1")
