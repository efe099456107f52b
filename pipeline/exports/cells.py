"""The cells of a stretch of a column, packed: answers that recur are kept once, the others end to end.

`rows` packs what is read, `delimited` works on the different cells of a stretch and not on each one. Nothing
of ours is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

FEW = 4
_BETWEEN = "\0"


@dataclass(frozen=True, eq=False)
class Coded:
    """Different cells and, for each row, the place of its cell among them."""

    values: tuple[str, ...]
    codes: np.ndarray


Packed = str | tuple[str, ...] | Coded | Any
"""Coded where cells recur; else joined by a zero, one by one where a cell holds one, or an Arrow array."""


def packed(cells: Sequence[str]) -> Packed:
    """Cells as they take the least room."""
    places = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
    if FEW * len(places) <= len(cells):
        return _coded(cells, places)
    joined = _BETWEEN.join(cells)
    return joined if joined.count(_BETWEEN) == len(cells) - 1 else tuple(cells)


def packed_strings(cells: Any) -> Packed:
    """An Arrow array of strings, as codes where cells recur."""
    found = _single_letters(cells)
    if found is not None:
        return found
    few = len(cells) // FEW
    if len(cells[:few].unique()) * 2 > few > 0:
        return cells
    return _of_dictionary(cells.dictionary_encode())


def unpacked(cells: Packed) -> list[str]:
    """The cells one by one."""
    if isinstance(cells, Coded):
        return [cells.values[code] for code in cells.codes.tolist()]
    if isinstance(cells, str):
        return cells.split(_BETWEEN)
    return list(cells) if isinstance(cells, tuple) else [str(cell) for cell in cells.to_pylist()]


def coded(cells: Packed) -> Coded:
    """The different cells and the place of each, whether they recur or not."""
    if isinstance(cells, Coded):
        return cells
    if not isinstance(cells, (str, tuple)):
        return _of_dictionary(cells.dictionary_encode())
    listed = unpacked(cells)
    return _coded(listed, {cell: place for place, cell in enumerate(dict.fromkeys(listed))})


def taken(cells: Packed, rows: slice | np.ndarray) -> Packed:
    """The cells of some rows; cells that are not among them are forgotten."""
    import numpy as np
    import pyarrow as pa

    if isinstance(cells, Coded):
        codes = cells.codes[rows]
        used = np.flatnonzero(np.bincount(codes, minlength=len(cells.values)))
        places = np.zeros(len(cells.values), codes.dtype)
        places[used] = np.arange(len(used))
        return Coded(tuple(cells.values[i] for i in used.tolist()), places[codes])
    if isinstance(cells, (str, tuple)):
        listed = unpacked(cells)
        return packed(listed[rows] if isinstance(rows, slice) else [listed[i] for i in rows.tolist()])
    return cells[rows] if isinstance(rows, slice) else cells.take(pa.array(rows))


def size_of(cells: Any) -> int:
    """Bytes that packed cells take: roughly, where they are a few texts or numbers and codes."""
    if hasattr(cells, "codes"):
        return int(cells.codes.nbytes) + sum(map(_letters, cells.values))
    return int(cells.nbytes) if hasattr(cells, "nbytes") else sum(map(len, cells))


def _letters(value: Any) -> int:
    return len(value) if isinstance(value, str) else 8


def are_blank(cells: Packed) -> np.ndarray:
    """Row by row, whether there is nothing but white space."""
    import numpy as np

    if isinstance(cells, Coded):
        return np.take(np.array([not cell.strip() for cell in cells.values], dtype=bool), cells.codes)
    if isinstance(cells, (str, tuple)):
        return np.array([not cell.strip() for cell in unpacked(cells)], dtype=bool)
    return _without_signs(cells)


def _without_signs(cells: Any) -> np.ndarray:
    """Whether cells of an Arrow array are blank: only those without a sign of ASCII can be."""
    import numpy as np
    import pyarrow.compute as pc

    signs = pc.match_substring_regex(cells, "[!-~]").to_numpy(zero_copy_only=False)
    found: np.ndarray = np.logical_not(signs)
    suspects = np.flatnonzero(found)
    found[suspects] = [not str(cells[i].as_py()).strip() for i in suspects.tolist()]
    return found


def _coded(cells: Sequence[str], places: dict[str, int]) -> Coded:
    import numpy as np

    codes = np.fromiter(map(places.__getitem__, cells), narrowest(len(places)), len(cells))
    return Coded(tuple(places), codes)


def _of_dictionary(cells: Any) -> Coded:
    values = tuple(map(str, cells.dictionary.to_pylist()))
    codes = cells.indices.to_numpy(zero_copy_only=False)
    return Coded(values, codes.astype(narrowest(len(values))))


def _single_letters(cells: Any) -> Coded | None:
    """Cells of one byte or none, as the answers to most items are."""
    import numpy as np

    if not len(cells):
        return None
    offsets = np.frombuffer(cells.buffers()[1], "int32")[cells.offset : cells.offset + len(cells) + 1]
    lengths = np.diff(offsets)
    if int(offsets[-1] - offsets[0]) > len(cells) or int(lengths.max()) > 1:
        return None
    letters = np.zeros(len(cells), "uint8")
    if offsets[-1] > offsets[0]:
        held = np.frombuffer(cells.buffers()[2], "uint8")[offsets[0] : offsets[-1]]
        letters[lengths == 1] = held
    used = np.flatnonzero(np.bincount(letters, minlength=256))
    places = np.zeros(256, "uint8")
    places[used] = np.arange(len(used))
    return Coded(tuple(chr(letter) if letter else "" for letter in used.tolist()), places[letters])


def narrowest(values: int) -> str:
    """The smallest kind of whole number that tells so many values apart."""
    return "uint8" if values <= 2**8 else "uint16" if values <= 2**16 else "uint32"
