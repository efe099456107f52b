"""A document in Typst: the look in `assets/report.typ`, then one call a block.

Whatever the document says goes in as strings, which Typst never interprets. Used by `pdf`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from itertools import groupby, takewhile

from pipeline.reporting import direction, drawing, layout, markup, numbering
from pipeline.reporting.layout import SetCell, SetRow
from pipeline.reporting.markup import Run
from pipeline.reporting.numbering import Label
from pipeline.reporting.pagination import Arrangement
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

Labels = Mapping[str, Label]
_POINTS = 9.0
_SMALLEST = 8.0
_INSET = 3.2
_WIDTH = {False: 468.0, True: 648.0}
_PAGE_LINES = 40
_LAST = 2
_TALLEST = 430.0
_RUNNING = 46.0
_LONG = re.compile("[!-~]{19,}")


@dataclass(frozen=True)
class Source:
    """A document in Typst, its blocks still apart, so that their order can fill the pages."""

    document: Document
    blocks: tuple[str, ...]
    wide: tuple[bool, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, document: Document) -> Source:
        """Return the source with every block where the document has it."""
        labels = numbering.label(document)
        wide = layout.lies_wide(document.blocks)
        calls = enumerate(zip(document.blocks, wide, strict=True))
        blocks = (_block(block, number, labels, landscape) for number, (block, landscape) in calls)
        return cls(document, tuple(blocks), wide, tuple(range(len(wide))))

    def arranged(self, wanted: Arrangement) -> Source:
        """Return the source with its blocks arranged so."""
        labels, blocks = numbering.label(self.document), list(self.blocks)
        for number in wanted.split:
            if isinstance(block := self.document.blocks[number], Table):
                blocks[number] = _table(block, number, labels, self.wide[number], whole=False)
        for number, share in wanted.shrunk:
            if isinstance(figure := self.document.blocks[number], Figure):
                blocks[number] = _figure(figure, number, labels, share)
        for number in wanted.fresh:
            blocks[number] = f"#pagebreak(weak: true)\n{blocks[number]}"
        return replace(self, blocks=tuple(blocks), order=wanted.order)

    def text(self, missing: Sequence[str] = ()) -> str:
        """Return the whole as Typst reads it; characters that are `missing` are told of at the start."""
        labels = numbering.label(self.document)
        front = (_look(), *_opening(self.document, labels), *_notice_of(missing, labels))
        end = f"#details({_inline(self.document.footer, labels)})"
        return "\n".join((*front, *self._sheets(), end, "#spots()", ""))

    def measured(self) -> str:
        """Return the whole with a question at its end: how tall each block of text stands."""
        flowing = (Paragraph, Illustrated, Bullets, Notice, Details)
        texts = (
            f"({number}, [{call}]), "
            for number, (block, call) in enumerate(zip(self.document.blocks, self.blocks, strict=True))
            if isinstance(block, flowing)
        )
        return f"{self.text()}#heights({_WIDTH[False]}pt, {''.join(texts)})\n"

    def _sheets(self) -> Iterator[str]:
        for landscape, numbers in groupby(self.order, key=self.wide.__getitem__):
            calls = "\n".join(self.blocks[number] for number in numbers)
            yield f"#page(flipped: true)[\n{calls}\n]" if landscape else calls


def _look() -> str:
    return (resources.files("pipeline.reporting") / "assets" / "report.typ").read_text(encoding="utf-8")


def _opening(document: Document, labels: Labels) -> Iterator[str]:
    language, _, region = document.language.replace("_", "-").partition("-")
    way = "rtl" if direction.is_right_to_left(document.language) else "ltr"
    options = [f"title: {_string(markup.plain(document.title))}", f"language: {_string(language.lower())}"]
    options += [f"region: {_string(region.upper())}"] * (len(region) == 2)
    options += [f"running: {_inline(_running(document.title), labels)}", f"direction: {way}"]
    if document.author:
        options.append(f"author: {_string(markup.plain(document.author))}")
    if document.banner:
        options.append(f"banner: {_inline(document.banner, labels)}")
    yield f"#show: report.with({', '.join(options)})"
    lines = "".join(f"{_inline(text, labels)}, " for text in (document.author, document.date) if text)
    subtitle = _inline(document.subtitle, labels) if document.subtitle else "none"
    yield f"#title-block({_inline(document.title, labels)}, {subtitle}, ({lines}))"
    if sum(isinstance(block, Heading) and block.level < 3 for block in document.blocks) > 5:
        yield "#contents()"


def _running(title: str) -> str:
    """Shorten a title to the one line that the head of a page has room for."""
    words = kept = markup.plain(title)
    while layout.SOURCE_SANS.width(markup.literal(kept)) > _RUNNING:
        kept = kept[:-1]
    return title if kept == words else markup.literal(f"{kept.rstrip()}…")


def _notice_of(missing: Sequence[str], labels: Labels) -> Iterator[str]:
    if missing:
        shown = ", ".join(f"U+{ord(character):04X}" for character in missing[:12])
        more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
        text = (
            f"No typeface on the computer that made this PDF can show {shown}{more}; boxes stand for them. "
            "The page and the Word file hold these letters. To mend it, install a typeface for that script "
            "(such as one of the Noto family) and make the report again."
        )
        yield f"#notice(true, {_inline(text, labels)})"


def _fit(table: Table, *, landscape: bool, inset: float = _INSET) -> layout.Grid:
    width, padding = _WIDTH[landscape] / _POINTS, 2 * inset / _POINTS + 0.1
    return layout.fit(table, layout.SOURCE_SANS, width, padding, _SMALLEST / _POINTS)


def _block(block: Block, number: int, labels: Labels, landscape: bool) -> str:
    """Return the call that sets a block; all but headings tell where they start and end."""
    match block:
        case Heading():
            text = _inline(block.text, labels, italic=block.level == 3)
            call = f"#heading(level: {block.level}, {text})"
        case Paragraph():
            hanging = "hanging-indent: 1.8em, " if block.hanging else ""
            call = _turned(f"par({hanging}{_told(_inline(block.text, labels), number)})", block.text)
        case Illustrated():
            text = _turned(f"par({_told(_inline(block.text, labels), number)})", block.text)
            picture = f'file: "{block.figure.id}.png", alt: {_string(block.figure.alt)}'
            call = f"#beside([{text}], {picture})"
        case Bullets():
            items = ", ".join(_told(_inline(item, labels), number) for item in block.items)
            list_call = f"{'enum' if block.ordered else 'list'}(tight: false, {items})"
            call = _turned(list_call, " ".join(block.items))
        case Notice():
            warning = "true" if block.kind == "warning" else "false"
            call = f"#notice({warning}, {_told(_inline(block.text, labels), number)})"
        case Details():
            rows = "".join(
                f", ({_inline(name, labels)}, {_inline(value, labels)})" for name, value in block.rows
            )
            call = f"#details({_told(_inline(block.summary, labels), number)}{rows})"
        case Table():
            call = _table(block, number, labels, landscape)
        case Figure():
            call = _figure(block, number, labels)
    return call


def _told(content: str, number: int) -> str:
    """Let content tell where on the pages it starts and ends."""
    return f"[#spot({number}){content[1:-1]}#spot({number})]"


def _turned(call: str, text: str) -> str:
    """Turn round what has no letter that runs from left to right."""
    turned = direction.runs_right_to_left(markup.plain(text))
    return f"#{{ set text(dir: rtl); {call} }}" if turned else f"#{call}"


def picture_height(figure: Figure) -> float:
    """Return how tall a picture stands by itself, in points."""
    across, down = drawing.size(figure)
    return _share(figure) * _WIDTH[False] * down / across


def _share(figure: Figure) -> float:
    """Return the share of the text's width that a picture takes, so that its caption and note find room."""
    across, down = drawing.size(figure)
    return min(figure.width, _TALLEST * across / down / _WIDTH[False])


