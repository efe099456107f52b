"""Which rows of a file belong to the part that a study asks for: an event, a repeating form, a wave.

The readers call this before anything is counted, so that counts are of the part alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.exports.export import ExportError, Part, code_text
from pipeline.exports.rows import Rows

if TYPE_CHECKING:
    from pipeline.exports.frame import Frame

_SHOWN = 10


def not_of_part(
    rows: Rows,
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
    blank = {i - header_rows for i in rows.blank if i >= header_rows}
    other: set[int] = set()
    for place, value in places.items():
        other |= _unlike(rows, header_rows, place, value) - blank
    filled = len(rows) - header_rows - len(blank)
    if filled > 0 and len(other) == filled:
        place = min(places)
        cells = {cell.strip() for block in rows.column(place, header_rows) for cell in set(block)}
        there = ", ".join(f"'{value}'" for value in sorted(cells)[:_SHOWN])
        raise ExportError(file, "no row has the values under `rows`", f"'{names[place]}' holds {there}")
    return frozenset(other)


def rows_not_of_part(frame: Frame, part: Part, file: str) -> frozenset[int]:
    """The positions of the rows of a frame that do not have the values wanted, compared as text."""
    if part.sheet is not None:
        raise ExportError(file, "`sheet` is for workbooks, and this is none", "leave it out")
    wanted = [name for name in part.rows if name in frame.columns]
    if not wanted:
        return not_of_part(Rows.of([[]]), 1, [], part.rows, file)
    cells = [frame[name].map(code_text, na_action="ignore").fillna("").tolist() for name in wanted]
    return not_of_part(Rows.of([wanted, *map(list, zip(*cells, strict=True))]), 1, wanted, part.rows, file)


def _unlike(rows: Rows, header_rows: int, place: int, value: str) -> set[int]:
    """The positions of the rows with another value; rows too short to have one are told later."""
    cells = (cell for block in rows.column(place, header_rows) for cell in block)
    short = {i - header_rows for i, row in rows.odd.items() if len(row) <= place}
    return {i for i, cell in enumerate(cells) if cell.strip() != value and i not in short}
