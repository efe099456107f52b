"""Contextual tests: whether a slope between clusters differs from the slope within them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import header, row
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One row a path that exists at both levels."""
    rows: Entries = record.differences
    if not rows:
        return None
    ci = numbers.confidence(record.confidence)
    has_interval = any(r.get("ci_lower") is not None for r in rows)
    names = ("Between − within", "*SE*", *((f"{ci} CI",) if has_interval else ()), "*z*", "*p*")
    return Table(
        id="contextual",
        title="Tests of Whether Slopes Differ Between and Within Clusters",
        header=(header("Path", *names),),
        body=tuple(_row(record, r, has_interval) for r in rows),
        widths=(4.2, 1.4, 0.9, *((1.6,) if has_interval else ()), 0.9, 0.9),
        general=(
            "A clear difference means that a single-level model answers neither question: the slope within "
            "compares members of one cluster, the slope between compares clusters."
        ),
        alt="Difference of each slope between and within clusters.",
    )


def _row(record: Record, r: Mapping[str, Any], has_interval: bool) -> Row:
    middle = [numbers.interval(r.get("ci_lower"), r.get("ci_upper"))] if has_interval else []
    return row(
        record.route(ARROW.join((str(r["predictor"]), str(r["outcome"])))),
        numbers.number(r.get("est")),
        numbers.number(r.get("se")),
        *middle,
        numbers.number(r.get("z")),
        numbers.p_value(r.get("pvalue", r.get("p"))),
    )
