"""Plain delimited text: headers, ragged rows, numbers and text.

`read_export` reads `platform: csv` through here, and the Qualtrics reader builds its table with it. A
column is numeric only where every answer in it is a number; otherwise each answer stays as written.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.export import WHOLE, Column, Export, ExportError, Part, Provenance, sha256_of
from pipeline.exports.parts import not_of_part
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


def read_csv(path: Path, part: Part = WHOLE) -> Export:
    """Read a plain delimited file with one header row."""
    return plain_table(path, "csv", read_records(path), part)


def plain_table(path: Path, platform: str, records: Records, part: Part) -> Export:
    """A table with one header row and nothing that a platform adds."""
    looks = of_headers(records.rows[:4])
    if looks in {"qualtrics", "surveymonkey"}:
        raise of_another_platform(path.name, platform, looks)
    notes = (f"looks like {LOOKS[looks][0]}, read as plain {platform.upper()}",) if looks is not None else ()
    return assembled(path, platform, records, 1, {}, part=part, notes=notes)


def assembled(
    path: Path,
    platform: str,
    records: Records,
    header_rows: int,
    columns: Mapping[str, Column],
    *,
    part: Part = WHOLE,
    notes: tuple[str, ...] = (),
) -> Export:
    """The export that records make: typed columns, the codebook given, and where they came from."""
    names = headers(records.rows[0], path.name)
    skip = not_of_part(records.rows, header_rows, names, part.rows, path.name)
    comma = bool(records.delimiter) and records.delimiter in ";\t"
    table = tabulate(records, header_rows, path.name, decimal_comma=comma, skip=skip)
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform=platform,
        encoding=records.encoding,
        delimiter=records.delimiter or None,
        header_rows=header_rows + records.skipped,
        rows=len(table.frame),
        notes=(*records.notes, *table.notes, *notes),
    )
    known = {name: columns.get(name, Column(name)) for name in table.frame.columns}
    return Export(table.frame, known, provenance, table.missing_counts, elsewhere=len(skip))


def renamed(records: Records, names: Sequence[str]) -> Records:
    """The records under other column names."""
    return replace(records, rows=[list(names), *records.rows[1:]])


def told_apart(names: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Column names with repeated ones numbered in the order of the file, and a note that says so."""
    plain = [" ".join(name.replace("\ufeff", "").split()) for name in names]
    often, seen, found = Counter(plain), Counter[str](), []
    for name in plain:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if name and often[name] > 1 and seen[name] > 1 else name)
    clash = len(set(filter(None, found))) < len([name for name in found if name])
    found = [f"{name} (column {i})" if clash and name else name for i, name in enumerate(found, 1)]
    twice = [name for name, n in often.items() if name and n > 1]
    told = f"{len(twice)} column names occur more than once; they were numbered in the order of the file"
    return found, (told,) if twice else ()


def tabulate(
    records: Records,
    header_rows: int,
    file: str,
    *,
    decimal_comma: bool = False,
    skip: frozenset[int] = frozenset(),
) -> Table:
    """Build typed columns from the records below `header_rows`; names are in the first record.

    `skip` holds positions below the header that belong to another part of the file.
    """
    import pandas as pd

    header = headers(records.rows[0], file)
    body = replace(records, rows=records.rows[header_rows:], lines=records.lines[header_rows:])
    filled = [position for position, row in enumerate(body.rows) if any(cell.strip() for cell in row)]
    kept = [position for position in filled if position not in skip]
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
    blank = len(body.rows) - len(filled)
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
