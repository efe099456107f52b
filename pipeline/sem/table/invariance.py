"""Equality across groups: which parameters `group_equal` ties and which `group_partial` leaves free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.sem.errors import ModelError
from pipeline.sem.table.rows import ParameterTable, Row

KINDS = (
    "loadings", "intercepts", "residuals", "residual.covariances", "lv.variances", "lv.covariances", "means",
    "regressions", "thresholds",
)  # fmt: skip


def hold_equal(
    table: ParameterTable, equal: Sequence[str], partial: Sequence[str], std_lv: bool
) -> ParameterTable:
    """Tie parameters over groups; equal intercepts or thresholds free the factor means of later groups.

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
    if row.op in {"|", "~*~"}:
        return "thresholds" if row.op == "|" else "scales"
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
    if "residuals" in equal and table.ordered and table.parameterization == "delta":
        raise ModelError(
            "group_equal='residuals' of ordered items needs parameterization='theta', which has them"
        )
    if "thresholds" in equal and not table.ordered:
        raise ModelError("group_equal='thresholds' needs ordered items; name them in ordered=")
    if equal and len(table.groups) == 1:
        raise ModelError("group_equal needs group=, a column with at least two groups")


def _release(row: Row, table: ParameterTable, equal: Sequence[str], std_lv: bool) -> Row:
    if row.group == 1 or row.user:
        return row
    kind = kind_of(row, table)
    if kind == "means" and {"intercepts", "thresholds"} & set(equal) and "means" not in equal:
        return row._replace(fixed=None)
    if row.lhs in table.ordered and "thresholds" in equal and _own_scale(kind, table.parameterization, equal):
        return row._replace(fixed=None)
    if kind == "lv.variances" and std_lv and "loadings" in equal and kind not in equal:
        return row._replace(fixed=None)
    return row


def _own_scale(kind: str, parameterization: str, equal: Sequence[str]) -> bool:
    """Whether equal thresholds identify this scale (delta) or residual variance (theta) in later groups."""
    if parameterization == "delta":
        return kind == "scales"
    return kind == "residuals" and "residuals" not in equal


def _normal(text: str) -> str:
    return text.replace(" ", "")


def _excepted(row: Row, excepted: set[str]) -> bool:
    names = {f"{row.lhs}{row.op}{row.rhs}"}
    if row.op == "~~":
        names.add(f"{row.rhs}{row.op}{row.lhs}")
    return bool(names & excepted)
