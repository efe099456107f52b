"""From the bytes of a delimited file to its records: encoding, delimiter, quotation marks.

`delimited` and `qualtrics` read through here. What is not plain text raises `ExportError`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from operator import not_
from pathlib import Path
from typing import TextIO

from pipeline.exports.even import even_rows
from pipeline.exports.export import ExportError
from pipeline.exports.rows import Rows

_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 65536
_HEAD = 1024**2
_LONGEST_FIELD = 10 * 1024**2


@dataclass(frozen=True)
class Records:
    """The records of a file, blank lines as empty lists, and the line on which each one ends.

    Where every row is as wide as the first nobody asks for lines, and `lines` may be empty. `skipped` counts
    the blank lines above the first record.
    """

    rows: Rows
    lines: Sequence[int]
    encoding: str
    delimiter: str
    notes: tuple[str, ...]
    skipped: int


def read_records(path: Path) -> Records:
    """Decode a delimited file and split it into records, a piece at a time."""
    encoding, notes = _decodable(path)
    with path.open(encoding=encoding, newline="") as text:
        sample = text.read(_SAMPLE)
        if len(_BINARY.findall(sample)) > len(sample) / 200:
            raise _not_text(path.name, "it holds control characters")
        text.seek(0)
        delimiter, above = _delimiter(sample)
        declared = above > 0
        if declared:
            text.readline()
            notes += ("the first line names the delimiter",)
        even = None if declared else even_rows(path, encoding, delimiter)
        rows, lines, first = _split(text, delimiter, path.name) if even is None else (even, array("q"), 0)
    last = next((i for i in range(len(rows) - 1, -1, -1) if i not in rows.odd or rows.odd[i]), -1)
    if len(rows.blank) == len(rows):
        raise ExportError(path.name, "the file holds nothing but blank lines", "export it again")
    lines = array("q", (line + 1 for line in lines)) if declared else lines
    return Records(rows.until(last + 1), lines[: last + 1], encoding, delimiter, notes, first)


def first_records(path: Path, most: int) -> list[list[str]]:
    """The first records from the first filled one on, of what the beginning of a file holds.

    What is wrong in a file is told by `read_records`; here a record that cannot be read is the last.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    sample = _beginning(head, _encoding(head[:4096]))
    delimiter, above = _delimiter(sample)
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(sample[above:], newline=""), delimiter=delimiter)
    found: list[list[str]] = []
    try:
        found.extend(islice(dropwhile(not_, reader), most))
    except csv.Error:
        return found
    return found


def _beginning(head: bytes, encoding: str) -> str:
    """The text of a beginning, which may end within a letter."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return head.decode("cp1252", "replace")


def _decodable(path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding under which the whole file can be decoded, and what to note of it."""
    with path.open("rb") as file:
        encoding = _encoding(file.read(4096))
    if _decodes(path, encoding):
        return encoding, ()
    if encoding != "utf-8":
        raise _not_text(path.name, f"it is not valid {encoding.upper()}")
    if not _decodes(path, "cp1252"):
        raise _not_text(path.name, "it is neither UTF-8, UTF-16 nor Windows-1252")
    return "cp1252", ("not UTF-8: read as Windows-1252, so look at accented letters",)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while piece := file.read(1024**2):
                if "\x00" in decoder.decode(piece):
                    raise _not_text(path.name, "it holds control characters")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data[1::2].count(0) > len(data) / 6:
        return "utf-16-le"
    return "utf-16-be" if data[0::2].count(0) > len(data) / 6 else "utf-8"


def _not_text(file: str, why: str) -> ExportError:
    return ExportError(file, f"this is not a text file: {why}", "export it as CSV, encoded as UTF-8")


def _delimiter(text: str) -> tuple[str, int]:
    """The delimiter, and the length of a first line that names it.

    Where none is named, it is the one under which the first records agree best, and of those the one with
    most fields.
    """
    declared = re.match(r"sep=([^\r\n])\r?\n", text)
    if declared:
        return declared.group(1), declared.end()

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [width for width in _widths(text, delimiter) if width]
        if not widths or widths[0] == 1:
            return (0.0, 1)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(_DELIMITERS, key=fit), 0


def _widths(sample: str, delimiter: str) -> list[int]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [len(row) for row, _ in zip(reader, range(50), strict=False)]
    except csv.Error:
        return []


def _split(text: TextIO, delimiter: str, file: str) -> tuple[Rows, array[int], int]:
    """The records from the first filled one on, the line that each ends on, the blank lines above."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    lines = array("q")
    above = 0

    def counted() -> Iterator[list[str]]:
        nonlocal above
        for row in reader:
            if not row and not lines:
                above += 1
                continue
            lines.append(reader.line_num)
            yield row

    try:
        rows = Rows.of(counted())
    except csv.Error as error:
        began = (lines[-1] if lines else above) + 1
        message = f"the record that begins on line {began} cannot be read: {error}"
        raise ExportError(file, message, "is a quotation mark opened and never closed?") from error
    return rows, lines, above
