"""The report as one page: a single file that works from a disk, with a keyboard, a screen reader, on paper.

Asks no network: faces, pictures, style and script are in the file, and its content security policy lets
nothing else in. `stages/report` calls `write_html`. Style and script are in `assets/`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib import resources
from pathlib import Path

from pipeline.reporting import direction, drawing, fonts, glossary, layout, markup, numbering, origins
from pipeline.reporting.layout import SetCell, SetRow
from pipeline.reporting.markup import Run
from pipeline.reporting.numbering import Label
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
_COLUMN_SCOPES = (' scope="col"', ' scope="colgroup"')


def write_html(document: Document, *, font_cache: Path | None = None) -> str:
    """Return the whole page; `font_cache` is a folder where the subset of the faces may be kept."""
    labels = numbering.label(document)
    body = "\n".join(_body(document, labels))
    return "\n".join((*_head(document, body, font_cache), body, "</html>", ""))


def _head(document: Document, body: str, font_cache: Path | None) -> Iterator[str]:
    way = "rtl" if direction.is_right_to_left(document.language) else "ltr"
    yield "<!DOCTYPE html>"
    yield f'<html lang="{escape(document.language)}" dir="{way}">'
    yield '<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_policy()}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(markup.plain(document.title))}</title>"
    style = f"{fonts.page_faces(set(body), font_cache)}\n{_asset('page.css')}{_paper(document)}"
    yield f"<style>\n{style}</style>\n</head>"


def _paper(document: Document) -> str:
    """Return the rule that prints the banner at the foot of every sheet."""
    if not document.banner:
        return ""
    text = "".join(f"\\{ord(it):x} " for it in markup.clean(markup.plain(document.banner)))
    return f'@page{{@bottom-left{{content:"{text}";font:bold 7.5pt sans-serif;width:88%;text-align:left}}}}\n'


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_asset("page.js").encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _asset(name: str) -> str:
    return (resources.files("pipeline.reporting") / "assets" / name).read_text(encoding="utf-8")


def _body(document: Document, labels: Labels) -> Iterator[str]:
    yield '<body class="has-banner">' if document.banner else "<body>"
    yield '<a class="skip" href="#main">Skip to the report</a>'
    if document.banner:
        banner = _inline(document.banner, labels)
        yield f'<aside class="banner" aria-label="About these data">{banner}</aside>'
    yield '<div class="frame">'
    yield from _navigation(document, labels)
    yield '<main id="main" tabindex="-1">'
    yield from _title(document, labels)
    anchors = iter(numbering.contents(document))
    for block in document.blocks:
        yield from _block(block, labels, next(anchors)[1] if isinstance(block, Heading) else "")
    yield f"<footer><p>{_inline(document.footer, labels)}</p></footer>"
    yield '</main>\n</div>\n<div id="said" class="unseen" role="status" aria-live="polite"></div>'
    yield f"<script>{_asset('page.js')}</script>\n</body>"


def _title(document: Document, labels: Labels) -> Iterator[str]:
    yield f"<h1{_way(document.title)}>{_inline(document.title, labels)}</h1>"
    if document.subtitle:
        yield f'<p class="subtitle"{_way(document.subtitle)}>{_inline(document.subtitle, labels)}</p>'
    if known := [_inline(it, labels) for it in (document.author, document.date) if it]:
        yield f'<p class="meta">{" · ".join(known)}</p>'


def _navigation(document: Document, labels: Labels) -> Iterator[str]:
    yield '<nav aria-label="Contents">\n<details open><summary>Contents</summary>\n<ol>'
    for heading, anchor in numbering.contents(document):
        text = _inline(heading.text, labels, links=False)
        yield f'<li class="level-{heading.level}"><a href="#{anchor}">{text}</a></li>'
    yield "</ol>\n</details>"
    numbered = [block for block in document.blocks if isinstance(block, Table | Figure)]
    if numbered:
        yield "<details><summary>Tables and figures</summary>\n<ul>"
        for block in numbered:
            label = labels[block.id]
            title = _inline(block.title, labels, links=False)
            yield f'<li><a href="#{label.anchor}">{label.text}. {title}</a></li>'
        yield "</ul>\n</details>"
    yield "</nav>"


def _block(block: Block, labels: Labels, anchor: str) -> Iterator[str]:
    match block:
        case Heading():
            tag = f"h{block.level + 1}"
            yield f'<{tag} id="{anchor}"{_way(block.text)}>{_inline(block.text, labels)}</{tag}>'
        case Paragraph():
            kind = ' class="hanging"' if block.hanging else ""
            yield f"<p{kind}{_way(block.text)}>{_inline(block.text, labels)}</p>"
        case Illustrated():
            words = f"<p{_way(block.text)}>{_inline(block.text, labels)}</p>"
            picture = f'<div class="picture">{drawing.inline(block.figure)}</div>'
            yield f'<div class="beside">{words}{picture}</div>'
        case Bullets():
            yield from _list(block, labels)
        case Notice():
            yield from _notice(block, labels)
        case Details():
            yield from _details(block, labels)
        case Table():
            yield from _table(block, labels)
        case Figure():
            yield from _figure(block, labels)


def _list(block: Bullets, labels: Labels) -> Iterator[str]:
    tag = "ol" if block.ordered else "ul"
    yield f"<{tag}>"
    yield from (f"<li{_way(item)}>{_inline(item, labels)}</li>" for item in block.items)
    yield f"</{tag}>"


def _notice(block: Notice, labels: Labels) -> Iterator[str]:
    tag = '<span class="tag">Caution.</span>' if block.kind == "warning" else ""
    yield f'<div class="notice {block.kind}" role="note">'
    yield f"<p{_way(block.text)}>{tag}{_inline(block.text, labels)}</p></div>"


def _details(block: Details, labels: Labels) -> Iterator[str]:
    yield f'<details class="how"><summary>{_inline(block.summary, labels, links=False)}</summary>\n<dl>'
    for name, value in block.rows:
        yield f"<dt>{_inline(name, labels)}</dt><dd>{_inline(value, labels)}</dd>"
    yield "</dl></details>"


def _caption(block: Table | Figure, labels: Labels) -> str:
    title = _inline(block.title, labels, italic=True)
    number = labels[block.id]
    return (
        f'<figcaption id="{number.anchor}-title"><b>{number.text}</b>'
        f'<i class="title">{title}</i></figcaption>'
    )


def _figure(figure: Figure, labels: Labels) -> Iterator[str]:
    yield f'<figure id="{labels[figure.id].anchor}" class="short">{_caption(figure, labels)}'
    yield f'<div class="picture" style="width:{46 * figure.width:.4g}rem">{drawing.inline(figure)}</div>'
    if figure.note:
        yield f'<div class="notes"><p><i>Note.</i> {_inline(figure.note, labels)}</p></div>'
    yield "</figure>"


def _table(table: Table, labels: Labels) -> Iterator[str]:
    label = labels[table.id]
    is_wide = layout.is_wide(table)
    kinds = ["dense"] * layout.is_dense(table) + ["wide"] * is_wide + ["short"] * (len(table.body) <= 24)
    yield f'<figure id="{label.anchor}" class="{" ".join(kinds)}">'
    yield f'<div class="tools" hidden>{_button("Copy", label)}{_button("CSV", label)}</div>'
    yield _caption(table, labels)
    described = f' aria-describedby="{label.anchor}-alt"' if table.alt else ""
    yield f'<div class="scroll" role="region" aria-labelledby="{label.anchor}-title" tabindex="0">'
    yield f'<table aria-labelledby="{label.anchor}-title"{described}>'
    header, body = layout.settle(table, layout.SOURCE_SANS)
    yield from ("<thead>", *(_header_row(row, labels) for row in header), "</thead>")
    yield from _bodies(body, labels)
    yield "</table></div>"
    if table.alt:
        yield f'<p id="{label.anchor}-alt" class="unseen">{escape(table.alt)}</p>'
    yield from _notes(table, labels)
    if table.how:
        yield from _details(Details(origins.SUMMARY, table.how), labels)
    yield "</figure>"


def _button(text: str, label: Label) -> str:
    return f'<button type="button">{text}<span class="unseen"> {label.text}</span></button>'


def _header_row(row: SetRow, labels: Labels) -> str:
    return f"<tr>{''.join(_header_cell(it, labels) for it in row.cells)}</tr>"


def _header_cell(it: SetCell, labels: Labels) -> str:
    scope = ' scope="colgroup"' if it.cell.span > 1 else ' scope="col"'
    return _cell(it, labels, scope if it.cell.text else None)


def _bodies(rows: Sequence[SetRow], labels: Labels) -> Iterator[str]:
    yield "<tbody>"
    for number, row in enumerate(rows):
        if row.group and number:
            yield "</tbody>\n<tbody>"
        kind = ' class="group"' if row.group else ""
        yield f"<tr{kind}>{''.join(_body_cell(it, row, labels) for it in row.cells)}</tr>"
    yield "</tbody>"


def _body_cell(it: SetCell, row: SetRow, labels: Labels) -> str:
    if it.column or not it.cell.text:
        return _cell(it, labels, None)
    return _cell(it, labels, ' scope="rowgroup"' if row.group else ' scope="row"', stub=not row.group)


def _cell(it: SetCell, labels: Labels, scope: str | None, *, stub: bool = False) -> str:
    """Set one cell; a cell with a scope heads its row or column."""
    cell, tag = it.cell, "td" if scope is None else "th"
    kinds = [
        "n" if it.place else "" if it.align == "center" else it.align,
        "stub" * stub,
        "bold" * cell.bold,
        "italic" * cell.italic,
        "ruled" * cell.rule_below,
        f"in{min(cell.indent, 3)}" * bool(cell.indent),
    ]
    attributes = scope or ""
    if kind := " ".join(filter(None, kinds)):
        attributes += f' class="{kind}"'
    if cell.span > 1:
        attributes += f' colspan="{cell.span}"'
    content = _content(it, labels)
    if scope in _COLUMN_SCOPES and (words := glossary.words_for(markup.plain(cell.text))):
        content = f'<abbr title="{escape(words)}" tabindex="0">{content}</abbr>'
    return f"<{tag}{attributes}>{content}</{tag}>"


def _content(it: SetCell, labels: Labels) -> str:
    if it.place is None:
        return _inline(it.cell.text, labels, italic=it.cell.italic)
    runs = markup.parse(it.cell.text)
    space = layout.second_number("".join(run.text for run in runs)) if it.place.gap else None
    text = _runs(runs, labels)
    if space is not None:
        before, after = layout.split_at(runs, space)
        gap = f'<span style="margin-left:{it.place.gap:.4g}em">{_runs(after, labels)}</span>'
        text = _runs(before, labels) + gap
    pad = f";padding-right:{it.place.after:.4g}em" if it.place.after else ""
    return f'<span style="width:{it.place.block + 0.02:.4g}em{pad}">{text}</span>'


def _notes(table: Table, labels: Labels) -> Iterator[str]:
    notes = [f"<i>Note.</i> {_inline(table.general, labels)}"] if table.general else []
    notes += [_inline(note, labels) for note in (*table.specific, table.probability) if note]
    if notes:
        yield f'<div class="notes">{"".join(f"<p>{note}</p>" for note in notes)}</div>'


def _way(text: str) -> str:
    return ' dir="rtl"' if direction.runs_right_to_left(markup.plain(text)) else ""


def _inline(text: str, labels: Labels, *, italic: bool = False, links: bool = True) -> str:
    return _runs(markup.parse(text), labels, italic=italic, links=links)


def _runs(runs: Sequence[Run], labels: Labels, *, italic: bool = False, links: bool = True) -> str:
    return "".join(_run(run, labels, italic, links) for run in runs)


def _run(run: Run, labels: Labels, italic: bool, links: bool) -> str:
    text = _letters(run.text, italic or run.italic) if run.ref is None else labels[run.ref].text
    for wanted, tag in ((run.sup, "sup"), (run.sub, "sub"), (run.italic, "em"), (run.bold, "strong")):
        if wanted:
            text = f"<{tag}>{text}</{tag}>"
    if not links or (run.ref is None and run.href is None):
        return text
    target = f"#{labels[run.ref].anchor}" if run.ref else run.href
    return f'<a href="{escape(target or "")}">{text}</a>'


def _letters(text: str, italic: bool) -> str:
    """Escape text; stretches in the other direction are set apart, Greek in italic text stands upright."""
    return "".join(
        f"<bdi>{escape(piece)}</bdi>" if turned else _upright(piece) if italic else escape(piece)
        for piece, turned in direction.stretches(text)
    )


def _upright(text: str) -> str:
    return "".join(
        f'<span class="upright">{escape(piece)}</span>' if is_greek else escape(piece)
        for piece, is_greek in direction.greek(text)
    )
