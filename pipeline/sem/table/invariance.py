"""Equality across groups: which parameters `group_equal` ties and which `group_partial` leaves free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.sem.errors import ModelError
from pipeline.sem.table.rows import ParameterTable, Row

KINDS = (
    "loadings", "intercepts", "residuals", "residual.covariances", "lv.variances", "lv.covariances", "means",
    "regressions",
)  # fmt: skip


def hold_equal(
    table: ParameterTable, equal: Sequence[str], partial: Sequence[str], std_lv: bool
) -> ParameterTable:
    """Tie parameters over groups; with equal intercepts the factor means of later groups are freed.

    With equal loadings and std_lv the factor variances of later groups are freed (Meredith, 1993; lavaan).
    """
    _check(equal, table)
    if len(table.groups) == 1 or not equal:
        return table
    excepted = {_normal(text) for text in partial}
    table = replace(table, rows=tuple(_release(row, table, equal, std_lv) for row in table.rows))
    first = {(row.level, row.key): at for at, row in enumerate(table.rows) if row.group == 1}
    pairs = list(table.equal)
    for position, row in enumerate(table.rows):
        tied = row.group > 1 and row.free and kind_of(row, table) in equal and not _excepted(row, excepted)
        if tied and not row.label and table.rows[first[row.level, row.key]].free:
            pairs.append((first[row.level, row.key], position))
    return replace(table, equal=tuple(pairs))


def kind_of(row: Row, table: ParameterTable) -> str:
    """Return the name under which group_equal ties this parameter."""
    latent = row.lhs in table.latent
    if row.op == "=~":
        return "loadings"
    if row.op == "~":
        return "regressions"
    if row.op == "~1":
        return "means" if latent else "intercepts"
    if row.lhs == row.rhs:
        return "lv.variances" if latent else "residuals"
    return "lv.covariances" if latent and row.rhs in table.latent else "residual.covariances"


def _check(equal: Sequence[str], table: ParameterTable) -> None:
    unknown = [kind for kind in equal if kind not in KINDS]
    if unknown:
        raise ModelError(f"group_equal: '{unknown[0]}' is not one of {', '.join(KINDS)}")
    if equal and len(table.groups) == 1:
        raise ModelError("group_equal needs group=, a column with at least two groups")


def _release(row: Row, table: ParameterTable, equal: Sequence[str], std_lv: bool) -> Row:
    if row.group == 1 or row.user:
        return row
    kind = kind_of(row, table)
    if kind == "means" and "intercepts" in equal and "means" not in equal:
        return replace(row, fixed=None)
    if kind == "lv.variances" and std_lv and "loadings" in equal and kind not in equal:
        return replace(row, fixed=None)
    return row


def _normal(text: str) -> str:
    return text.replace(" ", "")


def _excepted(row: Row, excepted: set[str]) -> bool:
    names = {f"{row.lhs}{row.op}{row.rhs}"}
    if row.op == "~~":
        names.add(f"{row.rhs}{row.op}{row.lhs}")
    return bool(names & excepted)
