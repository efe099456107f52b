"""Where things go inside a table: decimal points under each other, columns wide enough, rows kept together.

Works in ems of the face that a writer sets tables in, so that the page, Word and the PDF agree. A column of
numbers is one block, centred; within it each number ends as far from the right edge as its own decimals ask.
That needs no tab stop (whose decimal sign would depend on the reader's language) and no filler characters.
An interval or `M (SD)` has two points: the space before its second number is widened until both agree.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Literal

from pipeline.reporting import markup
from pipeline.reporting.values import Block, Cell, Details, Heading, Row, Table


@dataclass(frozen=True, eq=False)
class Face:
    """How wide a face sets its characters, in ems; `other` stands for all that is not listed."""

    widths: Mapping[str, float]
    other: float = 0.52
    bold: float = 1.06

    def width(self, text: str, bold: bool = False) -> float:
        """Return the width of marked-up text set on one line."""
        return sum(width for _, width in self.characters(text)) * (self.bold if bold else 1)

    def characters(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield each character with its width; raised and lowered ones are set smaller."""
        for run in markup.parse(text):
            scale = (0.7 if run.sup or run.sub else 1.0) * (self.bold if run.bold else 1.0)
            yield from ((it, self.character(it) * scale) for it in run.text or "Table 10" * bool(run.ref))

    def character(self, character: str) -> float:
        """Return the width of one character."""
        if (known := self.widths.get(character)) is not None:
            return known
        if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Mn"}:
            return 0.0
        return 1.0 if unicodedata.east_asian_width(character) in "WF" else self.other


_DIGITS = "0123456789"
SOURCE_SANS = Face(
    {
        **dict.fromkeys(_DIGITS + "−<>≤≥=×+≈", 0.497),
        "*": 0.418,
        "[": 0.303,
        "]": 0.303,
        "(": 0.303,
        ")": 0.303,
    }
    | {".": 0.249, ",": 0.249, " ": 0.2, "\u00a0": 0.2, "-": 0.311, "–": 0.48, "—": 0.8, "%": 0.824},
    other=0.5,
)
TIMES = Face(
    {**dict.fromkeys(_DIGITS + "*–", 0.5), **dict.fromkeys("−<>≤≥=×+≈", 0.564), "—": 1.0, "%": 0.833}
    | {"[": 0.333, "]": 0.333, "(": 0.333, ")": 0.333, ".": 0.25, ",": 0.25, " ": 0.25, "\u00a0": 0.25}
    | {"-": 0.333}
    | dict.fromkeys("iljt/,;:", 0.278)
    | dict.fromkeys("frIJ", 0.333)
    | dict.fromkeys("aceszé", 0.444)
    | dict.fromkeys("bdghknopquvxy_", 0.5)
    | dict.fromkeys("EFLPSTZ", 0.6)
    | dict.fromkeys("ABCDGHKNOQRUVXYw", 0.722)
    | {"m": 0.778, "M": 0.889, "W": 0.944, "s": 0.389, "→": 1.0, "’": 0.333, "“": 0.444, "”": 0.444},
    other=0.52,
)


@dataclass(frozen=True)
class Placed:
    """A number's place: space to add before its second number and after it, in a centred block."""

    gap: float
    after: float
    block: float


@dataclass(frozen=True)
class SetCell:
    """A cell in its column, with its alignment settled: a number that is placed is a block, centred."""

    cell: Cell
    column: int
    align: Literal["left", "center", "right"]
    place: Placed | None


@dataclass(frozen=True)
class SetRow:
    """A row of settled cells."""

    cells: tuple[SetCell, ...]
    group: bool


@dataclass(frozen=True)
class Grid:
    """Columns as shares of the table's width, how far type must shrink, and the lines that this takes.

    `rows` are the lines of each row, header first; `deepest` those of the longest name of a row.
    """

    shares: tuple[float, ...]
    scale: float
    rows: tuple[int, ...]
    notes: tuple[int, ...]
    deepest: int

    @property
    def lines(self) -> int:
        """How many lines of type the table takes, caption and notes included."""
        return 1 + sum(self.rows) + sum(self.notes)


def sheets(blocks: Sequence[Block], order: Sequence[int]) -> Iterator[tuple[bool, tuple[int, ...]]]:
    """Group the numbers of blocks in their order by how their paper lies; yield whether it is landscape.

    A wide table takes the headings right before it and the details right after it along, so that neither is
    left alone on a page.
    """
    wide = lies_wide(blocks)
    for landscape, group in groupby(order, key=wide.__getitem__):
        yield landscape, tuple(group)


