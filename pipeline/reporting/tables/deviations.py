"""Deviations from what was locked: each place in which the study now differs, then and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import group, header, row, stub
from pipeline.reporting.values import Row, Table

TITLES = {
    "path": "Model",
    "hypotheses": "Hypotheses",
    "instruments": "Instruments",
    "scoring": "Scoring",
    "screening": "Screening",
    "options": "Options of the analysis",
    "seed": "Seed",
}
COLUMNS = 3


def table(record: Record) -> Table | None:
    """One row a deviation, grouped by part; none where nothing was locked or nothing differs."""
    found: Mapping[str, Any] = record.results.get("lock") or {}
    rows = list(found.get("deviations") or ())
    if not rows:
        return None
    body: list[Row] = []
    for part in dict.fromkeys(str(one["part"]) for one in rows):
        body.append(group(TITLES.get(part, part.capitalize()), COLUMNS))
        body += [_row(one) for one in rows if one["part"] == part]
    return Table(
        id="deviations",
        title="Deviations From What Was Locked",
        header=(header("Place", "As locked", "As analysed"),),
        body=tuple(body),
        widths=(2.2, 2.6, 2.6),
        general=f"Locked on {found['locks'][-1]['date']}. A dash stands for nothing declared.",
        alt="Each difference between the locked and the analysed declarations.",
    )


def _row(one: Mapping[str, Any]) -> Row:
    place = str(one["what"]) or TITLES.get(str(one["part"]), str(one["part"]))
    return row(
        markup.literal(place),
        stub(markup.literal(str(one["locked"]))),
        stub(markup.literal(str(one["now"]))),
        indent=1,
    )
