"""Within and between analysis: where each correlation along the path comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import header, row, spanners, stub
from pipeline.reporting.values import Row, Table

COLUMNS = ("Over", "*r*", "η, *x*", "η, *y*", "*r*", "Part", "η, *x*", "η, *y*", "*r*", "Part", "*x*", "*y*")
ENTITIES = {"groups": "Groups", "within groups": "Within", "both": "Both"}
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One row an arrow whose ends share rows; None without clusters."""
    found: Entries = record.part("validate", "waba") or ()
    if not found:
        return None
    over = (("", 2), ("Between groups", 4), ("Within groups", 4), ("Varies", 2))
    return Table(
        id="waba",
        title="Within and Between Analysis of the Correlations Along the Path",
        header=(spanners(1, *over), header("Pair (*x* → *y*)", *COLUMNS)),
        body=tuple(_row(record, one) for one in found),
        widths=(3.2, 1.1, 0.6, *(0.6,) * 8, 0.9, 0.9),
        general=(
            "A correlation is the sum of its two parts, each the product of two etas (η, the correlation "
            "of a variable with its group means or with the deviations from them) and of the correlation "
            "between or within groups (Dansereau et al., 1984). A variable varies by groups, or within "
            "them, where the angles of its etas are more than 15° apart, else on both. The number of "
            "groups is not allowed for: small groups raise η between."
        ),
        landscape=True,
        alt="Within and between parts of the correlations along the path.",
    )


def _row(record: Record, one: Found) -> Row:
    names = (
        *("raw", "eta_between_x", "eta_between_y", "between", "between_part"),
        *("eta_within_x", "eta_within_y", "within", "within_part"),
    )
    return row(
        f"{record.label(str(one['x']))} → {record.phrase(str(one['y']))}",
        stub(record.many(str(one["level"]))),
        *(numbers.bounded(one[name]) for name in names),
        *(stub(ENTITIES[one[name]]) for name in ("entity_x", "entity_y")),
    )
