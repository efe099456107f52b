"""From the bytes of a delimited file to its records: encoding, delimiter, quotation marks.

`delimited` and `qualtrics` read through here. What is not plain text raises `ExportError`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.export import ExportError

_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 65536
_LONGEST_FIELD = 10 * 1024**2


@dataclass(frozen=True)
class Records:
    """The records of a file, blank lines as empty lists, and the line on which each one ends.

    `skipped` counts the blank lines above the first record.
    """

    rows: list[list[str]]
    lines: list[int]
    encoding: str
    delimiter: str
    notes: tuple[str, ...]
    skipped: int


def read_records(path: Path) -> Records:
    """Decode a delimited file and split it into records."""
    return records_of(path.read_bytes(), path.name)


def records_of(data: bytes, file: str) -> Records:
    """Decode the bytes of a delimited file and split them into records."""
    text, encoding, notes = _decode(data, file)
    declared = re.match(r"sep=([^\r\n])\r?\n", text)
    if declared:
        text = text[declared.end() :]
        notes += ("the first line names the delimiter",)
    delimiter = declared.group(1) if declared else _delimiter(text)
    rows, lines = _split(text, delimiter, file)
    first = next((i for i, row in enumerate(rows) if row), None)
    if first is None or not any(any(map(str.strip, row)) for row in rows):
        raise ExportError(file, "the file holds nothing but blank lines", "export it again")
    last = max(i for i, row in enumerate(rows) if row)
    kept = slice(first, last + 1)
    lines = [line + bool(declared) for line in lines[kept]]
    return Records(rows[kept], lines, encoding, delimiter, notes, first)


def _decode(data: bytes, file: str) -> tuple[str, str, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise _not_text(file, f"it is not valid {encoding.upper()}") from None
        encoding, notes = "cp1252", ("not UTF-8: read as Windows-1252, so look at accented letters",)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            raise _not_text(file, "it is neither UTF-8, UTF-16 nor Windows-1252") from None
    if "\x00" in text or len(_BINARY.findall(text[:_SAMPLE])) > len(text[:_SAMPLE]) / 200:
        raise _not_text(file, "it holds control characters")
    return text, encoding, notes


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:4096]
    if head[1::2].count(0) > len(head) / 6:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > len(head) / 6 else "utf-8"


def _not_text(file: str, why: str) -> ExportError:
    return ExportError(file, f"this is not a text file: {why}", "export it as CSV, encoded as UTF-8")


def _delimiter(text: str) -> str:
    """The delimiter under which the first records agree best, and of those the one with most fields."""

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [width for width in _widths(text[:_SAMPLE], delimiter) if width]
        if not widths or widths[0] == 1:
            return (0.0, 1)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(_DELIMITERS, key=fit)


def _widths(sample: str, delimiter: str) -> list[int]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [len(row) for row, _ in zip(reader, range(50), strict=False)]
    except csv.Error:
        return []


def _split(text: str, delimiter: str, file: str) -> tuple[list[list[str]], list[int]]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        began = (lines[-1] if lines else 0) + 1
        message = f"the record that begins on line {began} cannot be read: {error}"
        raise ExportError(file, message, "is a quotation mark opened and never closed?") from error
    return rows, lines