def lies_wide(blocks: Sequence[Block]) -> tuple[bool, ...]:
    """Tell of each block whether it lies on landscape paper, as a wide table does with what belongs to it."""
    wide = [isinstance(block, Table) and is_wide(block) for block in blocks]
    for number in reversed(range(len(blocks) - 1)):
        wide[number] = wide[number] or (isinstance(blocks[number], Heading) and wide[number + 1])
    for number in range(1, len(blocks)):
        wide[number] = wide[number] or (isinstance(blocks[number], Details) and wide[number - 1])
    return tuple(wide)


@lru_cache(maxsize=256)
def settle(table: Table, face: Face) -> tuple[tuple[SetRow, ...], tuple[SetRow, ...]]:
    """Return the header and the body with every cell's column, alignment and place settled."""
    places = place_decimals(table, face)
    header = tuple(_settled(row, {}, 0) for row in table.header)
    return header, tuple(_settled(row, places, number) for number, row in enumerate(table.body))


@lru_cache(maxsize=256)
def place_decimals(table: Table, face: Face) -> Mapping[tuple[int, int], Placed]:
    """Place each number of the body, by (row, cell); text that is not a number is left out."""
    places: dict[tuple[int, int], Placed] = {}
    for column in _columns(table).values():
        by_count: dict[int, dict[tuple[int, int], tuple[float, ...]]] = defaultdict(dict)
        for place, cell in column.items():
            if parts := _parts(cell, face):
                by_count[len(parts)][place] = parts
        for group in by_count.values():
            places.update(_placed(group))
    return places


def second_number(text: str) -> int | None:
    """Return where the space before a second number stands in plain text, if there are just two."""
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 2:
        return None
    space = max(text.rfind(" ", 0, numbers[1].start() + 1), text.rfind("\u00a0", 0, numbers[1].start() + 1))
    return space if space >= numbers[0].end() else None


def split_at(runs: Sequence[markup.Run], index: int) -> tuple[list[markup.Run], list[markup.Run]]:
    """Cut runs in two after the character at `index`."""
    before: list[markup.Run] = []
    for number, run in enumerate(runs):
        if index < len(run.text):
            before.append(replace(run, text=run.text[: index + 1]))
            rest = [replace(run, text=run.text[index + 1 :])] if index + 1 < len(run.text) else []
            return before, [*rest, *runs[number + 1 :]]
        before.append(run)
        index -= len(run.text)
    return before, []


@lru_cache(maxsize=1024)
def fit(table: Table, face: Face, available: float, padding: float, least: float = 1.0) -> Grid:
    """Set a table as large as its words and the names of its rows allow; `available` and `padding` in ems.

    Each column holds its longest word or number; what columns have beyond their text goes to those whose
    text breaks into lines. Type shrinks in steps down to `least` while the names of rows stand in more than
    `_SHALLOW` lines; only where the least widths still do not fit, further. Padding does not shrink.
    """
    words = _least(table, face)
    best = None
    for scale in _steps(least):
        grid = _at(table, face, available / scale, padding / scale, scale)
        if grid and (best is None or max(grid.deepest, _SHALLOW) < best.deepest):
            best = grid
    if best is not None:
        return best
    scale = max(available - padding * len(words), 1.0) / sum(words)
    widths = [word + padding / scale for word in words]
    return _grid(table, face, widths, padding / scale, scale)


@lru_cache(maxsize=16384)
def lines(text: str, face: Face, room: float, *, indent: float = 0.0, bold: bool = False) -> int:
    """Count the lines of marked-up text in so many ems, its first one indented.

    Text breaks at spaces and after hyphens and slashes, and a word longer than a line wherever it must.
    """
    left, count, word = room - indent, 1, 0.0
    heavy = face.bold if bold else 1.0
    for character, wide in (*face.characters(text), (" ", 0.0)):
        blank = character in " \u200b"
        word += 0.0 if blank else wide * heavy
        if blank or character in _BREAKS:
            if word > left + _CLOSE and left < room:
                count, left = count + 1, room
            over = math.ceil(max(0.0, word - left) / room - _CLOSE)
            count, left = count + over, left + over * room - word - wide * blank
            word = 0.0
    return count


def is_wide(table: Table) -> bool:
    """Tell whether a table lies on landscape paper.

    Upright its type would be too small, or many columns would press the names of its rows into many lines.
    A table that would run over landscape pages too stands upright, where text can follow it on its last page,
    unless its names are pressed all too hard.
    """
    grid = fit(table, TIMES, _UPRIGHT, _PADDING, _SMALLEST)
    if grid.scale < _SMALLEST - _CLOSE:
        return True
    if len(table.widths) < _MANY or grid.deepest <= _DEEPEST:
        return False
    return grid.deepest > _PRESSED or _height(fit(table, TIMES, _ACROSS, _PADDING, _SMALLEST)) <= _LYING


