"""Parameters that a model leaves out and that could be added: candidates for modification indices."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from pipeline.sem.table.rows import ParameterTable, Row, unique


def candidates(table: ParameterTable, group: int) -> list[Row]:
    """Return cross-loadings, residual covariances, factor covariances, paths and intercepts not in a group.

    The list follows lavaan's: no loading of an outcome or predictor, no covariance of an observed variable
    that is no indicator, no path from a factor to an indicator or to a variable fixed at the sample.
    """
    rows = [row for row in table.rows if row.group == group]
    indicators = unique(row.rhs for row in rows if row.op == "=~")
    paths = unique(name for row in rows if row.op == "~" for name in (row.lhs, row.rhs))
    observed = [name for name in table.observed if name not in _predictors_only(rows, table)]
    new = [(f, "=~", y) for f in table.latent for y in observed if y not in paths]
    new += [(a, "~~", b) for a, b in combinations([y for y in observed if y in indicators], 2)]
    new += [(a, "~~", b) for a, b in combinations(table.latent, 2)]
    new += [
        (y, "~", x)
        for y in paths
        for x in paths
        if x != y
        and y not in table.exogenous
        and not (y in indicators and y not in table.latent and x in table.latent)
    ]
    if table.meanstructure:
        new += [(name, "~1", "") for name in table.observed + table.latent if name not in table.ordered]
    present = {row.key for row in rows} | {row.key[::-1] for row in rows if row.op == "~~"}
    return [Row(*key, group) for key in new if key not in present and (key[2], "~~", key[0]) not in present]


def extended(table: ParameterTable) -> tuple[ParameterTable, list[bool]]:
    """Return the table with its candidates, group by group, and which of its rows are candidates."""
    rows: list[Row] = []
    added: list[bool] = []
    for group in range(1, len(table.groups) + 1):
        own = [row for row in table.rows if row.group == group]
        new = candidates(table, group)
        rows += own + new
        added += [False] * len(own) + [True] * len(new)
    wide = replace(table, rows=tuple(rows), definitions=(), constraints=(), equal=())
    return wide, added


def _predictors_only(rows: list[Row], table: ParameterTable) -> set[str]:
    outcomes = {row.lhs for row in rows if row.op == "~"} | {row.rhs for row in rows if row.op == "=~"}
    return {row.rhs for row in rows if row.op == "~" and row.rhs in table.observed} - outcomes
