"""Correlations: within clusters below the diagonal, between clusters above it, reliability on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import (
    PROBABILITY,
    figure,
    header,
    numbered,
    row,
    sentences,
)
from pipeline.reporting.tables.reliability import headline
from pipeline.reporting.values import Cell, Row, Table


def table(record: Record) -> Table | None:
    """A square of correlations; only the lower triangle where a study has no clusters."""
    found: Mapping[str, Any] = record.part("validate", "correlations")
    names = list(found.get("names", ()))
    if len(names) < 2:
        return None
    titles = numbered([record.label(name) for name in names])
    rows = [_row(record, found, i, title) for i, title in enumerate(titles)]
    widths = (3.0, *(1.1 for _ in names))
    starred = any("*" in cell.text.replace(r"\*", "*") for r in rows for cell in r.cells[1:])
    return Table(
        id="correlations",
        title=_title(found),
        header=(header("Variable", *(str(i + 1) for i in range(len(names)))),),
        body=tuple(rows),
        widths=widths,
        general=_note(record, found),
        specific=bounds.note(rows, "a"),
        probability=PROBABILITY if starred else None,
        alt="Correlation matrix of the study variables.",
    )


def _title(found: Mapping[str, Any]) -> str:
    return "Correlations Within and Between Clusters" if found.get("between") else "Correlations"


def _row(record: Record, found: Mapping[str, Any], i: int, title: str) -> Row:
    cells = [_cell(record, found, i, j) for j in range(len(found["names"]))]
    return row(title, *cells)


def _cell(record: Record, found: Mapping[str, Any], i: int, j: int) -> Cell:
    if i == j:
        letter, told = headline(record.part("validate", "reliability").get(found["names"][i]))
        est = told.get("est")
        mark = "^α^" if letter == "α" else ""
        return figure(f"({bounds.marked(est, 'a')}){mark}" if est is not None else numbers.MISSING)
    lower = "within" if found.get("within") else "total"
    kind = lower if i > j else "between"
    value, p = _at(found.get(kind), i, j), _at(found.get(f"p_{kind}"), i, j)
    if value is None:
        return figure("" if i < j and not found.get("between") else numbers.MISSING)
    return figure(numbers.statistic("r", value) + numbers.stars(p).replace("*", r"\*"))


def _at(matrix: Any, i: int, j: int) -> float | None:
    return None if not matrix else matrix[i][j]


def _samples(record: Record, found: Mapping[str, Any]) -> str | None:
    if not found.get("n"):
        return None
    told = f"Pairwise over {numbers.count(found['n'])} {record.many(str(found.get('level')))}"
    clusters = found.get("clusters")
    return (
        f"{told} in {numbers.count(clusters)} {record.many(str(found['cluster']))}."
        if clusters
        else f"{told}."
    )


def _note(record: Record, found: Mapping[str, Any]) -> str:
    alphas = record.part("validate", "reliability")
    between = found.get("between")
    return sentences(
        "Below the diagonal: within clusters. Above it: between clusters." if between else None,
        _samples(record, found),
        "A variable measured once a cluster does not vary within it and has a dash there."
        if between and _has_constant(found)
        else None,
        f"On the diagonal, in parentheses: ω in this sample{_instead(record, found)}." if alphas else None,
    )


def _instead(record: Record, found: Mapping[str, Any]) -> str:
    told = [record.part("validate", "reliability").get(name) for name in found["names"]]
    return (
        "; ^α^ Cronbach’s alpha, where there is no ω" if any(t and not t.get("omega") for t in told) else ""
    )


def _has_constant(found: Mapping[str, Any]) -> bool:
    """Whether some variable has no correlation within at all."""
    rows = found.get("within") or []
    return any(all(value is None for j, value in enumerate(r) if i != j) for i, r in enumerate(rows))
