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
    for group in range(1, len(table.groups) + 1):
        rows = [row for row in table.rows if row.group == group]
        multiplier = factors(rows, table.place, scale)
        p = len(table.observed)
        S = covariances[group - 1] / np.outer(scale[:p], scale[:p])
        loads = _loadings(rows, table, S)
        for row, factor in zip(rows, multiplier, strict=True):
            if row.free:
                neutral = _neutral(row, table, S, means[group - 1] / scale[:p], loads)
                out.append(neutral if row.start is None else row.start * factor)
    return np.array(out)


def cautious_starts(table: ParameterTable, start: Array) -> list[Array]:
    """Return starts nearer to uncorrelated variables: small factor variances, then equal loadings too."""
    rows = table.free_rows
    variance = np.array([row.op == "~~" and row.lhs == row.rhs and row.lhs in table.latent for row in rows])
    loading = np.array([row.op == "=~" for row in rows])
    small = np.where(variance, 0.05, start)
    return [small, np.where(loading, np.where(start < 0, -1.0, 1.0), small)]


def _neutral(
    row: Row, table: ParameterTable, S: Array, mean: Array, loads: dict[tuple[str, str], float]
) -> float:
    if row.op == "=~":
        return loads.get((row.lhs, row.rhs), 0.7)
    if row.op == "~1":
        return float(mean[table.place[row.lhs]]) if row.lhs in table.observed else 0.0
    if row.op == "~~" and row.lhs == row.rhs:
        if row.lhs in table.observed:
            at = table.place[row.lhs]
            return float(S[at, at]) * (0.5 if _explained(row.lhs, table) else 1.0)
        return 0.5
    if (
        row.op == "~~"
        and row.lhs in table.observed
        and row.rhs in table.observed
        and _free_covariance(row, table)
    ):
        return float(S[table.observed.index(row.lhs), table.observed.index(row.rhs)])
    return 0.0


def _explained(name: str, table: ParameterTable) -> bool:
    return any((r.op == "=~" and r.rhs == name) or (r.op == "~" and r.lhs == name) for r in table.rows)


def _free_covariance(row: Row, table: ParameterTable) -> bool:
    return not _explained(row.lhs, table) and not _explained(row.rhs, table)


def _loadings(rows: list[Row], table: ParameterTable, S: Array) -> dict[tuple[str, str], float]:
    out: dict[tuple[str, str], float] = {}
    for factor in table.latent:
        own = [row for row in rows if row.op == "=~" and row.lhs == factor and row.rhs in table.observed]
        at = [table.observed.index(row.rhs) for row in own]
        marker = next((k for k, row in enumerate(own) if row.fixed), None)
        values = _by_marker(S[np.ix_(at, at)], marker) if marker is not None else _centroid(S[np.ix_(at, at)])
        sign = np.sign(own[marker].fixed or 1.0) if marker is not None else 1.0
        out |= {(factor, row.rhs): float(sign * value) for row, value in zip(own, values, strict=True)}
    return out


def _by_marker(S: Array, marker: int) -> Array:
    """FABIN 2: cov(y_j, instruments) on cov(marker, instruments)."""
    size = len(S)
    out = np.ones(size)
    for j in range(size):
        others = [k for k in range(size) if k not in {j, marker}]
        if j != marker and others:
            below = float(S[marker, others] @ S[marker, others])
            out[j] = float(S[j, others] @ S[marker, others]) / below if below > 1e-8 else 1.0
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
