"""Plain delimited text: headers, ragged rows, numbers and text.

`read_export` reads `platform: csv` through here, and the Qualtrics reader builds its table with it. A
column is numeric only where every answer in it is a number; otherwise each answer stays as written.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.cells import Packed, are_blank, coded
from pipeline.exports.export import WHOLE, Column, Export, ExportError, Part, Provenance, sha256_of
from pipeline.exports.frame import Frame, Held, PackedNumbers, joined_numbers, joined_texts
from pipeline.exports.parts import not_of_part
from pipeline.exports.recognise import LOOKS, of_another_platform, of_headers
from pipeline.exports.rows import Rows
from pipeline.exports.text import Records, read_records

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CODE = re.compile(r"[+-]?0[0-9].*|[+-]?[0-9]{16,}.*|[0-9](?:\.[0-9]+)?E\+[0-9]+")
NO_ANSWER = frozenset({"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "."})
SHOWN = 10
MOST_KNOWN = 20_000


@dataclass(frozen=True)
class Table:
    """Typed columns under their names, with what was counted and noted on the way."""

    frame: Frame
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
    return replace(records, rows=records.rows.under(names))


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
    import numpy as np

    header = headers(records.rows[0], file)
    _check_even(records, header_rows, skip, len(header), file)
    kept, index = _kept(records.rows, header_rows, skip)
    columns: dict[str, Held] = {}
    counts: dict[str, dict[str, int]] = {}
    commas: list[str] = []
    for position, name in enumerate(header):
        pieces = _Pieces(records.rows, position, header_rows, kept)
        if not name and all(np.all(are_blank(piece)) for piece in pieces):
            continue
        label = name or f"(column {position + 1})"
        columns[label], found, comma = _typed(pieces, decimal_comma)
        counts.update({label: found} if found else {})
        commas += [label] if comma else []
    blank = sum(i >= header_rows for i in records.rows.blank)
    notes = [f"{blank} blank rows left out"] if blank else []
    notes += [f"decimal comma in: {', '.join(commas)}"] if commas else []
    return Table(Frame(index, columns), counts, tuple(notes))


def _kept(rows: Rows, header_rows: int, skip: frozenset[int]) -> tuple[np.ndarray | None, pd.Index]:
    """The positions of the rows to take, or None for all below the header, and their numbers from 1."""
    import numpy as np
    import pandas as pd

    body = len(rows) - header_rows
    left = {i for i in rows.blank if i >= header_rows} | {i + header_rows for i in skip}
    if not left:
        return None, pd.RangeIndex(1, max(body, 0) + 1)
    mask = np.ones(len(rows), dtype=bool)
    mask[:header_rows] = False
    mask[list(left)] = False
    kept = np.flatnonzero(mask)
    return kept, pd.Index(kept - (header_rows - 1))


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


def _check_even(records: Records, header_rows: int, skip: frozenset[int], width: int, file: str) -> None:
    """Empty cells beyond the header are nothing; rows that differ otherwise are an error."""
    rows = records.rows
    suspects = rows.odd if rows.width == width else range(header_rows, len(rows))
    uneven = [
        (i, row)
        for i in sorted(suspects)
        if i >= header_rows and i not in rows.blank and i - header_rows not in skip
        if len(row := rows[i]) < width or any(row[width:])
    ]
    if uneven:
        told = "; ".join(
            f"row {i - header_rows + 1} (line {records.lines[i]}) has {len(row)}" for i, row in uneven[:SHOWN]
        )
        more = f"; and {len(uneven) - SHOWN} more" if len(uneven) > SHOWN else ""
        raise ExportError(
            file,
            f"rows that do not have the {width} fields of the header: {told}{more}",
            "is there a delimiter or a line break inside an answer that has no quotation marks?",
        )


@dataclass(frozen=True)
class _Pieces:
    """A column's cells below the header, packed, a block at a time; `kept` holds the rows to take, or all."""

    rows: Rows
    number: int
    start: int
    kept: np.ndarray | None

    def __iter__(self) -> Iterator[Packed]:
        return self.rows.pieces(self.number, self.start, self.kept)


def _typed(pieces: _Pieces, decimal_comma: bool) -> tuple[Held, dict[str, int], bool]:
    """A column as numbers where every answer is one, else as text; with counts of `NA` and the like."""
    for comma in (False, True) if decimal_comma else (False,):
        found = _as_numbers(pieces, comma)
        if found is not None:
            return *found, comma
    return joined_texts(list(pieces)), {}, False


def _as_numbers(pieces: _Pieces, comma: bool) -> tuple[Held, dict[str, int]] | None:
    """The numbers of a column, or None as soon as a cell is not a number but a code or a text."""
    import numpy as np

    known: dict[str, float] = {}
    counts = Counter[str]()
    blocks: list[PackedNumbers] = []
    for cells in map(coded, pieces):
        new = _numbers(set(cells.values).difference(known), comma)
        if new is None:
            return None
        known.update(new)
        values = np.array([known[cell] for cell in cells.values], "float64")
        blocks.append(PackedNumbers(values, cells.codes))
        for place, cell in enumerate(cells.values):
            if cell.strip() in NO_ANSWER:
                counts[cell.strip()] += int((cells.codes == place).sum())
        if len(known) > MOST_KNOWN:
            known = {}
    return joined_numbers(blocks), dict(counts)


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
