"""Traces of U Gamma for ordinal models, without building U (Satorra & Bentler, 1994).

With H = Gamma V Delta, E the information and M = sum f Delta' V H over groups of share f:
    tr(U Gamma) = sum tr(V Gamma) - tr(E^-1 M),
    tr(U Gamma U Gamma) = sum tr(V Gamma V Gamma) - 2 tr(E^-1 sum f H' V H) + tr(E^-1 M E^-1 M).
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.problem import State
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.weights import weigh
from pipeline.sem.ordinal.sample import OrdinalSample


def gamma_products(state: State, sample: OrdinalSample, scale: Array) -> list[Array]:
    """Return H = Gamma V Delta of each group, in the metric y / scale."""
    units, out = sample.units(scale), []
    for part, delta, discrepancy in zip(sample.parts, state.deltas, state.problem.discrepancies, strict=True):
        assert isinstance(discrepancy, Quadratic)
        weighted = weigh(discrepancy.V, delta) / units[:, None]
        out.append(part.gamma @ weighted / units[:, None])
    return out


def ordinal_meat(state: State, sample: OrdinalSample, scale: Array) -> Array:
    """Return M = Delta' V Gamma V Delta, groups weighted by their share."""
    parts = []
    products = gamma_products(state, sample, scale)
    for f, H, delta, discrepancy in zip(
        sample.counts / sample.total, products, state.deltas, state.problem.discrepancies, strict=True
    ):
        assert isinstance(discrepancy, Quadratic)
        parts.append(f * weigh(discrepancy.V, delta).T @ H)
    return state.problem.stack(parts)


def ordinal_traces(state: State, sample: OrdinalSample, scale: Array, bread: Array) -> tuple[float, float]:
    """Return tr(U Gamma) and tr((U Gamma)^2); bread is E^-1."""
    units = sample.units(scale)
    first, second = 0.0, 0.0
    meats, crossed = [], []
    products = gamma_products(state, sample, scale)
    for f, H, part, delta, discrepancy in zip(
        sample.counts / sample.total,
        products,
        sample.parts,
        state.deltas,
        state.problem.discrepancies,
        strict=True,
    ):
        assert isinstance(discrepancy, Quadratic)
        V = discrepancy.V
        own = weigh(V, part.gamma / np.outer(units, units))
        first += float(np.trace(own))
        second += float(np.einsum("ij,ji->", own, own))
        meats.append(f * weigh(V, delta).T @ H)
        crossed.append(f * H.T @ weigh(V, H))
    M, C = state.problem.stack(meats), state.problem.stack(crossed)
    product = bread @ M
    return first - float(np.trace(product)), second - 2 * float((bread * C).sum()) + float(
        (product * product.T).sum()
    )
