"""Means, standard deviations, reliability with its interval, and how much lies between clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import (
    count,
    drop_empty_columns,
    group,
    header,
    listed,
    row,
    sentences,
    spanners,
)
from pipeline.reporting.values import Cell, Row, Table

LEAD = ("*n*", "Missing", "*M*", "*SD*")


def table(record: Record) -> Table | None:
    """One row a variable, under its level; ICC columns for each level above."""
    found: Mapping[str, Mapping[str, Any]] = record.part("validate", "descriptives")
    if not found:
        return None
    uppers = cluster_levels(record)
    ci = numbers.confidence(record.confidence)
    names = [*LEAD, "ω", f"{ci} CI", "α", *(name for _ in uppers for name in ("ICC(1)", "ICC(2)"))]
    heads = [(f"In {record.many(upper)}", 2) for upper in uppers]
    over = (spanners(1 + len(LEAD), ("Reliability", 3), *heads),)
    widths = (3.2, 0.9, 1.0, 0.9, 0.9, 0.8, 1.5, 0.8, *(0.9 for _ in range(2 * len(uppers))))
    body = tuple(_body(record, found, uppers, len(names) + 1))
    laid = Table(
        id="descriptives",
        title=_title(record),
        header=(*over, header("Variable", *names)),
        body=body,
        widths=widths,
        general=_note(record, uppers),
        specific=bounds.note(body, "a"),
        alt="Descriptive statistics, reliability and intraclass correlations, one row a variable.",
    )
    return drop_empty_columns(laid)


def cluster_levels(record: Record) -> list[str]:
    """Levels for which some variable has an intraclass correlation, lowest first."""
    icc = record.part("validate", "icc")
    return [level for level in record.levels if any(level in (found or {}) for found in icc.values())]


def _title(record: Record) -> str:
    parts = ["Means", "Standard Deviations"]
    if record.part("validate", "reliability"):
        parts.append("Reliabilities")
    if cluster_levels(record):
        parts.append("Intraclass Correlations")
    return listed(parts)


def _body(
    record: Record, found: Mapping[str, Mapping[str, Any]], uppers: list[str], columns: int
) -> list[Row]:
    levels = [level for level in record.levels if any(_level(record, n, found) == level for n in found)]
    rows: list[Row] = []
    for level in levels:
        if len(levels) > 1:
            rows.append(group(f"{record.many(level).capitalize()}", columns))
        names = [name for name in found if _level(record, name, found) == level]
        rows += [_row(record, name, found[name], uppers, int(len(levels) > 1)) for name in names]
    return rows


def _level(record: Record, name: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    return str(found[name].get("level") or record.level_of(name))


def _row(record: Record, name: str, values: Mapping[str, Any], uppers: list[str], indent: int) -> Row:
    reliability = record.part("validate", "reliability").get(name) or {}
    omega = reliability.get("omega") or {}
    icc = record.part("validate", "icc").get(name) or {}
    cells: list[Cell | str] = [
        count(values.get("n")),
        count(values.get("missing")),
        numbers.number(values.get("mean")),
        numbers.number(values.get("sd")),
        bounds.marked(omega.get("est"), "a"),
        numbers.interval(omega.get("ci_lower"), omega.get("ci_upper"), name="omega"),
        numbers.statistic("alpha", reliability.get("est")),
    ]
    shares = [(icc.get(upper) or {}).get(key) for upper in uppers for key in ("icc1", "icc2")]
    cells += [numbers.statistic("icc", share) for share in shares]
    return row(record.label(name), *cells, indent=indent)


def _shares(record: Record) -> list[float | None]:
    found = [told for levels in record.part("validate", "icc").values() for told in (levels or {}).values()]
    return [(told or {}).get(name) for told in found for name in ("icc1", "icc2")]


def _note(record: Record, uppers: list[str]) -> str:
    alpha = record.part("validate", "reliability")
    return sentences(
        "Each variable is described at the level at which it was measured.",
        "ω is the share of a score’s variance that its one factor explains (McDonald, 1999); α is Cronbach’s "
        "alpha (Cronbach, 1951)."
        if alpha
        else None,
        "ICC(1) is the share of variance that lies between clusters; ICC(2) is the reliability of the "
        "cluster means (Bliese, 2000)."
        if uppers
        else None,
        bounds.below_zero(_shares(record)),
        "A dash marks what does not apply or could not be computed.",
    )
