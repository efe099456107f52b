"""Participant flow: what was received, left out and why, kept, and linked to the levels above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import figure, group, header, row
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One column an export; a dash where a step does not apply to it."""
    exports: Mapping[str, Mapping[str, Any]] = record.part("screen", "exports")
    if not exports:
        return None
    names = tuple(exports)
    body = [
        _step("Records received", [exports[name].get("received") for name in names]),
        *_reasons(exports, names),
        _step("Kept after screening", [exports[name].get("kept") for name in names]),
        *_links(record, exports, names),
    ]
    return Table(
        id="flow",
        title="Participant Flow by Export, With Reasons for Exclusion",
        header=(header("Step", *(column_title(record, name, exports[name]) for name in names)),),
        body=tuple(body),
        widths=(3.4, *(1.3 for _ in names)),
        general=(
            "Each record is counted once, under the first rule that leaves it out, in the order shown. "
            "A dash means that the step does not apply."
        ),
        alt="Counts of records received, excluded by reason, kept and linked, one column an export.",
    )


def column_title(record: Record, name: str, export: Mapping[str, Any]) -> str:
    """What an export is called: by its level, and as a roster where it is one."""
    words = record.many(str(export.get("level"))).capitalize()
    if export.get("kind") == "roster":
        return f"{words}, roster"
    same = [e for e in record.part("screen", "exports").values() if _key(e) == _key(export)]
    return words if len(same) == 1 else f"{words}, {markup.literal(name)}"


def reason_words(reason: str) -> str:
    """A reason as it begins a line."""
    return markup.literal(reason[:1].upper() + reason[1:])


def _key(export: Mapping[str, Any]) -> tuple[Any, Any]:
    return export.get("level"), export.get("kind")


def _step(words: str, values: Sequence[Any], indent: int = 0) -> Row:
    return row(words, *(figure(numbers.count(value)) for value in values), indent=indent)


def _reasons(exports: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> list[Row]:
    counts = {name: {e["reason"]: e["n"] for e in exports[name].get("excluded", ())} for name in names}
    reasons = list(dict.fromkeys(reason for name in names for reason in counts[name]))
    if not reasons:
        return []
    rows = [_step(reason_words(r), [counts[name].get(r) for name in names], indent=1) for r in reasons]
    return [group("Excluded", len(names) + 1), *rows]


def _links(record: Record, exports: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> list[Row]:
    """Links are counted once a level, under its first survey."""
    levels = record.part("score", "levels")
    first = {str(exports[name]["level"]): name for name in reversed(names) if _counts(exports[name], levels)}
    rows: list[Row] = []
    for upper in record.levels:
        linked = {
            name: (levels.get(level, {}).get("linked", {}).get(upper) or {}).get("linked")
            for level, name in first.items()
        }
        if any(value is not None for value in linked.values()):
            rows.append(_step(f"Linked to {record.many(upper)}", [linked.get(name) for name in names]))
    return rows


def _counts(export: Mapping[str, Any], levels: Mapping[str, Any]) -> bool:
    source = str(levels.get(str(export.get("level")), {}).get("source", "survey"))
    return export.get("kind") != "roster" or source == "roster"
