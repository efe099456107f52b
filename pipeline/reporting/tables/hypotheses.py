"""Hypotheses: what was expected, what was found, and the verdict by interval and smallest effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import bounds, indirect
from pipeline.reporting.tables.build import header, row, stub
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One row a hypothesis."""
    rows: Entries = record.hypotheses
    if not rows:
        return None
    body = tuple(_row(record, r) for r in rows)
    level = ["Level"] if record.is_clustered else []
    ci = numbers.confidence(record.confidence)
    return Table(
        id="hypotheses",
        title="Hypotheses and Verdicts",
        header=(header("Hypothesis", *level, "Expected", "Smallest", "Estimate", f"{ci} CI", "Verdict"),),
        body=body,
        specific=bounds.note(body, "a", indirect.NEGATIVE),
        widths=(3.6, *(1.0 for _ in level), 1.0, 1.0, 1.0, 1.6, 1.4),
        general=(
            "Smallest is the smallest effect of interest that was declared, in absolute value. A hypothesis "
            "is supported where the interval excludes zero in the expected direction, not supported where "
            "the whole interval lies below the smallest effect of interest or in the other direction, and "
            "otherwise inconclusive."
        ),
        alt="Expected and estimated effects with a verdict for each hypothesis.",
    )


def _row(record: Record, r: Mapping[str, Any]) -> Row:
    decimals = record.decimals_of(str(r["effect"]))
    return row(
        f"{markup.literal(str(r['id']))}: {record.route(str(r['effect']))}",
        *([stub(str(r.get("level", "")).capitalize())] if record.is_clustered else []),
        stub(str(r.get("sign", "")).capitalize()),
        numbers.declared(r.get("smallest")),
        numbers.number(r.get("est"), decimals) + "^a^" * record.rests_on_improper(r),
        numbers.interval(r.get("ci_lower"), r.get("ci_upper"), decimals),
        stub(markup.literal(str(r.get("verdict") or "not judged").capitalize())),
    )
