"""How each row moves thresholds and polychoric correlations: the casewise form of their covariance matrix.

The thresholds of an item move by (1[y <= k] - F_k) / phi(tau_k). A correlation moves by its own score and by
what the thresholds below it do: with s the score of a cell and A21 = sum s s_tau' (Muthen, 1984; Muthen,
du Toit & Spisic, 1997),
    z = (N s - A21 z_tau) / sum s^2,  Gamma = mean of z z'.
Both depend on a row only through its cell, so one small table a pair holds them; the last row and column of
a table belong to missing answers (pairwise deletion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.ordinal.bivariate import density
from pipeline.sem.ordinal.polychoric import bordered, cells, pairs_last
from pipeline.sem.ordinal.tables import PairTables, pair_index

_LOST = 1.5e-8


@dataclass(frozen=True, eq=False)
class CellInfluence:
    """Influence by category (items x thresholds x categories + 1) and by cell (K + 1 x K + 1 x pairs)."""

    thresholds: Array
    correlations: Array

    def of_rows(self, codes: Index) -> tuple[Array, Array]:
        """Return rows of influence on the (padded) thresholds, items first, and on the correlations."""
        size, _, pairs = self.correlations.shape
        own = np.where(codes < 0, size - 1, codes)
        items = np.arange(codes.shape[1])
        by_threshold = self.thresholds[items[None, :], :, own]
        first, second = pair_index(codes.shape[1])
        cell = (own[:, first] * size + own[:, second]) * pairs + np.arange(pairs)
        return by_threshold, self.correlations.ravel()[cell]


def cell_influence(tables: PairTables, thresholds: Array, r: Array) -> CellInfluence:
    """Return the influence of every category and cell."""
    first, second, counts = tables.first, tables.second, pairs_last(tables.counts)
    by_category = _of_thresholds(tables, thresholds)
    edges, moved = bordered(thresholds), pairs_last(by_category)
    r = np.clip(r, -1 + 1e-9, 1 - 1e-9)
    parts = cells(pairs_last(edges[first]), pairs_last(edges[second]), r)
    inverse = np.divide(1.0, parts.p, out=np.zeros_like(parts.p), where=parts.p > _LOST)
    score = parts.by_r * inverse
    weighted = counts * score
    squares = np.einsum("abq,abq->q", weighted, score)
    weighted *= inverse
    on_rows = -np.einsum("kbq,kbq->kq", np.diff(weighted, axis=0), parts.by_row_edge)
    on_columns = -np.einsum("akq,akq->kq", np.diff(weighted, axis=1), parts.by_column_edge)
    out = np.zeros((len(counts) + 1, len(counts) + 1, len(r)))
    out[:-1, :-1] = tables.rows[first] * score
    out -= np.einsum("kq,kaq->aq", on_rows, moved[:, :, first])[:, None]
    out -= np.einsum("kq,kaq->aq", on_columns, moved[:, :, second])[None]
    correlations = np.divide(out, squares, out=np.zeros_like(out), where=squares > 0)
    return CellInfluence(by_category, correlations)


def variances(tables: PairTables, influence: CellInfluence) -> tuple[Array, Array]:
    """Return the diagonal of Gamma for (padded) thresholds and for correlations, from counts alone."""
    rows, counts = tables.rows, pairs_last(tables.counts)
    levels = (influence.thresholds[:, :, :-1] ** 2 * tables.margins[:, None, :]).sum(2) / rows[:, None]
    full = np.zeros_like(influence.correlations)
    full[:-1, :-1] = counts
    full[:-1, -1] = tables.margins[tables.first].T - counts.sum(1)
    full[-1, :-1] = tables.margins[tables.second].T - counts.sum(0)
    full *= influence.correlations
    return levels, np.einsum("abq,abq->q", full, influence.correlations) / rows[tables.first]


def _of_thresholds(tables: PairTables, thresholds: Array) -> Array:
    """(N / n) (1[a <= k] - F_k) / phi(tau_k); zero for missing answers and for padding."""
    margins = tables.margins
    answered = margins.sum(1)
    share = np.cumsum(margins, 1)[:, :-1] / answered[:, None]
    below = np.arange(margins.shape[1])[None, :] <= np.arange(margins.shape[1] - 1)[:, None]
    height = density(np.where(np.isinf(thresholds), 0.0, thresholds))
    out = np.zeros((*thresholds.shape, margins.shape[1] + 1))
    out[:, :, :-1] = (below[None] - share[:, :, None]) / height[:, :, None]
    out[np.isinf(thresholds)] = 0.0
    scaled: Array = out * (tables.rows / answered)[:, None, None]
    return scaled
