"""Starting values in the internal metric, from the sample's covariances.

Loadings by instrumental variables (FABIN 2; Haegglund, 1982) where a factor has a marker, centroid ones
otherwise; half of each variance as residual; everything else neutral.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.structure.blocks import factors
from pipeline.sem.table import ParameterTable, Row


def start_values(
    table: ParameterTable, covariances: Sequence[Array], means: Sequence[Array], scale: Array
) -> Array:
    """Return a start for every free row, in the internal metric."""
    out: list[float] = []
    p = len(table.observed)
    for group in range(1, len(table.groups) + 1):
        rows = [row for row in table.rows if row.group == group]
        S = covariances[group - 1] / np.outer(scale[:p], scale[:p])
        loads, explained = _loadings(rows, table, S), _explained(rows)
        mean = means[group - 1] / scale[:p]
        for row in rows:
            if not row.free:
                continue
            if row.start is not None:
                out.append(row.start * float(factors([row], table.place, scale)[0]))
            elif row.op == "=~":
                out.append(loads.get((row.lhs, row.rhs), 0.7))
            else:
                out.append(_neutral(row, table.place, S, mean, explained))
    return np.array(out)


def cautious_starts(table: ParameterTable, start: Array) -> list[Array]:
    """Return starts nearer to uncorrelated variables: small factor variances, then equal loadings too."""
    rows = table.free_rows
    variance = np.array([row.op == "~~" and row.lhs == row.rhs and row.lhs in table.latent for row in rows])
    loading = np.array([row.op == "=~" for row in rows])
    small = np.where(variance, 0.05, start)
    return [small, np.where(loading, np.where(start < 0, -1.0, 1.0), small)]


def _neutral(row: Row, place: dict[str, int], S: Array, mean: Array, explained: set[str]) -> float:
    """Return sample moments where nothing explains a variable, half variances elsewhere, zero for paths."""
    p, i = len(S), place[row.lhs]
    j = place.get(row.rhs, i)
    if row.op == "~1":
        return float(mean[i]) if i < p else 0.0
    if row.op == "~":
        return 0.0
    if i == j:
        return 0.5 if i >= p else float(S[i, i]) * (0.5 if row.lhs in explained else 1.0)
    alone = i < p and j < p and row.lhs not in explained and row.rhs not in explained
    return float(S[i, j]) if alone else 0.0


def _explained(rows: list[Row]) -> set[str]:
    """Names of variables that something in the model explains."""
    return {row.rhs for row in rows if row.op == "=~"} | {row.lhs for row in rows if row.op == "~"}


def _loadings(rows: list[Row], table: ParameterTable, S: Array) -> dict[tuple[str, str], float]:
    out: dict[tuple[str, str], float] = {}
    for factor in table.latent:
        own = [row for row in rows if row.op == "=~" and row.lhs == factor and row.rhs in table.observed]
        at = [table.place[row.rhs] for row in own]
        marker = next((k for k, row in enumerate(own) if row.fixed), None)
        values = _by_marker(S[np.ix_(at, at)], marker) if marker is not None else _centroid(S[np.ix_(at, at)])
        sign = np.sign(own[marker].fixed or 1.0) if marker is not None else 1.0
        out |= {(factor, row.rhs): float(sign * value) for row, value in zip(own, values, strict=True)}
    return out


def _by_marker(S: Array, marker: int) -> Array:
    """FABIN 2: cov(y_j, instruments) on cov(marker, instruments)."""
    c = S[marker]
    above = S @ c - np.diag(S) * c - c * c[marker]
    below = c @ c - c**2 - c[marker] ** 2
    usable = below > 1e-8
    out = np.where(usable, above / np.where(usable, below, 1.0), 1.0)
    out[marker] = 1.0
    return np.where(np.abs(out) > 3, np.sign(out), np.where(np.abs(out) < 0.05, 0.05, out))


def _centroid(S: Array) -> Array:
    """First centroid loadings, after reflecting indicators that run against the rest."""
    signs = np.ones(len(S))
    for _ in range(len(S)):
        sums = signs * (S @ signs - np.diag(S) * signs)
        if sums.size == 0 or sums.min() >= 0:
            break
        signs[int(sums.argmin())] *= -1
    total = float(signs @ S @ signs)
    out: Array = signs * np.clip(np.abs(S @ signs) / np.sqrt(max(total, 1e-8)), 0.2, 0.9)
    return out
