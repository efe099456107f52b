"""Linear algebra on stacks of small matrices, one a resample: faster than LAPACK called matrix by matrix.

A matrix that is not positive definite spoils its own resample only (NaN), never its batch.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array

_SMALL = 6


def inverse_and_log_determinant(stack: Array) -> tuple[Array, Array]:
    """Return inverses and log-determinants; both are NaN for a matrix that is not positive definite."""
    log_determinant = np.zeros(len(stack))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = _invert(stack, log_determinant)
    return inverse, log_determinant


def transpose(stack: Array) -> Array:
    """Transpose every matrix."""
    return np.swapaxes(stack, -1, -2)


def _invert(stack: Array, log_determinant: Array) -> Array:
    """Invert by halves: with X = A^-1 B and the Schur complement C - B'X (Boyd & Vandenberghe, 2004)."""
    p = stack.shape[1]
    if p <= _SMALL:
        return _sweep(stack, log_determinant)
    h = p // 2
    upper, corner = _invert(stack[:, :h, :h], log_determinant), stack[:, :h, h:]
    X = upper @ corner
    lower = _invert(stack[:, h:, h:] - transpose(corner) @ X, log_determinant)
    XL = X @ lower
    out = np.empty_like(stack)
    out[:, :h, :h] = upper + XL @ transpose(X)
    out[:, :h, h:] = -XL
    out[:, h:, :h] = -transpose(XL)
    out[:, h:, h:] = lower
    return out


def _sweep(stack: Array, log_determinant: Array) -> Array:
    """Gauss-Jordan without pivoting; adds the pivots' logarithms, NaN for a negative one."""
    M = np.moveaxis(stack, 0, 2).copy(order="C")
    for k in range(len(M)):
        pivot = M[k, k].copy()
        log_determinant += np.log(pivot)
        row, column = M[k] / pivot, M[:, k].copy()
        M -= column[:, None] * row[None]
        M[:, k] = -column / pivot
        M[k] = row
        M[k, k] = 1 / pivot
    return np.moveaxis(M, 2, 0)
