"""Effect size of non-invariance: how far apart the groups' expected answers to an item are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import group, header, row, stub
from pipeline.reporting.tables.invariance import over
from pipeline.reporting.values import Row, Table

COLUMNS = ("*d*~MACS~", "In group", "Shift", "Size")
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One row an item, for the group in which it differs most from the first; None without a ladder."""
    ladders: Entries = record.part("validate", "invariance") or ()
    found = [told for told in ladders if told.get("dmacs")]
    if not found:
        return None
    return Table(
        id="dmacs",
        title="Effect Size of Non-Invariance of Each Item",
        header=(header("Scale and item", *COLUMNS),),
        body=tuple(one for told in found for one in _rows(record, told)),
        widths=(3.0, 1.0, 1.2, 1.0, 1.2),
        general=(
            "*d*~MACS~: difference between the expected answers in the group named and in the reference "
            "group at the same standing, in standard deviations of the item, its root mean square over "
            "that group (Nye & Drasgow, 2011); of several groups the one with the largest is shown. Small "
            "from .20, medium from .40, large from .70 (Nye et al., 2019). Shift: mean difference in "
            "points of the item. The metric is that of the average item of a factor (Little et al., 2006); "
            "it comes from the configural model."
        ),
        alt="Effect size of non-invariance of each item, grouped by scale and grouping.",
    )


def largest(told: Found) -> list[Found]:
    """Of each item, the comparison with the largest effect size, in the order of the items."""
    found: dict[str, Found] = {}
    for one in told.get("dmacs") or ():
        kept = found.setdefault(str(one["item"]), one)
        if one["dmacs"] > kept["dmacs"]:
            found[str(one["item"])] = one
    return list(found.values())


def _rows(record: Record, told: Found) -> list[Row]:
    scale, rows = str(told["scale"]), largest(told)
    reference = markup.literal(str(rows[0]["reference"]))
    title = f"{record.label(scale)} over {over(record, told)}, against {reference}"
    return [group(title, len(COLUMNS) + 1), *map(_row, rows)]


def _row(one: Found) -> Row:
    return row(
        markup.literal(str(one["item"])),
        numbers.number(one["dmacs"]),
        stub(markup.literal(str(one["focal"]))),
        numbers.number(one["shift"]),
        stub(str(one["size"]).capitalize()),
        indent=1,
    )
