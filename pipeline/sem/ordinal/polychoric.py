"""Polychoric correlations of all pairs of items, by two-step maximum likelihood (Olsson, 1979).

Thresholds come from the margins, tau_k = Phi^-1(F_k). Given them, the likelihood of a pair's table has one
parameter, its correlation: sum n_ab ln P_ab(r). All pairs take Newton steps together, in arrays of
pairs x categories x categories; a step below 1e-6 leaves an error of its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from pipeline.sem.arrays import Array
from pipeline.sem.ordinal.bivariate import FAR, bivariate_density, cdf_on_grids, density
from pipeline.sem.ordinal.tables import PairTables

BOUND = 0.999
_SMALLEST = 1e-13
_STEPS = 100
_PRECISION = 1e-6


def polychorics(tables: PairTables, thresholds: Array, start: Array | None = None) -> Array:
    """Return the correlation of each pair; thresholds are those of `thresholds_of`."""
    counts, first, second = _without_zeros(tables), tables.first, tables.second
    edges = bordered(thresholds)
    r = correlations_of_codes(tables.counts) if start is None else start
    solved = _by_hand(tables)
    r = np.where(np.isnan(solved), r, solved)
    active = np.flatnonzero(np.isnan(solved) & (counts.sum((1, 2)) > 0))
    for _ in range(_STEPS):
        if not len(active):
            break
        step = _newton(edges[first[active]], edges[second[active]], r[active], counts[active])
        moved = np.clip(r[active] + step, -BOUND, BOUND)
        going = np.abs(moved - r[active]) >= _PRECISION
        r[active] = moved
        active = active[going]
    return r


def thresholds_of(margins: Array) -> Array:
    """Return Phi^-1 of the cumulative shares of each item, padded with infinity."""
    total = margins.sum(1, keepdims=True)
    share = np.cumsum(margins, 1)[:, :-1] / total
    out: Array = np.where(share < 1 - 1e-14, ndtri(np.minimum(share, 1.0)), np.inf)
    return out


def bordered(thresholds: Array) -> Array:
    """Return thresholds between (nearly) infinite limits."""
    side = np.full((len(thresholds), 1), FAR)
    return np.hstack([-side, np.clip(thresholds, -FAR, FAR), side])


@dataclass(frozen=True)
class Cells:
    """Probabilities of every cell, and their derivatives by r and by the edges of rows and columns."""

    p: Array
    by_r: Array
    by_row_edge: Array
    by_column_edge: Array


def cells(rows: Array, columns: Array, r: Array) -> Cells:
    """Return P and its derivatives; `by_row_edge[k, b]` is that of the row above edge k in column b.

    dP(X < h, Y < k) / dh = phi(h) Phi((k - r h) / sqrt(1 - r^2))
    """
    h, k, rho = rows[:, :, None], columns[:, None, :], r[:, None, None]
    inner = np.sqrt(1 - rho**2)
    by_row = density(h) * np.diff(ndtr((k - rho * h) / inner), axis=2)
    by_column = density(k) * np.diff(ndtr((h - rho * k) / inner), axis=1)
    by_r = _differences(bivariate_density(h, k, rho))
    return Cells(_probabilities(rows, columns, r), by_r, by_row[:, 1:-1], by_column[:, :, 1:-1])


def _probabilities(rows: Array, columns: Array, r: Array) -> Array:
    grid = np.zeros((len(r), rows.shape[1], columns.shape[1]))
    grid[:, 1:-1, 1:-1] = cdf_on_grids(rows[:, 1:-1], columns[:, 1:-1], r)
    grid[:, -1, :], grid[:, :, -1] = ndtr(columns), ndtr(rows)
    return np.maximum(_differences(grid), _SMALLEST)


def _differences(grid: Array) -> Array:
    """Mixed differences: what falls between neighbouring edges."""
    out: Array = grid[:, 1:, 1:] - grid[:, :-1, 1:] - grid[:, 1:, :-1]
    out += grid[:, :-1, :-1]
    return out


def _newton(rows: Array, columns: Array, r: Array, counts: Array) -> Array:
    """Return -f'/f'', or a step of Fisher scoring where the likelihood is not concave."""
    h, k, rho = rows[:, 1:-1, None], columns[:, None, 1:-1], r[:, None, None]
    line, bend = np.zeros((2, len(r), rows.shape[1], columns.shape[1]))
    rest = 1 - rho**2
    line[:, 1:-1, 1:-1] = bivariate_density(h, k, rho)
    bend[:, 1:-1, 1:-1] = rho / rest + h * k * ((1 + rho**2) / rest**2) - (h * h + k * k) * (rho / rest**2)
    bend *= line
    inverse = 1 / _probabilities(rows, columns, r)
    slope = _differences(line) * inverse
    gradient = np.einsum("qab,qab->q", counts, slope)
    bent = np.einsum("qab,qab,qab->q", counts, _differences(bend), inverse)
    observed = bent - np.einsum("qab,qab,qab->q", counts, slope, slope)
    expected = -counts.sum((1, 2)) * np.einsum("qab,qab,qab->q", slope, slope, 1 / inverse)
    return safe_step(r, gradient, observed, expected)


def safe_step(r: Array, gradient: Array, observed: Array, expected: Array) -> Array:
    """Return the Newton step, by the expected curvature where the other is not negative; never past +-1."""
    step = -gradient / np.where(observed < 0.1 * expected, observed, expected)
    limit = 0.5 * (1 - np.abs(r))
    out: Array = np.where(step * r > 0, np.clip(step, -limit, limit), np.clip(step, -0.5, 0.5))
    return out


def correlations_of_codes(counts: Array) -> Array:
    """Pearson's correlation of the category numbers."""
    steps = np.arange(counts.shape[1], dtype=float)
    total = np.maximum(counts.sum((1, 2)), 1.0)
    x, y = counts.sum(2) @ steps / total, counts.sum(1) @ steps / total
    xx, yy = counts.sum(2) @ steps**2 / total - x * x, counts.sum(1) @ steps**2 / total - y * y
    xy = np.einsum("kab,a,b->k", counts, steps, steps) / total - x * y
    spread = np.sqrt(xx * yy)
    out: Array = np.clip(np.divide(xy, spread, out=np.zeros_like(xy), where=spread > 0), -0.9, 0.9)
    return out


def _by_hand(tables: PairTables) -> Array:
    """Return the tetrachorics that need no iteration: independence, and two opposite empty cells."""
    out = np.full(len(tables.counts), np.nan)
    for at in tables.binary:
        (a, b), (c, d) = tables.counts[at, :2, :2]
        if (b == 0 and c == 0) or (a == 0 and d == 0):
            out[at] = 1.0 if a > 0 else -1.0
        elif a * d == b * c:
            out[at] = 0.0
    return out


def _without_zeros(tables: PairTables) -> Array:
    """Move half a row into the one empty cell of a 2 x 2 table, keeping its margins (as lavaan does)."""
    out = tables.counts.copy()
    for at in tables.binary:
        table = out[at, :2, :2]
        if (table == 0).sum() == 1:
            sign = 1.0 if table[0, 0] == 0 or table[1, 1] == 0 else -1.0
            out[at, :2, :2] = table + 0.5 * sign * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out
