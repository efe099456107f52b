"""The baseline of incremental fit indices: every variable on its own (Bentler & Bonett, 1980).

Exogenous variables keep their covariances, fixed or estimated, as in lavaan.
"""

from __future__ import annotations

from itertools import combinations

from pipeline.sem.table.ordinal import with_thresholds
from pipeline.sem.table.rows import ParameterTable, Row


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Return the independence model of a table's observed variables."""
    rows: list[Row] = []
    fixed, covariates = table.exogenous, table.covariates
    for group in range(1, len(table.groups) + 1):
        rows += [Row(v, "~~", v, group, exogenous=v in fixed) for v in table.observed]
        rows += [Row(a, "~~", b, group, exogenous=bool(fixed)) for a, b in combinations(covariates, 2)]
        if table.meanstructure:
            rows += [Row(v, "~1", "", group, exogenous=v in fixed) for v in table.observed]
    if table.thresholds:
        rows = _ordinal_rows(table)
    return ParameterTable(
        tuple(rows), table.observed, (), fixed, table.groups, table.meanstructure, covariates=covariates,
        thresholds=table.thresholds,
    )  # fmt: skip


def _ordinal_rows(table: ParameterTable) -> list[Row]:
    """Free thresholds, means and variances, and free slopes on fixed covariates."""
    rows: list[Row] = []
    fixed, thresholds = table.exogenous, table.thresholds
    explained = [name for name in table.observed if name not in fixed]
    for group in range(1, len(table.groups) + 1):
        own = [Row(v, "~~", v, group, exogenous=v in fixed) for v in table.observed]
        own += [Row(a, "~~", b, group, exogenous=bool(fixed)) for a, b in combinations(table.covariates, 2)]
        own += [Row(v, "~1", "", group, exogenous=v in fixed) for v in table.observed]
        own += [Row(y, "~", x, group) for x in fixed for y in explained]
        rows += with_thresholds([], own, group, thresholds, "delta")
    return rows
