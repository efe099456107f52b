"""Differences between indirect effects: between routes of one level, and between levels for one route."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from pipeline.reporting.record import ARROW, Record
from pipeline.reporting.tables.build import group, listed, row, sentences
from pipeline.reporting.tables.indirect import bootstrap_note, columns, heads, intervals
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One row a pair of routes, then one a route that exists within and between."""
    laid = [*_routes(record), *_levels(record)]
    if not laid:
        return None
    return Table(
        id="contrasts",
        title="Differences Between Indirect Effects",
        header=heads(record, "Difference"),
        body=tuple(laid),
        widths=(4.2, *columns(record)),
        general=_note(record),
        alt="Differences between indirect effects with Monte Carlo and bootstrap intervals.",
    )


def route_words(record: Record, route: str) -> str:
    """A route by what it passes through: `by way of alliance and belonging`."""
    return f"by way of {listed(record.phrase(name) for name in route.split(ARROW)[1:-1])}"


def _routes(record: Record) -> Iterable[Row]:
    def ends(r: Mapping[str, Any]) -> tuple[str, str, str]:
        return str(r["level"]), str(r["source"]), str(r["target"])

    for (level, source, target), rows in groupby(record.contrasts, ends):
        route = record.route(ARROW.join((source, target)))
        where = f"{record.level_words(level)}: " if record.is_clustered else ""
        yield group(f"{where}{route}", 1 + len(columns(record)))
        for r in rows:
            first, second = (route_words(record, str(r[name])) for name in ("first", "second"))
            yield row(f"{_capital(first)}, less {second}", *intervals(record, r), indent=1)


def _levels(record: Record) -> Iterable[Row]:
    rows = [r for r in record.contextual_indirect if r["kind"] == "specific"]
    if rows and record.cluster is not None:
        yield group(f"Between {record.many(record.cluster)}, less within", 1 + len(columns(record)))
    for r in rows:
        yield row(record.route(str(r["route"])), *intervals(record, r), indent=1)


def _note(record: Record) -> str:
    return sentences(
        "A difference whose interval holds zero is not shown to be nothing; the data do not tell the two "
        "apart.",
        "Routes are compared as they stand, sign included (Preacher & Hayes, 2008)."
        if record.contrasts
        else None,
        "*p* comes from the Monte Carlo draws.",
        bootstrap_note(record),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
