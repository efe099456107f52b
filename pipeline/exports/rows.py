"""The rows of a table, packed by column: about as large in memory as the text they came from.

`text` and `containers` pack what they read, `delimited` takes the columns out again one by one. A list of
lists of cells would take ten times as much. Nothing of ours is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import overload

BLOCK = 8192
_BETWEEN = "\0"

Packed = str | tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Rows(Sequence[list[str]]):
    """Rows of cells, read like a list of lists; blank rows are empty lists.

    A block holds `BLOCK` rows, each of its columns as one text. Rows that are not as wide as the first are
    in `odd`, by position; `blank` holds the positions of rows without a filled cell.
    """

    width: int
    length: int
    blocks: tuple[tuple[Packed, ...], ...]
    odd: dict[int, list[str]]
    blank: frozenset[int]

    @classmethod
    def of(cls, rows: Iterable[list[str]]) -> Rows:
        """Pack rows; the first one sets the width."""
        waiting = iter(rows)
        first = next(waiting, None)
        if first is None:
            return cls(0, 0, (), {}, frozenset())
        blocks, odd, blank, length = [], {}, set[int](), 0
        source = _before(first, waiting)
        while piece := list(islice(source, BLOCK)):
            for place, row in enumerate(piece):
                if len(row) != len(first):
                    odd[length + place] = row
                    piece[place] = [""] * len(first)
                if not any(map(str.strip, row)):
                    blank.add(length + place)
            blocks.append(tuple(map(_packed, zip(*piece, strict=True))))
            length += len(piece)
        return cls(len(first), length, tuple(blocks), odd, frozenset(blank))

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, place: int) -> list[str]: ...

    @overload
    def __getitem__(self, place: slice) -> list[list[str]]: ...

    def __getitem__(self, place: int | slice) -> list[str] | list[list[str]]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self.length)
            found = list(islice(self.from_row(start), max(stop - start, 0)))
            return found[::step]
        position = place + self.length if place < 0 else place
        if not 0 <= position < self.length:
            raise IndexError(place)
        return next(self.from_row(position))

    def __iter__(self) -> Iterator[list[str]]:
        return self.from_row(0)

    def from_row(self, start: int) -> Iterator[list[str]]:
        """The rows from a position on, unpacked a block at a time."""
        for number in range(start // BLOCK, len(self.blocks)):
            begin = number * BLOCK
            columns = [_unpacked(packed) for packed in self.blocks[number]]
            size = min(BLOCK, self.length - begin)
            for place in range(max(start - begin, 0), size):
                own = self.odd.get(begin + place)
                yield [column[place] for column in columns] if own is None else list(own)

    def column(self, number: int, start: int = 0) -> Iterator[list[str]]:
        """The cells of a column from a row on, a block at a time; what a row lacks is blank."""
        for block in range(start // BLOCK, len(self.blocks)):
            begin = block * BLOCK
            cells = _unpacked(self.blocks[block][number])[: max(self.length - begin, 0)]
            for position in self._odd_in(begin):
                row = self.odd[position]
                cells[position - begin] = row[number] if number < len(row) else ""
            yield cells[start - begin :] if start > begin else cells

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

    def _odd_in(self, begin: int) -> Iterator[int]:
        if len(self.odd) < BLOCK:
            return (place for place in self.odd if begin <= place < min(begin + BLOCK, self.length))
        return (place for place in range(begin, min(begin + BLOCK, self.length)) if place in self.odd)


def _before(first: list[str], rest: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    yield from rest


def _packed(cells: tuple[str, ...]) -> Packed:
    joined = _BETWEEN.join(cells)
    return joined if joined.count(_BETWEEN) == len(cells) - 1 else cells


def _unpacked(packed: Packed) -> list[str]:
    return packed.split(_BETWEEN) if isinstance(packed, str) else list(packed)
