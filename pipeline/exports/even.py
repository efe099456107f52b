"""Delimited files whose quotation marks and rows are all in order, read by Arrow: most large ones.

`text` asks here first and splits every other file itself, record by record. Where both read a file, they read
the same: a file is even only if each quotation mark opens or closes a whole field or is doubled within one,
no line is blank, and every row is as wide as the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.rows import Rows

if TYPE_CHECKING:
    import numpy as np

PIECE = 1024**2
BLOCK = 4 * 1024**2
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_UTF_8: Mapping[str, int] = {"utf-8": 0, "utf-8-sig": 3}
"""Encodings that need no transcoding, with the length of their mark at the start."""
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")


@dataclass(frozen=True)
class _Marks:
    """The quotation marks so far: was any met, is one open, does a line end within a field."""

    met: bool = False
    open: bool = False
    lines_within: bool = False


def even_rows(path: Path, encoding: str, delimiter: str) -> Rows | None:
    """The rows of a file, or None where it needs to be read with more care."""
    import pyarrow as pa
    from pyarrow import csv

    if not delimiter.isascii() or delimiter in '"\r\n':
        return None
    marks = _marks(path, encoding, delimiter)
    if marks is None:
        return None
    source = str(path) if encoding in _UTF_8 else pa.OSFile(str(path))
    try:
        with csv.open_csv(
            source if encoding in _UTF_8 else pa.transcoding_input_stream(source, encoding, "utf-8"),
            read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK, autogenerate_column_names=True),
            parse_options=csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if marks.met else False,
                newlines_in_values=marks.lines_within,
                ignore_empty_lines=False,
            ),
            convert_options=csv.ConvertOptions(check_utf8=False, default_column_type=pa.string()),
        ) as batches:
            return Rows.of_batches(batches)
    except pa.ArrowInvalid:
        return None


def _marks(path: Path, encoding: str, delimiter: str) -> _Marks | None:
    """What the quotation marks of a file are like, or None where they or the lines are not in order."""
    marks = _Marks()
    carried = b""
    for piece in _pieces(path, encoding):
        if not carried and piece[:1] in b"\r\n":
            return None
        text = (carried or b"\n") + piece
        found = _within(text, marks, delimiter)
        if found is None:
            return None
        marks, carried = found, text[-2:]
    return None if marks.open else marks


def _pieces(path: Path, encoding: str) -> Iterator[bytes]:
    """The bytes of a file as UTF-8, and a line end where it lacks the last one."""
    last = b"\n"
    if encoding in _UTF_8:
        with path.open("rb") as file:
            file.seek(_UTF_8[encoding])
            while piece := file.read(PIECE):
                last = piece[-1:]
                yield piece
    else:
        with path.open(encoding=encoding, newline="") as text:
            while part := text.read(PIECE):
                last = part[-1:].encode()
                yield part.encode()
    if last not in b"\r\n":
        yield b"\n"


def _within(text: bytes, marks: _Marks, delimiter: str) -> _Marks | None:
    """The marks after a stretch of text, of which all but the first and last byte are looked at."""
    import numpy as np

    if b'"' not in text and not marks.open:
        return None if any(lines in text for lines in _BLANK_LINES) else marks
    letters = np.frombuffer(text, "uint8")
    quotes = np.flatnonzero(letters[1:-1] == _QUOTE) + 1
    beside = np.zeros(256, dtype=bool)
    beside[[ord(delimiter), _NEWLINE, _RETURN, _QUOTE]] = True
    opening, closing = quotes[marks.open :: 2], quotes[not marks.open :: 2]
    if not (beside[letters[opening - 1]].all() and beside[letters[closing + 1]].all()):
        return None
    within = _lines_within(letters, quotes, marks)
    if within is None:
        return None
    return _Marks(True, (len(quotes) + marks.open) % 2 == 1, marks.lines_within or within)


def _lines_within(letters: np.ndarray, quotes: np.ndarray, marks: _Marks) -> bool | None:
    """Whether a line ends within quotation marks; None where a line outside of them is blank."""
    import numpy as np

    ends = np.flatnonzero((letters[1:-1] == _NEWLINE) | (letters[1:-1] == _RETURN)) + 1
    inside = (np.searchsorted(quotes, ends) + marks.open) % 2 == 1
    outside = ends[~inside]
    after = letters[outside + 1]
    whole = (letters[outside] == _RETURN) & (after == _NEWLINE)
    if (((after == _NEWLINE) | (after == _RETURN)) & ~whole).any():
        return None
    return bool(inside.any())
