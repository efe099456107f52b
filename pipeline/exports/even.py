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

PIECE = 96 * 1024
BLOCK = 4 * 1024**2
_QUOTE, _NEWLINE, _RETURN = b'"\n\r'
_UTF_8: Mapping[str, int] = {"utf-8": 0, "utf-8-sig": 3}
"""Encodings that need no transcoding, with the length of their mark at the start."""


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

    letters = np.frombuffer(text, "uint8")
    quotes, ends = letters == _QUOTE, (letters == _NEWLINE) | (letters == _RETURN)
    quotes[[0, -1]] = False
    inside = _parity(quotes, marks.open)
    beside = ends | (letters == ord(delimiter)) | (letters == _QUOTE)
    opening, closing = quotes & inside, quotes & ~inside
    if (opening[1:] & ~beside[:-1]).any() or (closing[:-1] & ~beside[1:]).any():
        return None
    ends[0] = False
    outside = ends[:-1] & ~inside[:-1]
    return_and_newline = (letters[:-1] == _RETURN) & (letters[1:] == _NEWLINE)
    if (outside & ends[1:] & ~return_and_newline).any():
        return None
    within = bool((ends[:-1] & inside[:-1]).any())
    return _Marks(marks.met or bool(quotes.any()), bool(inside[-1]), marks.lines_within or within)


def _parity(quotes: np.ndarray, opened: bool) -> np.ndarray:
    """Byte by byte, whether a field in quotation marks is open after it.

    That is the parity of the marks so far: in words of 64 bits by six shifts, then carried from word to word.
    """
    import numpy as np

    bits = np.packbits(quotes, bitorder="little")
    words = np.pad(bits, (0, -len(bits) % 8)).view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):
        words = words ^ (words << np.uint64(shift))
    odd = np.bitwise_xor.accumulate(words >> np.uint64(63))
    before = np.concatenate([[opened], odd[:-1] ^ np.uint64(opened)]).astype("uint64")
    words = words ^ (np.uint64(0) - before)
    found = np.unpackbits(words.view("uint8"), count=len(quotes), bitorder="little")
    return found.view(bool)
