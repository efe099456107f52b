"""Differential item functioning: one row an item, one group a scale and grouping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import (
    drop_empty_columns,
    group,
    header,
    listed,
    row,
    sentences,
    spanners,
)
from pipeline.reporting.tables.invariance import over
from pipeline.reporting.values import Cell, Row, Table

COLUMNS = (
    *("χ²", "*p*", "χ²", "*p*", "χ²", "*p*~Holm~"),
    *("Nagelkerke", "McFadden", "Size"),
    *("χ²", "*p*", "OR", "Class"),
)
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """None where no grouping is declared or could be compared."""
    found = entries(record)
    if not found:
        return None
    over_columns = (("Uniform", 2), ("Not uniform", 2), ("Both", 2), ("Δ*R*²", 2), ("", 1))
    return drop_empty_columns(
        Table(
            id="dif",
            title="Differential Item Functioning",
            header=(spanners(1, *over_columns, ("Mantel–Haenszel", 4)), header("Scale and item", *COLUMNS)),
            body=tuple(one for told in found for one in _rows(record, told)),
            widths=(2.0, *(0.9, 0.7) * 3, 1.1, 1.0, 1.1, 0.9, 0.7, 0.7, 0.6),
            general=_note(found),
            alt="Tests and effect sizes of differential item functioning, one row an item.",
        )
    )


def entries(record: Record) -> Entries:
    """Scales and groupings that were compared."""
    found: Entries = record.part("validate", "dif") or ()
    return found


def _rows(record: Record, told: Found) -> list[Row]:
    sizes = listed(f"{markup.literal(str(g['name']))} ({numbers.count(g['n'])})" for g in told["groups"])
    scale = str(told["scale"])
    title = f"{record.label(scale)} over {over(record, told)}: {sizes}"
    return [group(title, len(COLUMNS) + 1), *map(_row, told["items"])]


def _row(item: Found) -> Row:
    counts: Found = item.get("mantel_haenszel") or {}
    return row(
        markup.literal(str(item["item"])),
        numbers.number(item["lr_uniform"]),
        numbers.p_value(item["p_uniform"]),
        numbers.number(item["lr_nonuniform"]),
        numbers.p_value(item["p_nonuniform"]),
        numbers.number(item["lr_total"]),
        numbers.p_value(item["p_holm"]),
        numbers.bounded(item["r2_change"], 3),
        numbers.bounded(item["mcfadden_change"], 3),
        Cell(str(item["size"]).capitalize(), align="left"),
        numbers.number(counts.get("chisq")),
        numbers.p_value(counts.get("pvalue")),
        numbers.number(counts.get("odds_ratio")),
        Cell(str(counts.get("grade") or numbers.MISSING), align="center"),
        indent=1,
    )


def _note(found: Entries) -> str:
    counted = any(item.get("mantel_haenszel") for told in found for item in told["items"])
    return sentences(
        "Ordinal logistic regression of each item on the sum of all items (Zumbo, 1999), complete rows, "
        "rows taken as independent. Uniform: the groups differ alike at every standing; not uniform: by a "
        "different amount at different standings. *p*~Holm~: of both together, adjusted over the items of "
        "the scale. Δ*R*²: what group and product add. Size goes by Nagelkerke’s: negligible below .035, "
        "large from .07 (Jodoin & Gierl, 2001). In brackets: rows.",
        "Mantel–Haenszel (Mantel & Haenszel, 1959): odds ratio (OR) of the higher answer in the second "
        "group against the first at the same standing; class A is negligible, B moderate, C large (by size "
        "alone)."
        if counted
        else None,
        "Over waves the same persons answer more than once, which the tests do not know."
        if any(told.get("waves") for told in found)
        else None,
    )
