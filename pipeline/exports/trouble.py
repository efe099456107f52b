"""What is wrong in a file's cells, with row and column: what spreadsheets spoil and people mix.

`inspection` calls `trouble_in`. A message never repeats a cell that could identify somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.exports.export import Column, Export

if TYPE_CHECKING:
    import pandas as pd

_SHORTENED = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(
    r"[0-9]{1,2}[-. /](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-. /][0-9]{2,4})?"
    r"|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-. /][0-9]{1,4}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}( 00:00:00)?",
    re.IGNORECASE,
)
_MOJIBAKE = re.compile("Ã[\x80-\xbf¡-¿]|â€|\ufffd")
FEW = 5


@dataclass(frozen=True)
class Trouble:
    """A column, the rows (as a spreadsheet counts them) and what is wrong there."""

    column: str
    rows: tuple[int, ...]
    message: str


def trouble_in(export: Export) -> tuple[Trouble, ...]:
    """Everything in the cells of a file that somebody should look at before an analysis."""
    found: list[Trouble] = []
    for name, column in export.columns.items():
        values = export.frame[name]
        if column.kind in {"meta", "multiple"} and column.role is not None:
            continue
        found += _of_column(export, column, values)
    return tuple(found)


def _of_column(export: Export, column: Column, values: pd.Series) -> Iterator[Trouble]:
    offset = export.provenance.header_rows

    def at(rows: Sequence[int]) -> tuple[int, ...]:
        return tuple(int(row) + offset for row in rows[:FEW])

    if values.dtype != object:
        lost = _lost_zeros(values, column.name)
        if lost:
            yield Trouble(column.name, at(lost), "ids of different lengths: were leading zeros lost?")
        return
    filled = values.dropna().map(str)
    shortened = filled.index[filled.str.fullmatch(_SHORTENED.pattern)].tolist()
    if shortened:
        n = len(shortened)
        yield Trouble(column.name, at(shortened), f"{n} numbers shortened by a spreadsheet (1.33764E+10)")
    numbers = filled.str.strip().str.fullmatch(_NUMBER.pattern)
    dates = filled[~numbers].map(lambda text: _DATE.fullmatch(text.strip()) is not None).astype(bool)
    dated = dates.index[dates].tolist()
    if dated and numbers.any() and column.kind == "answer":
        yield Trouble(
            column.name, at(dated), f"{len(dated)} dates among numbers: a spreadsheet turned 1-5 to 5-Jan"
        )
    words = [row for row in filled.index[~numbers].tolist() if row not in set(dated)]
    if numbers.any() and words and column.kind == "answer" and filled.nunique() <= 25:
        few = filled.index[numbers].tolist() if numbers.sum() < len(words) else words
        message = f"numbers and labels mixed: {int(numbers.sum())} numbers, {len(words)} labels"
        yield Trouble(column.name, at(few), message)
    broken = filled.index[filled.str.contains(_MOJIBAKE.pattern)].tolist()
    if broken:
        yield Trouble(column.name, at(broken), "letters broken by a wrong encoding: export as UTF-8")


def _lost_zeros(values: pd.Series, name: str) -> list[int]:
    """Rows of a column of ids whose number is shorter than nearly all others."""
    if not re.search(r"(^|[^a-z])(id|code|nr|number|key|participant)([^a-z]|$)", name.lower()):
        return []
    whole = values.dropna()
    if len(whole) < FEW or whole.nunique() < len(whole) or (whole % 1 != 0).any() or (whole < 0).any():
        return []
    lengths = whole.map(lambda number: len(str(int(number))))
    usual = int(lengths.mode().iloc[0])
    short = lengths.index[lengths < usual].tolist()
    in_order = bool(whole.is_monotonic_increasing) and whole.max() - whole.min() == len(whole) - 1
    return short if usual >= 3 and 0 < len(short) <= 0.3 * len(whole) and not in_order else []
