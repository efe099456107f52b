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
    | dict.fromkeys("iljt", 0.278)
    | dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ", 0.7)
    | dict.fromkeys("mwMW", 0.86),
    other=0.47,
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
    """Columns as shares of the table's width, and how far type must shrink for the widest words to fit."""

    shares: tuple[float, ...]
    scale: float
    lines: int


def sheets(blocks: Sequence[Block]) -> Iterator[tuple[bool, tuple[Block, ...]]]:
    """Group blocks by the way their paper lies; yield whether it is landscape, and the blocks.

    A wide table takes the headings right before it and the details right after it along, so that neither is
    left alone on a page.
    """
    for landscape, group in groupby(zip(lies_wide(blocks), blocks, strict=True), key=lambda pair: pair[0]):
        yield landscape, tuple(block for _, block in group)


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


@lru_cache(maxsize=256)
def fit(table: Table, face: Face, available: float, padding: float) -> Grid:
    """Give each column at least its longest word or number, taking it from columns with room to spare.

    `available` is the table's width and `padding` what a cell loses at its sides, both in ems. When even the
    least widths do not fit, `scale` says how much smaller the type has to be; padding does not shrink.
    """
    words = _least(table, face)
    room = available - padding * len(words)
    scale = min(1.0, max(room, 1.0) / sum(words))
    least = [word * scale + padding for word in words]
    wanted = [width / sum(table.widths) * available for width in table.widths]
    widths = _levelled(wanted, least) if scale == 1.0 else least
    shares = tuple(width / sum(widths) for width in widths)
    return Grid(shares, scale, _lines(table, face, shares, available / scale, padding / scale))


def is_wide(table: Table) -> bool:
    """Tell whether a table lies on landscape paper.

    It says so, or upright its type would be too small, or the names of its rows would stand in many lines.
    """
    grid = fit(table, TIMES, _UPRIGHT, _PADDING)
    return table.landscape or grid.scale < _SMALLEST or _stub_lines(table, grid) > _DEEPEST


_UPRIGHT = 46.8
_PADDING = 0.7
_SMALLEST = 0.78
_DEEPEST = 4
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


def _least(table: Table, face: Face) -> list[float]:
    least = [face.other * 2] * len(table.widths)
    places = place_decimals(table, face)
    for row_number, row in enumerate((*table.body, *table.header)):
        for column, cell_number, cell in _laid(row):
            if cell.span == 1:
                place = places.get((row_number, cell_number)) if row_number < len(table.body) else None
                need = place.block if place else _longest_word(cell, face)
                least[column] = max(least[column], need + cell.indent)
    return least


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


def _lines(table: Table, face: Face, shares: Sequence[float], available: float, padding: float) -> int:
    """Estimate how many lines of type the table takes, notes and caption included."""
    notes = (table.title, table.general or "", *table.specific, table.probability or "")
    rows = sum(_row_lines(row, face, shares, available, padding) for row in (*table.header, *table.body))
    return rows + 1 + sum(math.ceil(face.width(note) / available) for note in notes)


def _stub_lines(table: Table, grid: Grid) -> int:
    """Estimate in how many lines the longest name of a row stands on upright paper."""
    room = (grid.shares[0] * _UPRIGHT - _PADDING) / grid.scale
    names = (row.cells[0] for row in table.body if row.cells[0].span == 1)
    lines = (math.ceil(TIMES.width(it.text, it.bold) / max(room - it.indent, 1.0)) for it in names)
    return max(lines, default=1)


def _row_lines(row: Row, face: Face, shares: Sequence[float], available: float, padding: float) -> int:
    deepest = 1
    for column, _, cell in _laid(row):
        room = sum(shares[column : column + cell.span]) * available - padding - cell.indent
        deepest = max(deepest, math.ceil(face.width(cell.text, cell.bold) / max(room, 1.0)))
    return deepest