def is_dense(table: Table) -> bool:
    """Tell whether a table asks for all the width there is: it lies wide, or upright its type shrinks."""
    return is_wide(table) or fit(table, TIMES, _UPRIGHT, _PADDING, _SMALLEST).scale < 1


def _height(grid: Grid) -> float:
    """Estimate how tall a table stands with its caption, in ems of its face."""
    rows = sum(lines * grid.scale * _LEADING + _ROW_AIR for lines in grid.rows)
    return _CAPTION + rows + sum(grid.notes) * _LEADING


_UPRIGHT = 46.8
_ACROSS = 64.8
_LYING = 41.0
_PRESSED = 8
_LEADING = 1.15
_ROW_AIR = 0.3
_CAPTION = 6.0
_PADDING = 0.7
_SMALLEST = 0.8
_STEP = 0.05
_CLOSE = 1e-9
_SHALLOW = 2
_DEEPEST = 4
_MANY = 8
_AIR = 0.4
_BREAKS = "-–—/"
_NUMBER = re.compile(r"(?:(?<![\w.])[-−+])?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)")
_DRESSING = re.compile(r"[\s\[\](){}<>≤≥=≈±*†‡§%‰,;:–—/\u200e\u200f]*\Z")


def _columns(table: Table) -> Mapping[int, Mapping[tuple[int, int], Cell]]:
    columns: dict[int, dict[tuple[int, int], Cell]] = defaultdict(dict)
    for row_number, row in enumerate(table.body):
        for column, cell_number, cell in _laid(row):
            if cell.span == 1 and cell.align == "decimal":
                columns[column][row_number, cell_number] = cell
    return columns


def _laid(row: Row) -> Iterator[tuple[int, int, Cell]]:
    column = 0
    for number, cell in enumerate(row.cells):
        yield column, number, cell
        column += cell.span


def _settled(row: Row, places: Mapping[tuple[int, int], Placed], number: int) -> SetRow:
    cells = (
        SetCell(cell, column, _alignment(cell, column, row), places.get((number, position)))
        for column, position, cell in _laid(row)
    )
    return SetRow(tuple(cells), row.group)


def _alignment(cell: Cell, column: int, row: Row) -> Literal["left", "center", "right"]:
    """Settle `decimal` for text that is no number: the stub stands left, the rest in the middle."""
    if cell.align != "decimal":
        return cell.align
    return "left" if column == 0 and (cell.span == 1 or row.group) else "center"


def _parts(cell: Cell, face: Face) -> tuple[float, ...]:
    """Return the widths between a cell's edges and its decimal points; empty when it is not a number."""
    characters = list(face.characters(cell.text))
    text = "".join(character for character, _ in characters)
    numbers = list(_NUMBER.finditer(text))
    if not numbers or len(numbers) > 2 or (len(numbers) == 2 and second_number(text) is None):
        return ()
    if not _DRESSING.match(_without_raised(cell.text)):
        return ()
    edges = [0, *(_point(number) for number in numbers), len(text)]
    weight = face.bold if cell.bold else 1.0
    return tuple(sum(width for _, width in characters[start:end]) * weight for start, end in pairwise(edges))


def _without_raised(text: str) -> str:
    return _NUMBER.sub("", "".join(run.text for run in markup.parse(text) if not (run.sup or run.sub)))


def _point(number: re.Match[str]) -> int:
    return number.start() + number[0].index(".") if "." in number[0] else number.end()


def _placed(group: Mapping[tuple[int, int], tuple[float, ...]]) -> Mapping[tuple[int, int], Placed]:
    widest = [max(parts) for parts in zip(*group.values(), strict=True)]
    return {
        place: Placed(
            gap=round(widest[1] - parts[1], 4) if len(parts) == 3 else 0.0,
            after=round(widest[-1] - parts[-1], 4),
            block=round(sum(widest), 4),
        )
        for place, parts in group.items()
    }


@lru_cache(maxsize=256)
def _least(table: Table, face: Face) -> tuple[float, ...]:
    """Return what each column needs for its longest word or number."""
    least = [face.other * 2] * len(table.widths)
    places = place_decimals(table, face)
    for row_number, row in enumerate((*table.body, *table.header)):
        for column, cell_number, cell in _laid(row):
            if cell.span == 1:
                place = places.get((row_number, cell_number)) if row_number < len(table.body) else None
                need = place.block if place else _longest_word(cell, face)
                least[column] = max(least[column], need + cell.indent)
    return tuple(least)


