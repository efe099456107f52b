"""In which order blocks fill the pages of the Word document: an estimate, for only Word itself lays it out.

Lines are counted with the widths of the typeface and blocks set under each other as Word would; `pagination`
then moves text ahead of what would not fit, as in the PDF. A page that Word breaks some lines earlier or
later than estimated still fills, because the text that follows runs on. `word` calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from pipeline.reporting import drawing, layout, pagination, word_table
from pipeline.reporting.pagination import Arrangement, Paper, Piece, Spot, Spots
from pipeline.reporting.values import (
    Block,
    Bullets,
    Details,
    Document,
    Figure,
    Heading,
    Illustrated,
    Notice,
    Paragraph,
    Table,
)
from pipeline.reporting.word_table import SINGLE, Strip

TALLEST = 0.72
BESIDE = 0.405
_COMPACT = 1.02 * SINGLE
_DOUBLE = 2 * SINGLE
_HEADING = {1: 12.0, 2: 6.0, 3: 6.0}
_CAPTION = 1.42 * SINGLE
_NOTE = 1.05 * SINGLE
_BOXED = (11.0, 1.2 * SINGLE, 10.0, 12.0, 12.0)
_SMALL = (9.0, 1.05 * SINGLE, 5.0, 10.0, 0.0)
_INDENT = 36.0
_BYLINE = 20.5
_TOP = 720.0
_SURE = 1.0
_LYING = 0.7


@dataclass(frozen=True)
class Sheet:
    """Upright paper in points: the width and height of its text, and the width where it lies on its side.

    `size` is that of running text, `line` how tall a line of it stands, as a share of that size.
    """

    width: float
    height: float
    across: float
    size: float = 12.0
    line: float = _DOUBLE

    def paper(self) -> Paper:
        """Return what `pagination` asks of paper."""
        line = self.size * self.line
        return Paper(
            bottom=self.height, line=line, heading=line + 6, between=0.0, first_rows=0.0, spare=2 * line
        )


def arranged(document: Document, sheet: Sheet) -> Arrangement:
    """Return the arrangement of a document's blocks that by this estimate leaves the least of pages blank."""
    wide = layout.lies_wide(document.blocks)
    sections = accumulate(isinstance(it, Heading) and it.level < 3 for it in document.blocks)
    own = Arrangement(tuple(range(len(document.blocks))))

    @cache
    def strips(number: int, split: bool, size: float) -> tuple[Strip, ...]:
        return tuple(_strips(document.blocks[number], sheet, wide[number], whole=not split, size=size))

    @cache
    def places(now: Arrangement) -> Spots:
        laid = [(it, strips(it, it in now.split, now.size(it))) for it in now.order]
        return _laid(laid, wide, sheet.height - _SURE, _opening(document, sheet))

    pieces = [
        Piece(
            pagination.kind(block),
            wide[number],
            sum(strip.height for strip in strips(number, False, 1.0)),
            section,
            _picture(block, sheet) if isinstance(block, Figure) else 0.0,
        )
        for number, block, section in zip(own.order, document.blocks, sections, strict=True)
    ]
    return pagination.arranged(pieces, places, sheet.paper())


def _opening(document: Document, sheet: Sheet) -> float:
    """Return how tall the title stands with what is under it."""
    lines = layout.lines(document.title, layout.TIMES, sheet.width / 14, bold=True)
    under = (document.subtitle, document.author or "", document.date or "")
    return 30 + 20 * lines + _BYLINE * sum(_lines(it, sheet.width, 12) for it in under if it)


def _laid(
    blocks: Sequence[tuple[int, Sequence[Strip]]], wide: Sequence[bool], height: float, opening: float
) -> Mapping[int, tuple[Spot, Spot]]:
    """Set blocks under each other; return where each starts and ends, as page and points from its top."""
    told: dict[int, tuple[Spot, Spot]] = {}
    page, at, lies, space = 1, opening, False, 0.0
    for run in _runs(blocks):
        turned = wide[run[0][0]] != lies
        lies = wide[run[0][0]]
        bottom = height * _LYING if lies else height
        if at and (turned or at + _tall(run, space) > bottom):
            page, at, space = page + 1, _header(run[0], told), _TOP
        for place, (number, strip) in enumerate(run):
            if at and at + _tall(run[place : place + 1], space) > bottom:
                page, at, space = page + 1, _header((number, strip), told), _TOP
            start = told.get(number, ((page, at), (page, at)))[0]
            at += strip.height - min(space, strip.lead)
            space = strip.space
            told[number] = (start, (page, at))
    return told


