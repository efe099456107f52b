"""The cumulative logit of ordered answers: log-likelihood, gradient and Hessian.

The kernel of both `graded_response`, where rows are quadrature points with expected counts, and
`differential_functioning`, where they are persons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TINY = 1e-150


@dataclass(frozen=True)
class Expansion:
    """Value and derivatives by intercepts (in order), then slopes."""

    value: float
    gradient: Floats
    hessian: Floats


def probabilities(intercepts: Floats, linear: Floats) -> Floats:
    """P(y = k) for each row: differences of P(y >= k) = 1 / (1 + exp(-(intercept_k + linear)))."""
    at_least = _logistic(linear[:, None] + intercepts)
    return np.asarray(-np.diff(at_least, axis=1, prepend=1.0, append=0.0))


def slopes_of_logit(intercepts: Floats, linear: Floats) -> Floats:
    """Derivative F (1 - F) of each P(y >= k)."""
    at_least = _logistic(linear[:, None] + intercepts)
    return np.asarray(at_least * (1 - at_least))


def expand(intercepts: Floats, slopes: Floats, x: Floats, counts: Floats) -> Expansion:
    """Expand sum of counts * ln P about intercepts and slopes (McCullagh, 1980); x: rows by slopes.

    The Hessian is tridiagonal in the linear predictors of one row, and is summed over rows.
    """
    linear = x @ slopes
    at_least = _logistic(linear[:, None] + intercepts)
    p = np.maximum(-np.diff(at_least, axis=1, prepend=1.0, append=0.0), TINY)
    density = at_least * (1 - at_least)
    first, second = counts / p, counts / p**2
    pull = first[:, 1:] - first[:, :-1]
    by_cut = density * pull
    own = density * (1 - 2 * at_least) * pull - density**2 * (second[:, 1:] + second[:, :-1])
    beside = density[:, 1:] * density[:, :-1] * second[:, 1:-1]
    across = own.copy()
    across[:, 1:] += beside
    across[:, :-1] += beside
    cuts, size = len(intercepts), len(intercepts) + len(slopes)
    hessian = np.zeros((size, size))
    steps = np.arange(cuts)
    hessian[steps, steps] = own.sum(axis=0)
    hessian[steps[1:], steps[:-1]] = hessian[steps[:-1], steps[1:]] = beside.sum(axis=0)
    hessian[:cuts, cuts:] = across.T @ x
    hessian[cuts:, :cuts] = hessian[:cuts, cuts:].T
    hessian[cuts:, cuts:] = (x * across.sum(axis=1)[:, None]).T @ x
    gradient = np.concatenate([by_cut.sum(axis=0), x.T @ by_cut.sum(axis=1)])
    return Expansion(float(np.sum(counts * np.log(p))), gradient, hessian)


def start_intercepts(counts: Floats) -> Floats:
    """Logits of the shares of answers at or above each category."""
    at_least = counts[::-1].cumsum()[::-1][1:] / counts.sum()
    return np.asarray(np.log(at_least / (1 - at_least)))


def _logistic(values: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(values))