def _longest_word(cell: Cell, face: Face) -> float:
    """Return the width that a cell cannot do without; a word over 12 ems may be broken."""
    text = markup.plain(cell.text)
    words = [text] if cell.align == "decimal" and len(text) <= 16 else re.split(r"[\s\u200b]+", text)
    bold = face.bold if cell.bold else 1.0
    return min(12.0, max((sum(map(face.character, word)) * bold for word in words), default=0.0))


def _levelled(wanted: Sequence[float], least: Sequence[float]) -> list[float]:
    """Raise columns to their least width; the others give in proportion to what they can spare."""
    short = sum(max(0.0, floor - width) for width, floor in zip(wanted, least, strict=True))
    spare = sum(max(0.0, width - floor) for width, floor in zip(wanted, least, strict=True))
    share = min(1.0, short / spare) if spare else 0.0
    return [
        max(width, floor) - max(0.0, width - floor) * share
        for width, floor in zip(wanted, least, strict=True)
    ]


def _steps(least: float) -> Iterator[float]:
    """Yield the sizes of type to try, from the face's own downwards."""
    scale = 1.0
    while scale > least + _CLOSE:
        yield scale
        scale -= _STEP
    yield least


def _at(table: Table, face: Face, available: float, padding: float, scale: float) -> Grid | None:
    """Return the grid at one size of type, with ems of that size; None where the least widths do not fit."""
    least = [word + padding for word in _least(table, face)]
    if sum(least) > available + _CLOSE:
        return None
    wanted = [width / sum(table.widths) * available for width in table.widths]
    full = [text + padding for text in _full(table, face)]
    return _grid(table, face, _shared(_levelled(wanted, least), least, full), padding, scale)


def _shared(widths: Sequence[float], least: Sequence[float], full: Sequence[float]) -> list[float]:
    """Move what columns have beyond their text to those that have less than theirs."""
    floors = [max(floor, text + _AIR) for floor, text in zip(least, full, strict=True)]
    beyond = [max(0.0, width - floor) for width, floor in zip(widths, floors, strict=True)]
    lacking = [max(0.0, text - width) for width, text in zip(widths, full, strict=True)]
    moved = min(sum(beyond), sum(lacking))
    if not moved:
        return list(widths)
    return [
        width - moved * (more / sum(beyond)) + moved * (less / sum(lacking))
        for width, more, less in zip(widths, beyond, lacking, strict=True)
    ]


@lru_cache(maxsize=256)
def _full(table: Table, face: Face) -> tuple[float, ...]:
    """Return what each column needs for every row on one line; a heading may stand in two."""
    full = list(_least(table, face))
    for row in table.body:
        for column, _, cell in _laid(row):
            if cell.span == 1:
                full[column] = max(full[column], _width(face, cell.text, cell.bold) + cell.indent)
    for row in table.header:
        for column, _, cell in _laid(row):
            under = slice(column, column + cell.span)
            short = _width(face, cell.text, cell.bold) / (2 if cell.span == 1 else 1) - sum(full[under])
            full[under] = [width + max(0.0, short) / cell.span for width in full[under]]
    return tuple(full)


def _grid(table: Table, face: Face, widths: Sequence[float], padding: float, scale: float) -> Grid:
    """Return columns of these widths, with the lines that each row and note takes in them."""
    available = sum(widths)
    notes = (table.title, table.general or "", *table.specific, table.probability or "")
    names = (Row((row.cells[0],)) for row in table.body if row.cells[0].span == 1)
    return Grid(
        tuple(width / available for width in widths),
        scale,
        tuple(_row_lines(row, face, widths, padding) for row in (*table.header, *table.body)),
        tuple(lines(note, face, round(available, 3)) for note in notes if note),
        max((_row_lines(name, face, widths, padding) for name in names), default=1),
    )


@lru_cache(maxsize=16384)
def _width(face: Face, text: str, bold: bool = False) -> float:
    return face.width(text, bold)


def _row_lines(row: Row, face: Face, widths: Sequence[float], padding: float) -> int:
    deepest = 1
    for column, _, cell in _laid(row):
        room = max(sum(widths[column : column + cell.span]) - padding - cell.indent, 1.0)
        if _width(face, cell.text, cell.bold) > room + _CLOSE:
            deepest = max(deepest, lines(cell.text, face, round(room, 3), bold=cell.bold))
    return deepest
