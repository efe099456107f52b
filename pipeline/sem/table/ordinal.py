"""Rows of the parameter table that belong to ordered items: thresholds, scales, residual variances.

Delta parametrisation: the scale of an item (1 / standard deviation of its response variate) is a parameter
and its residual variance follows. Theta: the residual variance is a parameter and the scale follows
(Muthen & Asparouhov, 2002). In a single group both are 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.sem.errors import ModelError
from pipeline.sem.table.rows import Row


def with_thresholds(
    own: list[Row],
    automatic: list[Row],
    group: int,
    thresholds: Sequence[tuple[str, int]],
    parameterization: str,
) -> list[Row]:
    """Join the rows of a group, with those of its ordered items added or fixed."""
    _check(own, dict(thresholds), parameterization)
    if not thresholds:
        return own + automatic
    delta, present = parameterization == "delta", {row.key for row in own}
    ordered = dict(thresholds)
    added = [Row(item, "|", f"t{k + 1}", group) for item, count in thresholds for k in range(count)]
    added += [
        Row(item, "~*~", item, group, fixed=1.0 if delta else None, derived=not delta) for item in ordered
    ]
    fixed = [_fixed(row, ordered, delta) for row in automatic]
    return own + fixed + [row._replace(user=False) for row in added if row.key not in present]


def _fixed(row: Row, ordered: dict[str, int], delta: bool) -> Row:
    """Give an automatic row of an ordered item its value: intercept 0, residual variance 1 or derived."""
    if row.lhs not in ordered:
        return row
    if row.op == "~1":
        return row._replace(fixed=0.0)
    if row.op == "~~" and row.lhs == row.rhs:
        return row._replace(fixed=None if delta else 1.0, derived=delta)
    return row


def _check(own: list[Row], ordered: dict[str, int], parameterization: str) -> None:
    for row in own:
        if row.op in {"|", "~*~"} and row.lhs not in ordered:
            raise ModelError(f"'{row.text}': '{row.lhs}' is not ordered; name it in ordered=")
        if row.op == "|":
            _check_threshold(row, ordered[row.lhs])
        if row.op == "~*~" and row.lhs != row.rhs:
            raise ModelError(
                f"'{row.text}': a scale stands on its own variable, as '{row.lhs} ~*~ {row.lhs}'"
            )
        if row.lhs in ordered and _belongs_elsewhere(row, parameterization):
            other = "theta" if parameterization == "delta" else "delta"
            raise ModelError(
                f"'{row.text}' follows from the others under parameterization='{parameterization}'; use "
                f"parameterization='{other}' to set it"
            )


def _check_threshold(row: Row, count: int) -> None:
    known = [f"t{k + 1}" for k in range(count)]
    if row.rhs not in known:
        raise ModelError(
            f"'{row.text}': '{row.lhs}' has {count + 1} categories, so its thresholds are {', '.join(known)}"
        )


def _belongs_elsewhere(row: Row, parameterization: str) -> bool:
    own_variance = row.op == "~~" and row.lhs == row.rhs
    return own_variance if parameterization == "delta" else row.op == "~*~"
