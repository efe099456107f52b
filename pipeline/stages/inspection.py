"""The command `inspect`: what a file holds, as text or JSON, with a draft of the study it could be.

It writes nothing. No cell of a column that identifies people, and no free text, is repeated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.declaration import StudyError
from pipeline.exports.inspection import Described, Inspection
from pipeline.stages.blocks import Match, known_instruments, matches
from pipeline.stages.drafting import draft

SHOWN = 40


def report(inspection: Inspection, instruments: Path) -> dict[str, Any]:
    """Everything found in a file, as plain values for JSON."""
    found = matches(inspection, known_instruments(instruments))
    return {
        "file": inspection.file,
        "platform": inspection.platform,
        "confidence": inspection.confidence,
        "sign": inspection.sign,
        "encoding": inspection.encoding,
        "delimiter": inspection.delimiter,
        "header_rows": inspection.header_rows,
        "rows": inspection.rows,
        "respondents": inspection.respondents,
        "parts": [dict(part) for part in inspection.parts],
        "part": dict(inspection.part.rows),
        "columns": [_column(column) for column in inspection.columns],
        "missing_codes": dict(inspection.missing_codes),
        "identifiers": list(inspection.identifiers),
        "blocks": [_block(match) for match in found],
        "notes": list(inspection.notes),
        "problems": [
            {"column": one.column, "rows": list(one.rows), "message": one.message}
            for one in inspection.problems
        ],
        "draft": _draft(inspection, instruments),
    }


def lines(told: dict[str, Any], needed: int) -> list[str]:
    """The same for people to read."""
    delimiter = {"\t": "tab"}.get(told["delimiter"] or "", f"'{told['delimiter']}'")
    how = "a workbook" if told["encoding"] == "xlsx" else f"encoding {told['encoding']}"
    how += f", delimiter {delimiter}" if told["delimiter"] else ""
    found = [
        f"{told['file']}: {told['platform']}, sure to {told['confidence']:.2f} ({told['sign']})",
        f"{how}, {_many(told['header_rows'], 'header row')}, {_many(told['rows'], 'row')}, "
        f"{told['respondents']} with answers",
        f"reading it takes roughly {needed / 1024**2:,.0f} MB of memory",
    ]
    if told["parts"]:
        shown = ", ".join(f"{name} '{value}'" for name, value in told["part"].items())
        found.append(f"it mixes {len(told['parts'])} kinds of rows; shown are those with {shown}")
    found += ["", "Columns"]
    found += [_column_line(column) for column in told["columns"][:SHOWN]]
    more = len(told["columns"]) - SHOWN
    found += [f"  and {more} more (--json lists them)"] if more > 0 else []
    found += _section(
        "Missing codes", [f"{code}: {_many(n, 'answer')}" for code, n in told["missing_codes"].items()]
    )
    found += _section("Dropped, because they identify people", told["identifiers"])
    found += _section("Likely instruments", [_block_line(block) for block in told["blocks"]])
    found += _section("Notes", told["notes"])
    problems = [f"{one['column']}, row {_rows(one['rows'])}: {one['message']}" for one in told["problems"]]
    found += _section("Look at", problems)
    return [
        *found,
        "",
        "Draft of a study.yaml (python -m pipeline new STUDY FILE writes it)",
        "",
        told["draft"],
    ]


def _draft(inspection: Inspection, instruments: Path) -> str:
    try:
        return draft([inspection], instruments)
    except StudyError as error:
        return f"# No draft: {error}\n"


def _column(column: Described) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind,
        "answered": column.answered,
        "coding": list(column.coding),
        "missing_codes": list(column.missing_codes),
    }


def _column_line(column: dict[str, Any]) -> str:
    coding = f": {', '.join(column['coding'][:8])}" if column["coding"] else ""
    return f"  {column['kind']:<12} {_short(column['name'])} ({column['answered']} answered){coding}"


def _block(match: Match) -> dict[str, Any]:
    return {
        "title": match.block.title,
        "stem": match.block.stem,
        "columns": dict(match.columns),
        "items": len(match.block.columns),
        "instrument": match.instrument,
        "confidence": match.confidence,
        "why": match.why,
    }


def _block_line(block: dict[str, Any]) -> str:
    sure = f"sure to {block['confidence']:.2f} ({block['why']})"
    return f"{_short(block['title'], 100)}: {block['instrument']}, {sure}"


def _section(title: str, entries: list[str]) -> list[str]:
    return ["", title, *(f"  {_short(entry, 160)}" for entry in entries)] if entries else []


def _many(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _rows(rows: list[int]) -> str:
    return ", ".join(map(str, rows))


def _short(text: str, most: int = 60) -> str:
    plain = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
