"""APA 7 tables in Word's XML: native, editable, fixed in width, repeating their header over pages.

The notes are the last row, because that alone stays with the rows before it wherever the table breaks.
Rules stand above, under the header and below; a spanner's rule is its paragraph's border, so that two
spanners side by side keep a gap. Numbers line up by right indents measured in the typeface (see `layout`),
not by decimal tabs, whose decimal sign follows the language of the reader's Word.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.reporting import direction, layout, markup
from pipeline.reporting.layout import Grid, Placed, SetCell, SetRow
from pipeline.reporting.values import Cell, Table
from pipeline.reporting.word_text import Look, Setting, escaped, inline, runs, wrapped

POINTS = 10.0
_SMALLEST = 8.0
MARGIN = 60
KEEP = "<w:keepNext/><w:keepLines/>"
SINGLE = 1.15
_PAGE_LINES = 26
_NOTE_LINE = 1.05 * SINGLE
_ROW_AIR = 3.0
_RULES = 4.0
_GROUP_AIR = 2.0
_AFTER = 320
_SPACE = f'<w:spacing w:before="0" w:after="{_AFTER}" w:line="20" w:lineRule="exact"/>'
_INDENT = 220


@dataclass(frozen=True)
class Strip:
    """What no page break divides: its height in points, and whether it stays with what follows.

    `lead` and `space` are what of the height is blank at its start and its end; of two that meet the larger
    counts. The blank at the end, and `hang` below a line, may stand over the foot of a page; `again` is the
    height of the header that is repeated above it at the top of one.
    """

    height: float
    keep: bool
    space: float = 0.0
    lead: float = 0.0
    hang: float = 0.0
    again: float = 0.0


@dataclass(frozen=True)
class _Frame:
    """A table's measures: columns and cell margin in twips, type size in points, whether it stays whole.

    `lines` are those of each row, header first.
    """

    columns: tuple[int, ...]
    points: float
    margin: int
    whole: bool
    lines: tuple[int, ...]

    @property
    def em(self) -> float:
        """Twips in an em."""
        return self.points * 20

    @property
    def half_points(self) -> int:
        """Type size for the runs; 0 where the style's own size serves."""
        return 0 if self.points == POINTS else round(self.points * 2)

    def width(self, it: SetCell) -> int:
        """Return a cell's width in twips."""
        return sum(self.columns[it.column : it.column + it.cell.span])


def table(setting: Setting, it: Table, width: int, *, whole: bool = True) -> str:
    """Return the table's XML and the space after it; `width` is the width of the text in twips.

    A table that is not to stay `whole` may break between pages.
    """
    frame = _frame(it, width, whole)
    header, body = layout.settle(it, layout.TIMES)
    grid = "".join(f'<w:gridCol w:w="{column}"/>' for column in frame.columns)
    rows = [_header_row(setting, frame, row, last=row is header[-1]) for row in header]
    for number, row in enumerate(body):
        keep = _keeps(frame, number, len(body), bool(_notes(it)))
        rows.append(_body_row(setting, frame, row, keep, _air(row, number, len(body))))
    rows += _foot(setting, it, width)
    return (
        f"<w:tbl>{_properties(setting, it, width, frame)}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
        + wrapped(setting, "Table Note", "", layout=_SPACE)
    )


def strips(it: Table, width: int, *, whole: bool = True) -> Iterator[Strip]:
    """Yield how tall each row stands, as `table` sets it: the header first, the notes last."""
    frame, noted = _frame(it, width, whole), _notes(it)
    heads = len(it.header)
    again = sum(_row_height(frame, lines) + _GROUP_AIR for lines in frame.lines[:heads])
    for lines in frame.lines[:heads]:
        yield Strip(_row_height(frame, lines) + _GROUP_AIR, keep=True)
    for number, (row, lines) in enumerate(zip(it.body, frame.lines[heads:], strict=True)):
        keep = row.group or _keeps(frame, number, len(it.body), bool(noted))
        air = _GROUP_AIR * (row.group or number == 0)
        after = 0.0 if noted or number < len(it.body) - 1 else _AFTER / 20 + _RULES
        yield Strip(_row_height(frame, lines) + air + after, keep, after, again=again)
    if noted:
        lines = sum(layout.lines(note, layout.TIMES, width / 20 / POINTS) for note in noted)
        tall = lines * POINTS * _NOTE_LINE + len(noted) * _ROW_AIR
        yield Strip(tall + _AFTER / 20 + _RULES, False, _AFTER / 20, again=again)


def _row_height(frame: _Frame, lines: int) -> float:
    return lines * frame.points * SINGLE + _ROW_AIR


def _foot(setting: Setting, it: Table, width: int) -> Iterator[str]:
    """Yield the row of the notes: over all columns, under the last rule, with none below."""
    paragraphs = ""
    for number, note in enumerate(_notes(it)):
        lead = inline(setting, "*Note.* ") if number == 0 and it.general else ""
        paragraphs += wrapped(setting, "Table Note", lead + inline(setting, note))
    if paragraphs:
        rules = '<w:top w:val="single" w:sz="12" w:space="0" w:color="auto"/><w:bottom w:val="nil"/>'
        sides = '<w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/>'
        yield (
            f'<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>'
            f'<w:gridSpan w:val="{len(it.widths)}"/><w:tcBorders>{rules}</w:tcBorders>'
            f"<w:tcMar>{sides}</w:tcMar></w:tcPr>{paragraphs}</w:tc></w:tr>"
        )


def _notes(it: Table) -> list[str]:
    return [note for note in (it.general, *it.specific, it.probability) if note]


