"""Multi-select questions: one column a choice, and "not chosen" told from "never reached".

The readers call this. Platforms write the same mark for a choice that was left and for a question that
was never shown; where nothing says that the question was reached, the row is missing there and counted.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.exports.export import Column, Export, code_text
from pipeline.exports.frame import Resting

if TYPE_CHECKING:
    import pandas as pd

NEVER_REACHED = "not chosen, or never reached"
UNCHOSEN = frozenset({"0", "no", "unchecked", "false", "n", "off"})


def settled(
    export: Export,
    groups: Iterable[Sequence[str]],
    unchosen: Collection[str] = UNCHOSEN,
    reached: Mapping[str, pd.Series] | None = None,
) -> Export:
    """Each group of choices as 1 and 0, missing where no choice was made and `reached` does not say so.

    `unchosen` are the marks (in small letters) of a choice that was not made; a blank always is one.
    """
    new: dict[str, pd.Series] = {}
    columns = dict(export.columns)
    counts = {name: dict(found) for name, found in export.missing_counts.items()}
    for group in groups:
        told = {name: _marks(export.frame.held[name], unchosen, export.frame.index) for name in group}
        chose = _any(list(told.values()), 1.0)
        seen = chose if reached is None or group[0] not in reached else chose | reached[group[0]]
        for name in group:
            explicit = int((told[name].eq(0.0) & ~seen).sum())
            values = told[name].fillna(0.0).astype("float64")
            new[name] = values.where(seen, float("nan"))
            counts.pop(name, None)
            if explicit:
                counts[name] = {NEVER_REACHED: explicit}
            kind = columns[name].kind
            columns[name] = replace(columns[name], kind="multiple" if kind == "answer" else kind)
    return replace(export, frame=export.frame.having(new), columns=columns, missing_counts=counts)


def split(export: Export, name: str, separator: str) -> Export:
    """A column of answers joined by `separator` as one column a choice, in order of first appearance."""
    import pandas as pd

    cells = export.frame[name]
    lists = [[one.strip() for one in str(cell).split(separator) if one.strip()] for cell in cells.fillna("")]
    options = list(dict.fromkeys(one for row in lists for one in row))
    order = list(export.frame.columns)
    place = order.index(name)
    added = {f"{name} [{option}]": option for option in options}
    taken = [column for column in added if column in export.columns]
    if taken or not options:
        return export
    new = {
        column: pd.Series(
            [float(option in row) if row else float("nan") for row in lists],
            index=cells.index,
            dtype="float64",
        )
        for column, option in added.items()
    }
    frame = export.frame.having(new).only([*order[:place], *added, *order[place + 1 :]])
    known = dict(export.columns)
    label = known.pop(name).label or name
    columns = {
        column: known[column]
        if column in known
        else Column(column, f"{label} - {added[column]}", kind="multiple", value_labels={1.0: added[column]})
        for column in frame.columns
    }
    return replace(export, frame=frame, columns=columns)


def joined_lists(cells: pd.Series, separator: str) -> bool:
    """Whether a column's cells are lists: at least two of them join choices that also recur elsewhere."""
    if cells.dtype != object:
        return False
    texts = [str(cell).strip() for cell in cells.dropna()]
    lists = [[one.strip() for one in text.split(separator) if one.strip()] for text in texts]
    several = [row for row in lists if len(row) > 1]
    often: dict[str, int] = {}
    for row in lists:
        for one in set(row):
            often[one] = often.get(one, 0) + 1
    short = bool(often) and max(map(len, often)) <= 60
    return len(several) >= 2 and short and all(often[one] > 1 for row in several for one in row)


def _marks(column: Resting, unchosen: Collection[str], index: pd.Index) -> pd.Series:
    """1, 0 or missing for every row, worked out once for each different cell."""
    import pandas as pd

    read = {cell: _mark(cell, unchosen) for cell in column.different(len(index))}
    marks = [read.get(cell, math.nan) for cell in column.rows().tolist()]
    return pd.Series(marks, index=index, dtype="float64")


def _mark(cell: object, unchosen: Collection[str]) -> float:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    text = code_text(cell).strip().lower()
    return 0.0 if text in unchosen else 1.0


def _any(columns: Sequence[pd.Series], value: float) -> pd.Series:
    found = columns[0].eq(value)
    for column in columns[1:]:
        found |= column.eq(value)
    return found
