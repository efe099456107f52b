"""Covariances of sample moments without assuming normality (ADF; Browne, 1984, eq. 3.4).

Gamma = mean over rows of z z', z = (y - ybar, vech[(y - ybar)(y - ybar)' - S]). Columns of fixed exogenous
variables
are taken conditionally on them: their own products, and what regression on them predicts, are removed.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, vech_index


def influence(values: Array, meanstructure: bool, exogenous: list[int]) -> Array:
    """Return a row of z for each complete row."""
    centred = values - values.mean(0)
    rows, columns = vech_index(values.shape[1])
    products = centred[:, rows] * centred[:, columns]
    stacked = np.hstack([centred, products]) if meanstructure else products
    if exogenous:
        fitted = _fitted(centred, exogenous)
        expected = fitted[:, rows] * fitted[:, columns]
        stacked = stacked - (np.hstack([fitted, expected]) if meanstructure else expected)
    out: Array = stacked - stacked.mean(0)
    return out


def gamma(values: Array, meanstructure: bool, exogenous: list[int]) -> Array:
    """Return the asymptotic covariance matrix of sqrt(n) times the sample moments."""
    z = influence(values, meanstructure, exogenous)
    out: Array = z.T @ z / len(z)
    return out


def _fitted(centred: Array, exogenous: list[int]) -> Array:
    """Replace every variable by its regression on the exogenous ones."""
    x = centred[:, exogenous]
    out = x @ np.linalg.lstsq(x, centred, rcond=None)[0]
    out[:, exogenous] = x
    return out
