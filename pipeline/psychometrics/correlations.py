"""Correlations of scores: of rows (or of cluster means), and pooled within clusters.

`stages/validate` calls both with the scores laid beside the rows of one level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
# x, y, codes of one pair of scores -> r, its degrees of freedom, the units counted
Pair = Callable[[Floats, Floats, NDArray[np.intp]], tuple[float, int, int]]


@dataclass(frozen=True)
class Correlations:
    """Pearson correlations of pairwise complete rows: `frame` (r), `n` (rows or clusters), `p` (t test)."""

    frame: pd.DataFrame
    n: pd.DataFrame
    p: pd.DataFrame


def correlate(scores: pd.DataFrame) -> Correlations:
    """Correlations over all rows; given cluster means, those between clusters (df J - 2)."""
    return _each_pair(scores, None, _whole)


def correlate_within(scores: pd.DataFrame, clusters: pd.Series) -> Correlations:
    """Pooled correlations within clusters, of deviations from cluster means (df N - J - 1).

    A score that does not differ within clusters has none.
    """
    return _each_pair(scores, clusters, _within)


def _whole(x: Floats, y: Floats, _: NDArray[np.intp]) -> tuple[float, int, int]:
    return _pearson(x, y), len(x) - 2, len(x)


def _within(x: Floats, y: Floats, codes: NDArray[np.intp]) -> tuple[float, int, int]:
    sizes = np.bincount(codes)
    deviations = [values - (np.bincount(codes, weights=values) / sizes)[codes] for values in (x, y)]
    for deviation, values in zip(deviations, (x, y), strict=True):
        if deviation.std() <= 1e-9 * max(values.std(), np.abs(values).max()):
            return float("nan"), 0, len(x)
    return _pearson(*deviations), len(x) - len(sizes) - 1, len(x)


def _each_pair(scores: pd.DataFrame, clusters: pd.Series | None, pair: Pair) -> Correlations:
    import pandas as pd

    names = list(scores.columns)
    known = np.ones(len(scores), dtype=bool) if clusters is None else clusters.notna().to_numpy()
    codes = np.zeros(len(scores), dtype=np.intp) if clusters is None else pd.factorize(clusters)[0]
    table = scores.to_numpy(float)
    shape = (len(names), len(names))
    r, p, n = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=int)
    for i in range(len(names)):
        for j in range(i + 1):
            rows = known & np.isfinite(table[:, i]) & np.isfinite(table[:, j])
            if rows.sum() < 3:
                n[i, j] = n[j, i] = int(rows.sum())
                continue
            value, df, units = pair(table[rows, i], table[rows, j], _compact(codes[rows]))
            value = 1.0 if i == j and np.isfinite(value) else value
            r[i, j] = r[j, i] = value
            n[i, j] = n[j, i] = units
            p[i, j] = p[j, i] = np.nan if i == j else _p_value(value, df)
    return Correlations(*(pd.DataFrame(matrix, index=names, columns=names) for matrix in (r, n, p)))


def _compact(codes: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)


def _pearson(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / scale) if scale > 0 else float("nan")


def _p_value(r: float, df: int) -> float:
    """Two-sided p of r = 0: t = r sqrt(df / (1 - r^2))."""
    from scipy.stats import t

    if df < 1 or not np.isfinite(r):
        return float("nan")
    if abs(r) >= 1:
        return 0.0
    return float(2 * t.sf(abs(r) * np.sqrt(df / (1 - r**2)), df))
