"""From statements to the parameter table: lavaan's automatic rules for sem() and cfa() (Rosseel, 2012)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import Formula, Model, Modifier, Term
from pipeline.sem.syntax.expressions import Expression
from pipeline.sem.table.invariance import hold_equal
from pipeline.sem.table.ordinal import with_thresholds
from pipeline.sem.table.roles import Roles, find_roles
from pipeline.sem.table.rows import ParameterTable, Row, unique


@dataclass(frozen=True)
class Rules:
    """The options that decide which parameters are added or fixed."""

    std_lv: bool = False
    meanstructure: bool = False
    fixed_x: bool = True
    group_equal: tuple[str, ...] = ()
    group_partial: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int], ...] = ()
    parameterization: str = "delta"


def build_table(model: Model, groups: Sequence[str], rules: Rules) -> ParameterTable:
    """Return the parameter table of a single-level model."""
    roles = find_roles(model.formulas)
    exogenous = roles.exogenous_observed if rules.fixed_x else ()
    meanstructure = (
        rules.meanstructure or len(groups) > 1 or _has_intercept(model.formulas) or bool(rules.thresholds)
    )
    rules = replace(rules, meanstructure=meanstructure)
    rows: list[Row] = []
    for group in range(1, len(groups) + 1):
        rows += block_rows(model.formulas, roles, group, len(groups), rules)
    rows = share_fixed_labels(rows)
    table = ParameterTable(
        tuple(rows), roles.observed, roles.latent, exogenous, tuple(groups), meanstructure, model.definitions,
        model.constraints, label_pairs(rows), roles.exogenous_observed, rules.thresholds,
        rules.parameterization,
    )  # fmt: skip
    check_labels(table)
    return hold_equal(table, rules.group_equal, rules.group_partial, rules.std_lv)


def block_rows(formulas: Sequence[Formula], roles: Roles, group: int, groups: int, rules: Rules) -> list[Row]:
    """Return the rows of one group (or of one level of it): those written, then the automatic ones."""
    own = _user_rows(formulas, roles, group, groups, rules)
    automatic = _automatic_rows(own, roles, group, rules)
    return with_thresholds(own, automatic, group, rules.thresholds, rules.parameterization)


def _has_intercept(formulas: Sequence[Formula]) -> bool:
    return any(term.name == "1" for f in formulas if f.operator == "~" for term in f.terms)


def _user_rows(formulas: Sequence[Formula], roles: Roles, group: int, groups: int, rules: Rules) -> list[Row]:
    rows: dict[tuple[str, str, str], Row] = {}
    markers: set[str] = set()
    for formula in formulas:
        for left in formula.left:
            for term in formula.terms:
                row = _plain_row(formula, left, term, group)
                if formula.operator == "=~" and left not in markers:
                    markers.add(left)
                    row = row._replace(fixed=None if rules.std_lv else 1.0)
                if row.key[::-1] in rows and row.op == "~~":
                    row = rows.pop(row.key[::-1])
                rows[row.key] = _modify(rows.get(row.key, row), term.modifiers, group, groups)
    _check_regressions(rows, roles)
    return list(rows.values())


def _plain_row(formula: Formula, left: str, term: Term, group: int) -> Row:
    if term.name == "1":
        return Row(left, "~1", "", group, user=True)
    return Row(left, formula.operator, term.name, group, user=True)


def _check_regressions(rows: dict[tuple[str, str, str], Row], roles: Roles) -> None:
    for lhs, op, rhs in rows:
        if op == "~" and lhs == rhs:
            raise ModelError(f"'{lhs} ~ {rhs}': a variable cannot predict itself")
        if op == "=~" and rhs == "1":
            raise ModelError(f"'{lhs} =~ 1': the intercept of a factor is written '{lhs} ~ 1'")
    if set(roles.observed) & set(roles.latent):
        raise ModelError("a name is used both for a factor and for a variable of the data")


def _modify(row: Row, modifiers: tuple[Modifier, ...], group: int, groups: int) -> Row:
    """Apply what stands before the `*`; one entry serves all groups."""
    for modifier in modifiers:
        if len(modifier.values) not in {1, groups}:
            raise ModelError(
                f"line {modifier.line}, column {modifier.column}: '{row.text}' has "
                f"{len(modifier.values)} modifiers "
                f"for {groups} group(s); give one, or one for each group"
            )
        value = modifier.values[0] if len(modifier.values) == 1 else modifier.values[group - 1]
        if modifier.kind in {"label", "equal"} and isinstance(value, str):
            row = row._replace(label=value.replace(" ", ""))
        elif isinstance(value, float) and math.isnan(value):
            row = row._replace(fixed=None)
        elif modifier.kind == "start":
            row = row._replace(start=float(value))
        else:
            row = row._replace(fixed=float(value), start=None)
    return row


def _automatic_rows(own: list[Row], roles: Roles, group: int, rules: Rules) -> list[Row]:
    """Variances, covariances of exogenous factors and of last outcomes, exogenous variables, intercepts."""
    exogenous = roles.exogenous_observed
    single = _single_indicators(own, roles)
    added = [
        Row(v, "~~", v, group, fixed=0.0 if v in single else None)
        for v in roles.observed
        if v not in exogenous
    ]
    added += [Row(f, "~~", f, group, fixed=1.0 if rules.std_lv else None) for f in roles.latent]
    added += [Row(a, "~~", b, group) for a, b in combinations(roles.exogenous_latent, 2)]
    added += [Row(a, "~~", b, group) for a, b in combinations(roles.terminal, 2)]
    added += [Row(v, "~~", v, group, exogenous=rules.fixed_x) for v in exogenous]
    added += [Row(a, "~~", b, group, exogenous=rules.fixed_x) for a, b in combinations(exogenous, 2)]
    if rules.meanstructure:
        fixed = exogenous if rules.fixed_x else ()
        added += [Row(v, "~1", "", group, exogenous=v in fixed) for v in roles.observed]
        added += [Row(f, "~1", "", group, fixed=0.0) for f in roles.latent]
    present = {row.key for row in own} | {(row.rhs, row.op, row.lhs) for row in own if row.op == "~~"}
    return [row for row in added if row.key not in present]


def _single_indicators(own: list[Row], roles: Roles) -> set[str]:
    """Only indicators of a factor: their residual variance is fixed at zero."""
    out = set()
    for factor in roles.latent:
        loads = [row.rhs for row in own if row.op == "=~" and row.lhs == factor]
        if len(loads) == 1 and loads[0] not in roles.latent:
            out.add(loads[0])
    return out


def share_fixed_labels(rows: list[Row]) -> list[Row]:
    """A label that also stands at a fixed parameter fixes its namesakes there."""
    known = {row.label: row.fixed for row in rows if row.label and row.fixed is not None}
    return [row._replace(fixed=known[row.label]) if row.free and row.label in known else row for row in rows]


def label_pairs(rows: list[Row]) -> tuple[tuple[int, int], ...]:
    """Pairs of rows that share a label, or that `equal("lhs op rhs")` ties."""
    names = {
        "".join(row.key).replace("~1", "~1"): position for position, row in reversed(list(enumerate(rows)))
    }
    first: dict[str, int] = {}
    pairs = []
    for position, row in enumerate(rows):
        if not row.label or not row.free:
            continue
        origin = first.setdefault(row.label, names.get(row.label, position))
        if origin != position:
            pairs.append((origin, position))
    return tuple(pairs)


def check_labels(table: ParameterTable) -> None:
    """Every name in a := or == line must be a label or an earlier definition."""
    known = {row.label for row in table.rows if row.label}
    for definition in table.definitions:
        _check_names(definition.expression, known, definition.line)
        known.add(definition.name)
    for constraint in table.constraints:
        _check_names(constraint.left, known, constraint.line)
        _check_names(constraint.right, known, constraint.line)


def _check_names(expression: Expression, known: set[str], line: int) -> None:
    for name in expression.names():
        if name not in known:
            raise ModelError(
                f"line {line}: '{name}' is not the label of a parameter; label one, as {name}*x"
                + (f" (labels so far: {', '.join(sorted(known))})" if known else "")
            )


def variables_of(model: Model) -> tuple[str, ...]:
    """Return the observed variables of a model, in order of appearance."""
    return unique(find_roles(model.formulas).observed)
