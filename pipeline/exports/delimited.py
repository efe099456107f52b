"""Plain delimited text: headers, ragged rows, numbers and text.

`read_export` reads `platform: csv` through here, and the Qualtrics reader builds its table with it. A
column is numeric only where every answer in it is a number; otherwise each answer stays as written.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.export import Column, Export, ExportError, Provenance, sha256_of
from pipeline.exports.recognise import LOOKS, of_another_platform, of_headers
from pipeline.exports.text import Records, read_records

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?0[0-9].*|[+-]?[0-9]{16,}.*|[0-9](?:\.[0-9]+)?E\+[0-9]+")
NO_ANSWER = frozenset({"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "."})
SHOWN = 10


@dataclass(frozen=True)
class Table:
    """Typed columns under their names, with what was counted and noted on the way."""

    frame: pd.DataFrame
    missing_counts: dict[str, dict[str, int]]
    notes: tuple[str, ...]


def read_csv(path: Path) -> Export:
    """Read a plain delimited file with one header row."""
    records = read_records(path)
    looks = of_headers(records.rows[:4])
    if looks in {"qualtrics", "surveymonkey"}:
        raise of_another_platform(path.name, "csv", looks)
    table = tabulate(records, 1, path.name, decimal_comma=records.delimiter in ";\t")
    notes = (*records.notes, *table.notes)
    if looks is not None:
        notes += (f"looks like {LOOKS[looks][0]}, read as plain CSV",)
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform="csv",
        encoding=records.encoding,
        delimiter=records.delimiter,
        header_rows=1 + records.skipped,
        rows=len(table.frame),
        notes=notes,
    )
    columns = {name: Column(name) for name in table.frame.columns}
    return Export(table.frame, columns, provenance, table.missing_counts)


def tabulate(records: Records, header_rows: int, file: str, *, decimal_comma: bool = False) -> Table:
    """Build typed columns from the records below `header_rows`; names are in the first record."""
    import pandas as pd

    header = headers(records.rows[0], file)
    body = replace(records, rows=records.rows[header_rows:], lines=records.lines[header_rows:])
    kept = [position for position, row in enumerate(body.rows) if any(cell.strip() for cell in row)]
    rows = _even(body, kept, len(header), file)
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    columns: dict[str, pd.Series] = {}
    counts: dict[str, dict[str, int]] = {}
    commas: list[str] = []
    index = pd.Index([position + 1 for position in kept], dtype="int64")
    for position, (name, column) in enumerate(zip(header, cells, strict=True), start=1):
        if not name and not any(cell.strip() for cell in column):
            continue
        values, found, comma = _typed(column, decimal_comma)
        dtype = "float64" if not values or isinstance(values[0], float) else object
        label = name or f"(column {position})"
        columns[label] = pd.Series(values, index=index, dtype=dtype)
        counts.update({label: found} if found else {})
        commas += [label] if comma else []
    blank = len(body.rows) - len(kept)
    notes = [f"{blank} blank rows left out"] if blank else []
    notes += [f"decimal comma in: {', '.join(commas)}"] if commas else []
    return Table(pd.DataFrame(columns, index=index), counts, tuple(notes))


def headers(cells: Sequence[str], file: str) -> list[str]:
    """Column names without the white space around them; a repeated one is an error."""
    names = [" ".join(cell.replace("\ufeff", "").split()) for cell in cells]
    twice = [name for name, n in Counter(name for name in names if name).items() if n > 1]
    if twice:
        places = "; ".join(
            f"'{name}' in columns {', '.join(str(i) for i, other in enumerate(names, 1) if other == name)}"
            for name in twice[:SHOWN]
        )
        more = f"; and {len(twice) - SHOWN} more" if len(twice) > SHOWN else ""
        raise ExportError(
            file,
            f"column names that occur more than once: {places}{more}",
            "rename them on the platform, or export question codes instead of question text",
        )
    if not any(names):
        raise ExportError(file, "the first row holds no column names")
    return names


def _even(body: Records, kept: Sequence[int], width: int, file: str) -> list[list[str]]:
    """Rows of exactly `width` cells; empty cells beyond the header go, other differences are errors."""
    rows = [body.rows[position] for position in kept]
    uneven = [
        (position, row)
        for position, row in zip(kept, rows, strict=True)
        if len(row) < width or any(row[width:])
    ]
    if uneven:
        told = "; ".join(
            f"row {position + 1} (line {body.lines[position]}) has {len(row)}"
            for position, row in uneven[:SHOWN]
        )
        more = f"; and {len(uneven) - SHOWN} more" if len(uneven) > SHOWN else ""
        raise ExportError(
            file,
            f"rows that do not have the {width} fields of the header: {told}{more}",
            "is there a delimiter or a line break inside an answer that has no quotation marks?",
        )
    return [row[:width] for row in rows]


def _typed(
    cells: Sequence[str], decimal_comma: bool
) -> tuple[list[float] | list[str | None], dict[str, int], bool]:
    """A column as numbers where every answer is one, else as text; with counts of `NA` and the like."""
    seen = set(cells)
    for comma in (False, True) if decimal_comma else (False,):
        values = _numbers(seen, comma)
        if values is not None:
            absent = {cell for cell in seen if cell.strip() in NO_ANSWER}
            found = Counter(cell.strip() for cell in cells if cell in absent) if absent else Counter[str]()
            return [values[cell] for cell in cells], dict(found), comma
    return [cell if cell.strip() else None for cell in cells], {}, False


def _numbers(cells: set[str], comma: bool) -> dict[str, float] | None:
    """Cell -> number, or None where one of the cells is not a number but a code or a text."""
    shape = _COMMA if comma else _NUMBER
    values: dict[str, float] = {}
    for cell in cells:
        text = cell.strip()
        if not text or text in NO_ANSWER:
            values[cell] = math.nan
        elif not shape.fullmatch(text) or _CODE.fullmatch(text):
            return None
        else:
            values[cell] = float(text.replace(",", "."))
            if math.isinf(values[cell]):
                return None
    return values