def _figure(figure: Figure, number: int, labels: Labels, size: float = 1.0) -> str:
    """Return a picture with its caption and note, at a share of its own size."""
    label, share = labels[figure.id], _share(figure) * size
    note = f", note: [{_note(figure.note, labels)}]" if figure.note else ""
    return (
        f'#picture({number}, "{label.anchor}", [{label.text}], {_inline(figure.title, labels, italic=True)}, '
        f'file: "{label.anchor}.png", alt: {_string(figure.alt)}, width: {share * 100:.4g}%{note})'
    )


def _table(table: Table, number: int, labels: Labels, landscape: bool, *, whole: bool = True) -> str:
    label = labels[table.id]
    grid = _fit(table, landscape=landscape)
    inset = _INSET if grid.scale == 1 else _INSET / 2
    grid = _fit(table, landscape=landscape, inset=inset)
    size = max(5.5, round(_POINTS * grid.scale, 1))
    header, body = layout.settle(table, layout.SOURCE_SANS)
    whole = whole and grid.lines * size / _POINTS <= _PAGE_LINES * (0.68 if landscape else 1)
    title = _inline(table.title, labels, italic=True)
    calls = [
        f'#data-table({number}, "{label.anchor}", [{label.text}], {title}',
        f"alt: {_string(table.alt)}, whole: {'true' if whole else 'false'}, size: {size}pt, inset: {inset}pt",
        f"columns: ({''.join(f'{share * 100:.5g}%, ' for share in grid.shares)})",
        f"notes: ({''.join(f'[{note}], ' for note in _notes(table, labels))})",
        "header: (" + "\n".join(_cell(it, labels, header=True) for row in header for it in row.cells) + ")",
        *(f"{name}: ({cells})" for name, cells in _rows(body, labels).items()),
    ]
    return ",\n".join(calls) + ")"


