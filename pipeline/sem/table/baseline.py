"""The baseline of incremental fit indices: every variable on its own (Bentler & Bonett, 1980).

Exogenous variables keep their covariances, fixed or estimated, as in lavaan.
"""

from __future__ import annotations

from itertools import combinations

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
    return ParameterTable(
        tuple(rows), table.observed, (), fixed, table.groups, table.meanstructure, covariates=covariates
    )
