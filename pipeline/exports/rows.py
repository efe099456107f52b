"""The rows of a table, packed by column: about as large in memory as the text they came from.

`text` and `containers` pack what they read, `delimited` takes the columns out again one by one. A list of
lists of cells would take ten times as much. Nothing of ours is imported but the packing of cells.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from pipeline.exports.cells import Packed, are_blank, packed, packed_strings, taken, unpacked

if TYPE_CHECKING:
    import numpy as np

BLOCK = 8192


@dataclass(frozen=True, eq=False)
class Rows(Sequence[list[str]]):
    """Rows of cells, read like a list of lists; blank rows are empty lists.

    A block holds the columns of some rows, each packed; `starts` says with which row each block begins, and
    at last how many rows there are in all blocks.
    Rows that are not as wide as the first are in `odd`, by position; `blank` holds the positions of rows
    without a filled cell.
    """

    width: int
    length: int
    starts: tuple[int, ...]
    blocks: tuple[tuple[Packed, ...], ...]
    odd: dict[int, list[str]]
    blank: frozenset[int]

    @classmethod
    def of(cls, rows: Iterable[list[str]]) -> Rows:
        """Pack rows; the first one sets the width."""
        waiting = iter(rows)
        first = next(waiting, None)
        if first is None:
            return cls(0, 0, (0,), (), {}, frozenset())
        starts, blocks, odd, blank, length = [], [], {}, set[int](), 0
        source = _before(first, waiting)
        while piece := list(islice(source, BLOCK)):
            for place, row in enumerate(piece):
                if len(row) != len(first):
                    odd[length + place] = row
                    piece[place] = [""] * len(first)
                if not any(map(str.strip, row)):
                    blank.add(length + place)
            starts.append(length)
            blocks.append(tuple(map(packed, zip(*piece, strict=True))))
            length += len(piece)
        return cls(len(first), length, (*starts, length), tuple(blocks), odd, frozenset(blank))

    @classmethod
    def of_batches(cls, batches: Iterable[Any]) -> Rows:
        """Pack Arrow batches of strings, each row as wide as the others."""
        starts, blocks, blank, length, width = [], [], set[int](), 0, 0
        for batch in batches:
            if not batch.num_rows:
                continue
            block = tuple(map(packed_strings, batch.columns))
            blank.update(length + place for place in _blank_in(block))
            starts.append(length)
            blocks.append(block)
            length, width = length + batch.num_rows, len(block)
        return cls(width, length, (*starts, length), tuple(blocks), {}, frozenset(blank))

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, place: int) -> list[str]: ...

    @overload
    def __getitem__(self, place: slice) -> list[list[str]]: ...

    def __getitem__(self, place: int | slice) -> list[str] | list[list[str]]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self.length)
            return list(self._between(start, stop))[::step]
        position = place + self.length if place < 0 else place
        if not 0 <= position < self.length:
            raise IndexError(place)
        return next(self._between(position, position + 1))

    def __iter__(self) -> Iterator[list[str]]:
        return self.from_row(0)

    def from_row(self, start: int) -> Iterator[list[str]]:
        """The rows from a position on."""
        return self._between(start, self.length)

    def _between(self, start: int, stop: int) -> Iterator[list[str]]:
        """Rows, unpacked a stretch at a time."""
        for number in range(self._block_of(start), len(self.blocks)):
            begin, end = self._span(number)
            for low in range(max(start, begin), min(end, stop), BLOCK):
                high = min(low + BLOCK, end, stop)
                places = slice(low - begin, high - begin)
                columns = [unpacked(taken(cells, places)) for cells in self.blocks[number]]
                for place in range(low, high):
                    own = self.odd.get(place)
                    yield [column[place - low] for column in columns] if own is None else list(own)

    def column(self, number: int, start: int = 0) -> Iterator[list[str]]:
        """The cells of a column from a row on, a block at a time; what a row lacks is blank."""
        return (unpacked(cells) for cells in self.pieces(number, start))

    def pieces(self, number: int, start: int = 0, kept: np.ndarray | None = None) -> Iterator[Packed]:
        """The cells of a column from a row on, packed, a block at a time; `kept` holds the rows to take."""
        import numpy as np

        for block in range(self._block_of(start), len(self.blocks)):
            begin, end = self._span(block)
            low = max(start, begin)
            cells = self._with_odd(self.blocks[block][number], number, begin, low, end)
            if kept is not None:
                first, last = np.searchsorted(kept, [low, end])
                yield taken(cells, kept[first:last] - begin)
            elif low > begin or end < self.starts[block + 1]:
                yield taken(cells, slice(low - begin, end - begin))
            else:
                yield cells

    def under(self, names: Sequence[str]) -> Rows:
        """The same rows under another first row."""
        return replace(self, odd={**self.odd, 0: list(names)}) if self.length else self

    def until(self, length: int) -> Rows:
        """The first rows alone."""
        odd = {place: row for place, row in self.odd.items() if place < length}
        return replace(
            self,
            length=min(length, self.length),
            odd=odd,
            blank=frozenset(b for b in self.blank if b < length),
        )

    def _block_of(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def _span(self, block: int) -> tuple[int, int]:
        """The first row of a block and the one after its last."""
        begin = self.starts[block]
        return begin, max(min(self.starts[block + 1], self.length), begin)

    def _with_odd(self, cells: Packed, number: int, begin: int, low: int, end: int) -> Packed:
        """A block's cells with those of the rows that are wider or narrower than the first."""
        if len(self.odd) < BLOCK:
            odd = [place for place in self.odd if low <= place < end]
        else:
            odd = [place for place in range(low, end) if place in self.odd]
        if not odd:
            return cells
        listed = unpacked(cells)
        for place in odd:
            row = self.odd[place]
            listed[place - begin] = row[number] if number < len(row) else ""
        return packed(listed)


def _before(first: list[str], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rest


def _blank_in(block: Sequence[Packed]) -> list[int]:
    """The places in a block of the rows in which every cell is blank."""
    blank = are_blank(block[0])
    for cells in block[1:]:
        if not blank.any():
            break
        blank &= are_blank(cells)
    return [int(place) for place in blank.nonzero()[0]]
