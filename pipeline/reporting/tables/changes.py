"""What was changed on the way in: recodings, answers declared missing, ids corrected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, group, header, row
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """Three groups; a group with nothing in it is left out."""
    derived: Mapping[str, Any] = record.results.get("derived", {})
    parts = (
        ("Answers declared missing by a code", [_missing(e) for e in derived.get("missing_codes", ())]),
        ("Recoded answers", [_recoding(record, e) for e in derived.get("recodings", ())]),
        ("Corrected ids", [_correction(record, e) for e in derived.get("id_corrections", ())]),
    )
    body = [r for title, rows in parts if rows for r in (group(title, 2), *rows)]
    if not body:
        return None
    return Table(
        id="changes",
        title="What Was Changed When the Exports Were Read",
        header=(header("Change", "*n*"),),
        body=tuple(body),
        widths=(6.0, 1.0),
        general="*n* counts answers, or rows for ids. The exports themselves were not changed.",
        alt="Missing codes, recodings and id corrections with counts.",
    )


def _missing(e: Mapping[str, Any]) -> Row:
    label = f" ({markup.literal(str(e['label']))})" if e.get("label") else ""
    code, export = markup.literal(str(e["code"])), markup.literal(str(e["export"]))
    return row(f"{export}: code {code}{label}", count(e["n"]), indent=1)


def _recoding(record: Record, e: Mapping[str, Any]) -> Row:
    old, new = markup.literal(str(e["from"])), markup.literal(str(e["to"]))
    where = f"{record.label(str(e['variable']))}: “{old}” as {new} ({markup.literal(str(e['rule']))})"
    return row(where, count(e.get("n")), indent=1)


def _correction(record: Record, e: Mapping[str, Any]) -> Row:
    if e.get("typed") is None:
        return row(f"{record.one(str(e['level'])).capitalize()} ids", count(e["n"]), indent=1)
    typed, meant = markup.literal(str(e["typed"])), markup.literal(str(e["meant"]))
    words = f"{record.one(str(e['level'])).capitalize()}: “{typed}” read as “{meant}”"
    return row(words, count(e["n"]), indent=1)