def _frame(it: Table, width: int, whole: bool) -> _Frame:
    margin = MARGIN
    grid = _fit(it, width, margin)
    if grid.scale < 1:
        margin = MARGIN // 2
        grid = _fit(it, width, margin)
    edges = [round(sum(grid.shares[:number]) * width) for number in range(len(grid.shares) + 1)]
    columns = tuple(end - start for start, end in pairwise(edges))
    points = max(5.5, math.floor(POINTS * grid.scale * 2 + 0.01) / 2)
    short = grid.lines * points / POINTS <= _PAGE_LINES
    return _Frame(columns, points, margin, whole and short, grid.rows)


def _fit(it: Table, width: int, margin: int) -> Grid:
    em = POINTS * 20
    return layout.fit(it, layout.TIMES, width / em, 2 * margin / em + 0.1, _SMALLEST / POINTS)


def _keeps(frame: _Frame, number: int, rows: int, noted: bool) -> bool:
    """Tell whether a row stays with the next: all of a short table, both ends of a long one."""
    if number == rows - 1:
        return noted
    return frame.whole or number < 4 or number >= rows - 3


def _properties(setting: Setting, it: Table, width: int, frame: _Frame) -> str:
    rule = '<w:{} w:val="single" w:sz="12" w:space="0" w:color="auto"/>'
    title = escaped(markup.plain(it.title))
    return (
        "<w:tblPr>"
        + ("<w:bidiVisual/>" if setting.rtl else "")
        + f'<w:tblW w:w="{width}" w:type="dxa"/>'
        + f"<w:tblBorders>{rule.format('top')}{rule.format('bottom')}</w:tblBorders>"
        + f'<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="{frame.margin}" w:type="dxa"/>'
        + f'<w:right w:w="{frame.margin}" w:type="dxa"/></w:tblCellMar>'
        + '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" '
        + f'w:noHBand="1" w:noVBand="1"/><w:tblCaption w:val="{title}"/>'
        + (f'<w:tblDescription w:val="{escaped(it.alt)}"/>' if it.alt else "")
        + "</w:tblPr>"
    )


def _header_row(setting: Setting, frame: _Frame, row: SetRow, last: bool) -> str:
    rule = '<w:tcBorders><w:bottom w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>'
    cells = "".join(
        _cell(setting, frame, it, keep=True, borders=rule if last else "", header=True) for it in row.cells
    )
    return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{cells}</w:tr>"


def _body_row(setting: Setting, frame: _Frame, row: SetRow, keep: bool, air: str) -> str:
    cells = "".join(
        _cell(setting, frame, it, keep=keep or row.group, bold=row.group, air=air) for it in row.cells
    )
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>"


def _air(row: SetRow, number: int, rows: int) -> str:
    """Return a little space above the first row and each group, and under the last row."""
    before = 70 if number == 0 or row.group else 30
    after = 70 if number == rows - 1 else 30
    return f'<w:spacing w:before="{before}" w:after="{after}"/>' if before + after > 60 else ""


def _cell(
    setting: Setting,
    frame: _Frame,
    it: SetCell,
    *,
    keep: bool,
    borders: str = "",
    header: bool = False,
    bold: bool = False,
    air: str = "",
) -> str:
    span = f'<w:gridSpan w:val="{it.cell.span}"/>' if it.cell.span > 1 else ""
    bottom = '<w:vAlign w:val="bottom"/>' if header else ""
    look = Look(it.cell.bold or bold, it.cell.italic, size=frame.half_points)
    content = wrapped(
        setting,
        "Table Text",
        _content(setting, frame, it, look),
        keep=KEEP if keep else "",
        borders=_ruled(it.cell),
        layout=air + _placed(frame, it),
        turned=_turned(it),
    )
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{frame.width(it)}" w:type="dxa"/>{span}{borders}{bottom}</w:tcPr>'
        f"{content}</w:tc>"
    )


def _turned(it: SetCell) -> bool | None:
    """Numbers, and what stands in the middle without a letter from right to left, run from left to right."""
    is_latin = it.align == "center" and not direction.has_right_to_left(it.cell.text)
    return False if it.place or is_latin else None


def _ruled(cell: Cell) -> str:
    side = '<w:bottom w:val="single" w:sz="6" w:space="1" w:color="auto"/>'
    return f"<w:pBdr>{side}</w:pBdr>" if cell.rule_below else ""


def _placed(frame: _Frame, it: SetCell) -> str:
    if it.place is None:
        indent = f'<w:ind w:left="{_INDENT * it.cell.indent}"/>' if it.cell.indent else ""
        return f'{indent}<w:jc w:val="{it.align}"/>'
    room = frame.width(it) - 2 * frame.margin - it.place.block * frame.em
    return f'<w:ind w:right="{max(0, round(room / 2 + it.place.after * frame.em))}"/><w:jc w:val="right"/>'


def _content(setting: Setting, frame: _Frame, it: SetCell, look: Look) -> str:
    pieces = markup.parse(it.cell.text)
    space = layout.second_number("".join(run.text for run in pieces)) if _has_gap(it.place) else None
    if space is None or it.place is None:
        return runs(setting, pieces, look)
    before, after = layout.split_at(pieces, space)
    start, blank = layout.split_at(before, space - 1)
    wide = replace(look, spacing=round(it.place.gap * frame.em))
    return runs(setting, start, look) + runs(setting, blank, wide) + runs(setting, after, look)


def _has_gap(place: Placed | None) -> bool:
    return place is not None and place.gap > 0
