"""Polychoric correlations of all pairs of items, by two-step maximum likelihood (Olsson, 1979).

Thresholds come from the margins, tau_k = Phi^-1(F_k). Given them, the likelihood of a pair's table has one
parameter, its correlation: sum n_ab ln P_ab(r). All pairs take Halley's steps together, in arrays of
categories x categories x pairs; each leaves an error of its cube (of its square, where Newton's is taken).
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
_PRECISION = 1e-12


def polychorics(tables: PairTables, thresholds: Array, start: Array | None = None) -> Array:
    """Return the correlation of each pair; thresholds are those of `thresholds_of`."""
    counts = pairs_last(_without_zeros(tables))
    edges = bordered(thresholds)
    rows, columns = pairs_last(edges[tables.first]), pairs_last(edges[tables.second])
    r = correlations_of_codes(tables.counts) if start is None else start
    solved = _by_hand(tables)
    r = np.where(np.isnan(solved), r, solved)
    active = np.flatnonzero(np.isnan(solved) & (counts.sum((0, 1)) > 0))
    for _ in range(_STEPS):
        if not len(active):
            break
        step, error = _step(rows[:, active], columns[:, active], r[active], counts[:, :, active])
        moved = np.clip(r[active] + step, -BOUND, BOUND)
        going = (error >= _PRECISION) & (moved != r[active])
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


def pairs_last(values: Array) -> Array:
    """Return an array with its first axis, pairs, moved to where numpy's inner loops are."""
    return np.ascontiguousarray(np.moveaxis(values, 0, -1))


@dataclass(frozen=True)
class Cells:
    """Probabilities of every cell, and their derivatives by r and by the inner edges of rows and columns."""

    p: Array
    by_r: Array
    by_row_edge: Array
    by_column_edge: Array


def cells(rows: Array, columns: Array, r: Array) -> Cells:
    """Return P and its derivatives, pairs last; `by_row_edge[k, b]` is that of the row above edge k.

    dP(X < h, Y < k) / dh = phi(h) Phi((k - r h) / sqrt(1 - r^2))
    """
    h, k = rows[1:-1, None], columns[None, 1:-1]
    inner = np.sqrt(1 - r**2)
    below, left = np.zeros((len(h), len(columns), len(r))), np.zeros((len(rows), k.shape[1], len(r)))
    below[:, -1], left[-1] = 1.0, 1.0
    below[:, 1:-1], left[1:-1] = ndtr((k - r * h) / inner), ndtr((h - r * k) / inner)
    by_row, by_column = density(h) * np.diff(below, axis=1), density(k) * np.diff(left, axis=0)
    by_r = _differences(_framed(bivariate_density(h, k, r)))
    return Cells(_probabilities(rows, columns, r), by_r, by_row, by_column)


def _probabilities(rows: Array, columns: Array, r: Array) -> Array:
    grid = _framed(cdf_on_grids(rows[1:-1], columns[1:-1], r))
    grid[-1], grid[:, -1] = ndtr(columns), ndtr(rows)
    return np.maximum(_differences(grid), _SMALLEST)


def _framed(inside: Array) -> Array:
    """Put zeros around a grid: its values at infinite edges."""
    a, b, pairs = inside.shape
    out = np.zeros((a + 2, b + 2, pairs))
    out[1:-1, 1:-1] = inside
    return out


def _differences(grid: Array) -> Array:
    """Mixed differences: what falls between neighbouring edges."""
    out: Array = grid[1:, 1:] - grid[:-1, 1:]
    out -= grid[1:, :-1]
    out += grid[:-1, :-1]
    return out


def _step(rows: Array, columns: Array, r: Array, counts: Array) -> tuple[Array, Array]:
    """Return a step to where f' is zero, and the size of the error that it leaves.

    Halley's step is N / (1 + N f3 / 2 f2), with N = -f1 / f2 and fk the kth derivative. Where the likelihood
    is not concave or the third derivative rules, N stands alone, by the expected curvature if need be.
    """
    line, bend, turn = _density_and_derivatives(rows[1:-1, None], columns[None, 1:-1], r)
    p = _probabilities(rows, columns, r)
    slope, bent = _differences(_framed(line)) / p, _differences(_framed(bend)) / p
    weighted, squares = counts * slope, slope * slope
    gradient = weighted.sum((0, 1))
    observed = np.einsum("abq,abq->q", counts, bent - squares)
    expected = -counts.sum((0, 1)) * np.einsum("abq,abq->q", squares, p)
    third = np.einsum("abq,abq->q", counts / p, _differences(_framed(turn)))
    third += np.einsum("abq,abq->q", weighted, 2 * squares - 3 * bent)
    newton = safe_step(r, gradient, observed, expected)
    share = newton * third / (2 * observed)
    cubic = (observed < 0.1 * expected) & (np.abs(share) < 0.25)
    step = np.where(cubic, newton / np.where(cubic, 1 + share, 1.0), newton)
    return step, np.abs(step) ** np.where(cubic, 3, 2) / (1 - np.abs(r)) ** np.where(cubic, 2, 0)


def _density_and_derivatives(h: Array, k: Array, r: Array) -> tuple[Array, Array, Array]:
    """Return phi2 and its first two derivatives by r."""
    rest, line = 1 - r**2, bivariate_density(h, k, r)
    product, squares = h * k, h * h + k * k
    bend = product * ((1 + r**2) / rest**2) - squares * (r / rest**2) + r / rest
    more = product * (2 * r * (3 + r**2) / rest**3) - squares * ((1 + 3 * r**2) / rest**3)
    more += (1 + r**2) / rest**2
    first = line * bend
    return line, first, first * bend + line * more


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
