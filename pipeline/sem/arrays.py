"""Array types and the half-vectorisation that the formulas of this room share."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Index = NDArray[np.intp]


@lru_cache(maxsize=64)
def vech_index(p: int) -> tuple[Index, Index]:
    """Rows and columns of the lower triangle, column by column (Magnus & Neudecker, 1999)."""
    columns, rows = np.triu_indices(p)
    return rows, columns


def vech(matrix: Array) -> Array:
    """Stack the lower triangle column by column."""
    rows, columns = vech_index(matrix.shape[-1])
    return matrix[..., rows, columns]


def unvech(vector: Array) -> Array:
    """Rebuild the symmetric matrix from its half-vectorisation."""
    p = round((np.sqrt(8 * vector.shape[-1] + 1) - 1) / 2)
    rows, columns = vech_index(p)
    out = np.empty((*vector.shape[:-1], p, p))
    out[..., rows, columns] = vector
    out[..., columns, rows] = vector
    return out


def symmetric(matrix: Array) -> Array:
    """Average a matrix with its transpose."""
    return (matrix + np.swapaxes(matrix, -1, -2)) / 2


def as_float(values: Any) -> Array:
    """Return a float array."""
    return np.asarray(values, dtype=np.float64)


def positive_inverse(matrix: Array) -> tuple[Array, float]:
    """Return the inverse and the log-determinant by Cholesky; LinAlgError if not positive definite."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(matrix, lower=1)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    lower = dpotri(factor, lower=1)[0]
    out = lower + lower.T
    out.ravel()[:: len(out) + 1] /= 2
    return out, 2 * float(np.log(np.diagonal(factor)).sum())


def inverse(matrix: Array) -> Array:
    """Return the inverse of a square matrix by LU; LinAlgError where it is singular."""
    from scipy.linalg.lapack import dgetrf, dgetri

    if not len(matrix):
        return matrix
    factor, pivots, failed = dgetrf(matrix)
    if failed:
        raise np.linalg.LinAlgError("the matrix is singular")
    out: Array = dgetri(factor, pivots)[0]
    return out