def _rows(body: Sequence[SetRow], labels: Labels) -> dict[str, str]:
    """Return the cells of the body, those of its last rows apart: they go along with the notes."""
    laid = [_row(row, labels, place) for place, row in enumerate(body)]
    last = len(list(takewhile(lambda row: not row.group, reversed(body[1:][-_LAST:]))))
    split = len(laid) - last
    return {"rows": "\n".join(laid[:split]), "last": "\n".join(laid[split:])}


def _row(row: SetRow, labels: Labels, number: int) -> str:
    """Return a row's cells; a group's row is a header of lower rank, so it stays with its rows."""
    top = "7pt" if row.group and number else "5pt" if number == 0 else ""
    cells = " ".join(_cell(it, labels, bold=row.group, top=top) for it in row.cells)
    return f"table.header(level: 2, {cells})," if row.group else cells


def _cell(it: SetCell, labels: Labels, *, header: bool = False, bold: bool = False, top: str = "") -> str:
    side = {"left": "start", "center": "center", "right": "end"}[it.align]
    options = [f"align: {side} + {'bottom' if header else 'top'}"]
    options += [f"colspan: {it.cell.span}"] * (it.cell.span > 1) + [f"inset: (top: {top})"] * bool(top)
    content = _content(it, labels)
    if it.cell.bold or bold:
        content = f'text(weight: "semibold", {content})'
    if it.cell.indent:
        content = f"indented({it.cell.indent}, {content})"
    if it.cell.rule_below:
        content = f"ruled({content})"
    return f"table.cell({', '.join(options)}, {content}),"


def _content(it: SetCell, labels: Labels) -> str:
    runs = markup.parse(it.cell.text)
    if it.place is None:
        content = _runs(runs, labels, italic=it.cell.italic)
        is_latin = it.align == "center" and not direction.has_right_to_left(it.cell.text)
        return f"latin({content})" if is_latin and it.cell.text[:1].isdigit() else content
    space = layout.second_number("".join(run.text for run in runs)) if it.place.gap else None
    content = _runs(runs, labels)
    if space is not None:
        before, after = layout.split_at(runs, space)
        content = f"{_runs(before, labels)} + h({it.place.gap:.4g}em) + {_runs(after, labels)}"
    return f"number({it.place.block + 0.02:.4g}, {it.place.after:.4g}, {content})"


def _notes(table: Table, labels: Labels) -> list[str]:
    notes = [_note(table.general, labels)] if table.general else []
    return notes + ["#" + _inline(note, labels) for note in (*table.specific, table.probability) if note]


def _note(text: str, labels: Labels) -> str:
    return f'#emph[Note.]#" "#{_inline(text, labels)}'


def _inline(text: str, labels: Labels, *, italic: bool = False) -> str:
    return _runs(markup.parse(text), labels, italic=italic)


def _runs(runs: Sequence[Run], labels: Labels, *, italic: bool = False) -> str:
    return f"[{''.join(_run(run, labels, italic) for run in runs)}]"


def _run(run: Run, labels: Labels, italic: bool) -> str:
    if run.ref is not None:
        return f"#link(<{labels[run.ref].anchor}>)[{labels[run.ref].text}]"
    slanted = italic or run.italic
    content = "".join(_letters(piece, slanted, greek) for piece, greek in direction.greek(run.text))
    for wanted, call in ((run.bold, 'text(weight: "semibold")'), (run.sup, "super"), (run.sub, "sub")):
        if wanted:
            content = f"#{call}[{content}]"
    return f"#link({_string(run.href)})[{content}]" if run.href else content


def _letters(text: str, slanted: bool, greek: bool) -> str:
    string = _string(direction.marked(_LONG.sub(_breakable, text)))
    return f'#text(style: "{"normal" if greek else "italic"}", {string})' if slanted else f"#{string}"


def _breakable(found: re.Match[str]) -> str:
    return "\u200b".join(re.findall(".{1,12}", found[0]))


def _string(text: str) -> str:
    """Return text as a string of Typst, which is never interpreted."""
    escaped = markup.clean(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
