"""Reliability of the sum of ordered items: coefficient omega for categories (Green & Yang, 2009, eq. 21).

A sum adds category numbers, not response variates. With P2 the bivariate and P1 the univariate normal
distribution, the covariance of two items is sum over thresholds of P2(t, t'; r) - P1(t) P1(t'). In the
numerator r is what the factor alone makes of a pair (of an item with its parallel form, on the diagonal), in
the denominator the whole correlation, by the model or as observed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from pipeline.sem.arrays import Array
from pipeline.sem.ordinal.bivariate import bivariate_cdf
from pipeline.sem.ordinal.problem import OrdinalState


def categorical_omega(thresholds: Sequence[Array], true: Array, total: Array) -> float:
    """Return the omega of a sum, given correlations of response variates by the factor and in all."""
    return _sum_of_covariances(thresholds, true) / _sum_of_covariances(thresholds, total)


def factor_shares(state: OrdinalState, g: int, factor: int, items: Array) -> tuple[list[Array], Array, Array]:
    """Return thresholds in standard units, correlations by one factor, and implied ones, of some items."""
    own = state.responses[g]
    shape, kinds = own.shape, own.shape.kinds
    at = np.array([int(np.flatnonzero(shape.y == item)[0]) for item in items])
    levels = own.stacked()[: len(kinds.level_item)]
    loads = own.B[items, factor] / own.spread[at]
    true = np.outer(loads, loads) * own.E[factor, factor]
    total = own.E[np.ix_(items, items)] / np.outer(own.spread[at], own.spread[at])
    return [levels[kinds.level_item == i] for i in at], true, total


def _sum_of_covariances(thresholds: Sequence[Array], r: Array) -> float:
    item = np.repeat(np.arange(len(thresholds)), [len(own) for own in thresholds])
    t = np.concatenate(thresholds)
    joint = bivariate_cdf(t[:, None], t[None, :], np.clip(r, -1, 1)[np.ix_(item, item)])
    return float((joint - np.outer(ndtr(t), ndtr(t))).sum())
