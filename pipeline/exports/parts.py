"""Which rows of a file belong to the part that a study asks for: an event, a repeating form, a wave.

The readers call this before anything is counted, so that counts are of the part alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.exports.export import ExportError, Part, code_text

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10


def not_of_part(
    rows: Sequence[Sequence[str]],
    header_rows: int,
    names: Sequence[str],
    wanted: Mapping[str, str],
    file: str,
) -> frozenset[int]:
    """The positions below the header of the rows that do not have the values wanted."""
    if not wanted:
        return frozenset()
    absent = [column for column in wanted if column not in names]
    if absent:
        raise ExportError(file, f"`rows` names a column '{absent[0]}' that is not there")
    places = {names.index(column): value.strip() for column, value in wanted.items()}
    body = rows[header_rows:]
    other = {
        i
        for i, row in enumerate(body)
        if any(row) and any(row[p : p + 1] and row[p].strip() != value for p, value in places.items())
    }
    filled = sum(any(row) for row in body)
    if filled and len(other) == filled:
        place = min(places)
        there = ", ".join(
            f"'{value}'" for value in sorted({row[place].strip() for row in body if row})[:_SHOWN]
        )
        raise ExportError(file, "no row has the values under `rows`", f"'{names[place]}' holds {there}")
    return frozenset(other)


def rows_not_of_part(frame: pd.DataFrame, part: Part, file: str) -> frozenset[int]:
    """The positions of the rows of a frame that do not have the values wanted, compared as text."""
    if part.sheet is not None:
        raise ExportError(file, "`sheet` is for workbooks, and this is none", "leave it out")
    wanted = [name for name in part.rows if name in frame.columns]
    if not wanted:
        return not_of_part([[]], 1, [], part.rows, file)
    cells = [frame[name].map(code_text, na_action="ignore").fillna("").tolist() for name in wanted]
    return not_of_part([wanted, *map(list, zip(*cells, strict=True))], 1, wanted, part.rows, file)
