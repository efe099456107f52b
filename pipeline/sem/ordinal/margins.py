"""First step of the two: thresholds or mean, slopes on fixed covariates and variance of one variable.

An ordered item is a cut normal: P(y <= k | x) = Phi(tau_k - b'x), ordered probit where there are covariates
(McKelvey & Zavoina, 1975). A continuous variable is regressed on them. Rows where the answer is missing have
no score, and so no influence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from pipeline.sem.arrays import Array
from pipeline.sem.errors import DataError
from pipeline.sem.ordinal.bivariate import FAR, density

_STEPS = 50


@dataclass(frozen=True, eq=False)
class Margin:
    """One variable given the covariates X: parameters are thresholds (or mean), slopes, (variance).

    `upper` and `lower` are each row's limits of an item, `residual` the standardized residual of a
    continuous variable (NaN: no answer).
    """

    ordered: bool
    levels: Array
    slopes: Array
    variance: float
    scores: Array
    X: Array
    codes: Array
    upper: Array
    lower: Array
    residual: Array

    @cached_property
    def answered(self) -> Array:
        """Rows with an answer."""
        return self.codes >= 0 if self.ordered else ~np.isnan(self.residual)

    @cached_property
    def influence(self) -> Array:
        """N A11^-1 s of every row, with A11 the cross-product of scores."""
        out: Array = len(self.scores) * np.linalg.solve(self.scores.T @ self.scores, self.scores.T).T
        return out

    def chain(self, by_upper: Array, by_lower: Array) -> Array:
        """Return derivatives by the parameters of an item, given those by its limits."""
        return _chain(self.codes, len(self.levels), self.X, by_upper, by_lower)


def ordered_margin(codes: Array, categories: int, X: Array, name: str) -> Margin:
    """Fit thresholds and slopes of an item coded 0..K-1 (-1: no answer)."""
    at = np.flatnonzero(codes >= 0)
    share = np.cumsum(np.bincount(codes[at], minlength=categories))[:-1] / len(at)
    parameters = np.concatenate([ndtri(share), np.zeros(X.shape[1])])
    if X.shape[1]:
        parameters = _probit(codes[at], categories - 1, X[at], parameters, name)
    levels, slopes = parameters[: categories - 1], parameters[categories - 1 :]
    upper, lower = _limits(codes, levels, X @ slopes)
    scores = np.zeros((len(codes), len(parameters)))
    p = ndtr(upper[at]) - ndtr(lower[at])
    scores[at] = _chain(codes[at], categories - 1, X[at], density(upper[at]) / p, -density(lower[at]) / p)
    return Margin(True, levels, slopes, 1.0, scores, X, codes, upper, lower, np.zeros(0))


def continuous_margin(values: Array, X: Array) -> Margin:
    """Fit mean, slopes and (maximum-likelihood) variance of a continuous variable."""
    answered = ~np.isnan(values)
    full = np.hstack([np.ones((len(values), 1)), X])
    coefficients = np.linalg.lstsq(full[answered], values[answered], rcond=None)[0]
    error = values - full @ coefficients
    variance = float(np.mean(error[answered] ** 2))
    filled = np.where(answered, error, 0.0)
    by_variance = np.where(answered, (filled**2 / variance - 1) / (2 * variance), 0.0)
    scores = np.column_stack([full * (filled / variance)[:, None], by_variance])
    none = np.zeros(0)
    return Margin(
        False, coefficients[:1], coefficients[1:], variance, scores, X, none, none, none,
        error / np.sqrt(variance),
    )  # fmt: skip


def _limits(codes: Array, levels: Array, fitted: Array) -> tuple[Array, Array]:
    edges = np.concatenate([[-np.inf], levels, [np.inf]])
    own = np.maximum(codes, 0)
    clipped = np.clip(np.array([edges[own + 1] - fitted, edges[own] - fitted]), -FAR, FAR)
    return clipped[0], clipped[1]


def _chain(codes: Array, count: int, X: Array, by_upper: Array, by_lower: Array) -> Array:
    """The upper limit of category a is tau_a - b'x, the lower one tau_(a-1) - b'x."""
    out = np.zeros((len(codes), count + X.shape[1]))
    rows = np.arange(len(codes))
    top, bottom = (codes >= 0) & (codes < count), codes > 0
    out[rows[top], codes[top]] = by_upper[top]
    out[rows[bottom], codes[bottom] - 1] += by_lower[bottom]
    out[:, count:] = -(by_upper + by_lower)[:, None] * X
    return out


def _probit(codes: Array, count: int, X: Array, start: Array, name: str) -> Array:
    """Newton steps on the concave log-likelihood of thresholds and slopes."""
    parameters = start
    for _ in range(_STEPS):
        upper, lower = _limits(codes, parameters[:count], X @ parameters[count:])
        p = np.maximum(ndtr(upper) - ndtr(lower), 1e-300)
        top, bottom = density(upper) / p, density(lower) / p
        scores = _chain(codes, count, X, top, -bottom)
        zero = np.zeros(len(codes))
        up, down = _chain(codes, count, X, np.ones(len(codes)), zero), _chain(codes, count, X, zero, zero + 1)
        hessian = (down * (lower * bottom)[:, None]).T @ down - (up * (upper * top)[:, None]).T @ up
        hessian -= scores.T @ scores
        try:
            step = np.linalg.solve(hessian, scores.sum(0))
        except np.linalg.LinAlgError:
            break
        parameters = parameters - step
        if np.abs(step).max() < 1e-12:
            return parameters
    raise DataError(
        f"the probit regression of '{name}' on the fixed covariates did not converge; a covariate is "
        "constant or predicts a category perfectly"
    )
