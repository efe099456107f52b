"""Within and between analysis: where each correlation along the path comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import group, header, row, stub
from pipeline.reporting.values import Row, Table

COLUMNS = ("η, *x*", "η, *y*", "*r*", "Part", "*x* varies", "*y* varies")
ENTITIES = {"groups": "By groups", "within groups": "Within", "both": "On both"}
PARTS = {"between": "Between groups", "within": "Within groups"}
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """Three rows an arrow whose ends share rows: the correlation and its two parts; None without clusters."""
    found: Entries = record.part("validate", "waba") or ()
    if not found:
        return None
    return Table(
        id="waba",
        title="Within and Between Analysis of the Correlations Along the Path",
        header=(header("Pair (*x* → *y*)", *COLUMNS),),
        body=tuple(_body(record, found)),
        widths=(3.6, 0.9, 0.9, 0.9, 0.9, 1.1, 1.1),
        general=(
            "A correlation is the sum of its two parts, each the product of two etas (η, the correlation "
            "of a variable with its group means or with the deviations from them) and of the correlation "
            "between or within groups (Dansereau et al., 1984). A variable varies by groups, or within "
            "them, where the angles of its etas are more than 15° apart, else on both. The number of "
            "groups is not allowed for: small groups raise η between."
        ),
        alt="Within and between parts of the correlations along the path.",
    )


def _body(record: Record, found: Entries) -> Iterator[Row]:
    for level in dict.fromkeys(str(one["level"]) for one in found):
        yield group(f"Over {record.many(level)}", len(COLUMNS) + 1)
        for one in found:
            if one["level"] == level:
                yield _whole(record, one)
                yield from (_part(one, name) for name in PARTS)


def _whole(record: Record, one: Found) -> Row:
    varies = (stub(ENTITIES[one[name]]) for name in ("entity_x", "entity_y"))
    pair = f"{record.label(str(one['x']))} → {record.phrase(str(one['y']))}"
    return row(pair, "", "", numbers.bounded(one["raw"]), "", *varies, indent=1)


def _part(one: Found, name: str) -> Row:
    names = (f"eta_{name}_x", f"eta_{name}_y", name, f"{name}_part")
    return row(PARTS[name], *(numbers.bounded(one[each]) for each in names), "", "", indent=2)