def _header(first: tuple[int, Strip], told: Mapping[int, tuple[Spot, Spot]]) -> float:
    """Return how tall the header stands that a table started before repeats at the top of a page."""
    number, strip = first
    return strip.again if number in told else 0.0


def _tall(run: Sequence[tuple[int, Strip]], space: float) -> float:
    """Return the height of strips under so much blank space, without the blank at their end."""
    tall = 0.0
    for _, strip in run:
        tall += strip.height - min(space, strip.lead)
        space = strip.space
    return tall - space - strip.hang


def _runs(blocks: Sequence[tuple[int, Sequence[Strip]]]) -> Iterator[list[tuple[int, Strip]]]:
    """Yield strips that stay together."""
    run: list[tuple[int, Strip]] = []
    for number, strips in blocks:
        for strip in strips:
            run.append((number, strip))
            if not strip.keep:
                yield run
                run = []
    if run:
        yield run


def _strips(
    block: Block, sheet: Sheet, lies: bool, *, whole: bool = True, size: float = 1.0
) -> Iterator[Strip]:
    """Yield the parts of a block that no page break divides."""
    line = sheet.size * sheet.line
    match block:
        case Heading():
            tall = _lines(block.text, sheet.width, sheet.size) * line + _HEADING[block.level]
            yield Strip(tall, True, lead=_HEADING[block.level])
        case Paragraph():
            hung = _INDENT if block.hanging else 0.0
            first = _INDENT if not block.hanging else -_INDENT
            yield from _running(_lines(block.text, sheet.width - hung, sheet.size, first), line)
        case Illustrated():
            yield _beside(block, sheet)
        case Bullets():
            for item in block.items:
                yield from _running(_lines(item, sheet.width - _INDENT, sheet.size), line)
        case Notice():
            yield _boxed(block.text, sheet.width, _BOXED)
        case Details():
            yield _boxed(block.summary + "".join(map(": ".join, block.rows)), sheet.width, _SMALL)
        case Table():
            width = sheet.across if lies else sheet.width
            yield _caption(block.title, width, sheet.size)
            yield from word_table.strips(block, round(width * 20), whole=whole)
        case Figure():
            yield from _pictured(block, sheet, size)


def _pictured(figure: Figure, sheet: Sheet, size: float) -> Iterator[Strip]:
    """Yield caption, picture and note, which stay together."""
    yield _caption(figure.title, sheet.width, sheet.size)
    yield Strip(_picture(figure, sheet) * size + 3, keep=figure.note is not None)
    if figure.note:
        yield Strip(_lines(figure.note, sheet.width, 10.0) * 10.0 * _NOTE + 19, False, 16.0)


def _beside(block: Illustrated, sheet: Sheet) -> Strip:
    """Return a row of text and a picture side by side, as tall as the taller."""
    across, down = drawing.size(block.figure)
    right = BESIDE * sheet.width
    text = _lines(block.text, sheet.width - right, sheet.size) * sheet.size * _COMPACT + 6
    return Strip(max(text, (right - 10) * down / across + 3), keep=False)


def _lines(text: str, width: float, size: float, indent: float = 0.0) -> int:
    return layout.lines(text, layout.TIMES, width / size, indent=indent / size)


def _running(lines: int, line: float) -> Iterator[Strip]:
    """Yield the lines of running text: two stay together at its start and at its end."""
    for number in range(lines):
        yield Strip(line, lines > 1 and number in {0, lines - 2}, hang=line / 2)


def _boxed(text: str, width: float, look: tuple[float, ...]) -> Strip:
    size, line, lead, space, frame = look
    tall = _lines(text, width - 14, size) * size * line + lead + space + frame
    return Strip(tall, False, space, lead)


def _caption(title: str, width: float, size: float) -> Strip:
    return Strip((1 + _lines(title, width, size)) * size * _CAPTION + 21, True, lead=16.0)


def _picture(figure: Figure, sheet: Sheet) -> float:
    across, down = drawing.size(figure)
    return min(sheet.width * figure.width * down / across, sheet.height * TALLEST)
