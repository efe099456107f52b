"""What was left unlinked, and how large the clusters are (least, middle, most)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, group, header, row
from pipeline.reporting.tables.flow import reason_words
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One group a level and a level above it."""
    levels: Mapping[str, Any] = record.part("score", "levels")
    body = [
        row_
        for level in levels
        for upper, found in (levels[level].get("linked") or {}).items()
        for row_ in _rows(record, level, upper, found)
    ]
    if not body:
        return None
    return Table(
        id="unlinked",
        title="Links Between Levels and What Was Left Unlinked",
        header=(header("Link", "*n*"),),
        body=tuple(body),
        widths=(5.0, 1.0),
        general="Rows that could not be linked stay out of every model that needs the link.",
        alt="Counts of linked and unlinked rows by level, with reasons.",
    )


def sizes_table(record: Record) -> Table | None:
    """Sizes of clusters; only the least, the middle and the most, so that no cluster can be recognised."""
    levels: Mapping[str, Any] = record.part("score", "levels")
    body = [
        _size(record, level, upper, found)
        for level in levels
        for upper, found in (levels[level].get("cluster_sizes") or {}).items()
    ]
    if not body:
        return None
    return Table(
        id="clusters",
        title="Number and Size of Clusters",
        header=(header("Units in clusters", "Clusters", "Minimum", "Median", "Maximum"),),
        body=tuple(body),
        widths=(3.0, 1.0, 1.0, 1.0, 1.0),
        alt="Number of clusters at each level, with smallest, median and largest size.",
    )


def _rows(record: Record, level: str, upper: str, found: Mapping[str, Any]) -> list[Row]:
    title = f"{record.many(level).capitalize()} to {record.many(upper)}"
    total = record.results.get("derived", {}).get("unlinked", {}).get(level, {}).get(upper)
    lost = [row(reason_words(e["reason"]), count(e["n"]), indent=2) for e in found.get("unlinked") or ()]
    told = [
        row("Linked", count(found.get("linked")), indent=1),
        row("Not linked", count(total), indent=1),
        *lost,
    ]
    if found.get("contradicted"):
        told.append(row("Two sources name different ids", count(found["contradicted"]), indent=1))
    silent = found.get("linked_to_unit_without_answers")
    if silent:
        words = f"Linked to a {record.one(upper)} who did not answer"
        told.append(row(words, count(silent), indent=1))
    return [group(title, 2), *told]


def _size(record: Record, level: str, upper: str, found: Mapping[str, Any]) -> Row:
    return row(
        f"{record.many(level).capitalize()} in {record.many(upper)}",
        count(found.get("clusters")),
        record.cluster_size(found, "min"),
        record.cluster_size(found, "median", 1),
        record.cluster_size(found, "max"),
    )
