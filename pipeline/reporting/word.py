"""The report as a Word document that its author goes on writing in.

Native tables, styles from a reference document, live numbers and references, landscape sections for wide
tables, alt text on every picture; the same bytes for the same report. `stages/report` calls `write_word`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32

from pipeline.reporting import direction, drawing, layout, markup, numbering, word_pages, word_table
from pipeline.reporting.package import stable
from pipeline.reporting.pagination import Arrangement
from pipeline.reporting.paper import on_paper
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
from pipeline.reporting.word_lists import Lists
from pipeline.reporting.word_pages import Sheet
from pipeline.reporting.word_styles import W, body_text, open_reference, style_ids
from pipeline.reporting.word_table import KEEP
from pipeline.reporting.word_text import (
    Look,
    Setting,
    caption_number,
    field,
    inline,
    paragraph,
    text_run,
    wrapped,
)

_NAMESPACES = f'xmlns:w="{W}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_EPOCH = datetime.datetime(2000, 1, 1)
_KEPT = 400
_BANNER = 16.0
_GUTTER = 100
_COMPACT = (
    '<w:spacing w:before="0" w:after="120" w:line="245" w:lineRule="auto"/>'
    '<w:ind w:left="0" w:firstLine="0"/>'
)


def write_word(document: Document, path: Path, *, reference: Path | None = None) -> None:
    """Write the report to `path`; `reference` is a Word file whose styles, paper and header it takes."""
    path.write_bytes(word_bytes(document, reference=reference))


def word_bytes(document: Document, *, reference: Path | None = None) -> bytes:
    """Return the report as the bytes of a .docx file."""
    document = on_paper(document)
    labels = numbering.label(document)
    word = open_reference(reference)
    writing = _Writing(word, _setting(document, word, labels), Lists(word))
    _head(writing, document)
    _fill(writing, document)
    _describe(word, document)
    out = BytesIO()
    word.save(out)
    return stable(out.getvalue())


def table_bytes(table: Table, document: Document) -> bytes:
    """Return one table of a report as a .docx file of its own, under the number that it has in the report.

    What refers to other tables and figures is plain text here: they are not in this file.
    """
    from docx.oxml import parse_xml

    labels = numbering.label(document)
    word = open_reference(None)
    setting = replace(_setting(document, word, labels), elsewhere=frozenset(labels) - {table.id})
    writing = _Writing(word, setting, Lists(word))
    _head(writing, document)
    landscape = layout.is_wide(table)
    final = word.element.body.find(f"{{{W}}}sectPr")
    for element in list(
        parse_xml(f"<w:body {_NAMESPACES}>{_table(writing, table, landscape, True)}</w:body>")
    ):
        final.addprevious(element)
    if landscape:
        final.getparent().replace(final, _section(final, landscape))
    _describe(word, replace(document, title=table.title))
    out = BytesIO()
    word.save(out)
    return stable(out.getvalue())


@dataclass(frozen=True)
class _Writing:
    """The open document and what its text is set with."""

    word: Any
    setting: Setting
    lists: Lists

    def width(self, landscape: bool) -> int:
        """Return the width of the text in twips."""
        section = self.word.sections[-1]
        paper = section.page_height if landscape else section.page_width
        return int((paper - section.left_margin - section.right_margin) / 635)

    def height(self) -> int:
        """Return the height of the text on upright paper in twips."""
        section = self.word.sections[-1]
        return int((section.page_height - section.top_margin - section.bottom_margin) / 635)

    def sheet(self, banner: str | None) -> Sheet:
        """Return the paper as `word_pages` measures it; a banner in the header takes of its height."""
        size, line = body_text(self.word)
        lost = _BANNER if banner else 0.0
        width, across = self.width(False) / 20, self.width(True) / 20
        return Sheet(width, self.height() / 20 - lost, across, size, line * word_table.SINGLE)


def _setting(document: Document, word: Any, labels: Any) -> Setting:
    from docx.opc.constants import RELATIONSHIP_TYPE

    def link(address: str) -> str:
        identifier: str = word.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        return identifier

    return Setting(labels, style_ids(word), link, direction.is_right_to_left(document.language))


def _fill(writing: _Writing, document: Document) -> None:
    """Put the blocks into the body in the order that fills pages; where the paper turns, a section ends.

    The paragraphs right before a wide table keep together, so that no line or two stand on a page alone.
    """
    from docx.oxml import parse_xml

    body = writing.word.element.body
    final = body.find(f"{{{W}}}sectPr")
    now = word_pages.arranged(document, writing.sheet(document.banner))
    sheets = [(False, _title(writing.setting, document))]
    sheets += [
        (lies, "".join(_block(writing, document.blocks[it], lies, now, it) for it in numbers))
        for lies, numbers in layout.sheets(document.blocks, now.order)
    ]
    sheets.append((False, paragraph(writing.setting, "Details", document.footer)))
    for number, (landscape, xml) in enumerate(sheets):
        elements = list(parse_xml(f"<w:body {_NAMESPACES}>{xml}</w:body>"))
        for element in elements:
            final.addprevious(element)
        if number + 1 < len(sheets) and sheets[number + 1][0] != landscape:
            elements[-1].find(f"{{{W}}}pPr").append(_section(final, landscape))
            if not landscape:
                _keep_together(elements[:-1], writing.setting.styles["body text"])


def _keep_together(elements: list[Any], running_text: str) -> None:
    """Let the last few lines of running text stay on one page; a table or picture stays free."""
    room = _KEPT
    for element in reversed(elements):
        style = element.find(f"{{{W}}}pPr/{{{W}}}pStyle")
        room -= sum(len(it.text or "") for it in element.iter(f"{{{W}}}t"))
        if room < 0 or style is None or style.get(f"{{{W}}}val") != running_text:
            break
        if element.find(f"{{{W}}}pPr/{{{W}}}keepNext") is None:
            style.addnext(style.makeelement(f"{{{W}}}keepNext", {}))


def _section(final: Any, landscape: bool) -> Any:
    """Return a section like the last one, with its header and footer, on paper that lies so."""
    section = deepcopy(final)
    if landscape:
        size = section.find(f"{{{W}}}pgSz")
        width, height = size.get(f"{{{W}}}w"), size.get(f"{{{W}}}h")
        for name, value in (("w", height), ("h", width), ("orient", "landscape")):
            size.set(f"{{{W}}}{name}", value)
    return section


def _title(setting: Setting, document: Document) -> str:
    parts = [paragraph(setting, "Title", document.title)]
    if document.subtitle:
        parts.append(paragraph(setting, "Subtitle", document.subtitle))
    parts += [paragraph(setting, "Author", text) for text in (document.author, document.date) if text]
    return "".join(parts)


def _block(writing: _Writing, block: Block, landscape: bool, now: Arrangement, number: int) -> str:
    setting = writing.setting
    match block:
        case Heading():
            xml = paragraph(setting, f"heading {block.level}", block.text)
        case Paragraph():
            style = "Bibliography" if block.hanging else "Body Text"
            xml = paragraph(setting, style, block.text, layout=_COMPACT if block.compact else "")
        case Illustrated():
            xml = _illustrated(writing, block)
        case Bullets():
            xml = _list(writing, block)
        case Notice():
            xml = _notice(setting, block)
        case Details():
            xml = _details(setting, block)
        case Table():
            xml = _table(writing, block, landscape, number not in now.split)
        case Figure():
            xml = "".join(_figure(writing, block, now.size(number)))
    return xml


def _table(writing: _Writing, block: Table, landscape: bool, whole: bool) -> str:
    table = word_table.table(writing.setting, block, writing.width(landscape), whole=whole)
    return _caption(writing.setting, block) + table


def _list(writing: _Writing, block: Bullets) -> str:
    number = writing.lists.add(block.ordered)
    style = "List Number" if block.ordered else "List Bullet"
    return "".join(paragraph(writing.setting, style, item, numbering=number) for item in block.items)


def _notice(setting: Setting, block: Notice) -> str:
    if block.kind == "info":
        return paragraph(setting, "Notice", block.text)
    return wrapped(setting, "Notice Warning", inline(setting, "**Caution.** ") + inline(setting, block.text))


def _details(setting: Setting, block: Details) -> str:
    """Set what the page folds away as one paragraph in small type."""
    content = inline(setting, block.summary, Look(bold=True)) + text_run(". ")
    for number, (name, value) in enumerate(block.rows):
        end = "." if number == len(block.rows) - 1 else "; "
        content += inline(setting, name) + text_run(": ") + inline(setting, value) + text_run(end)
    return wrapped(setting, "Details", content)


def _caption(setting: Setting, block: Table | Figure) -> str:
    number = caption_number(setting, setting.labels[block.id], list(setting.labels).index(block.id) + 1)
    title = inline(setting, block.title, Look(style=setting.styles["caption title"]))
    return wrapped(setting, "caption", f"{number}<w:r><w:br/></w:r>{title}", keep=KEEP)


def _figure(writing: _Writing, figure: Figure, size: float) -> Iterator[str]:
    setting = writing.setting
    yield _caption(setting, figure)
    keep = KEEP if figure.note else ""
    yield wrapped(setting, "Picture", _drawing(writing, figure, size), keep=keep)
    if figure.note:
        note = inline(setting, "*Note.* ") + inline(setting, figure.note)
        yield wrapped(setting, "Table Note", note, layout='<w:spacing w:after="320"/>')


def _illustrated(writing: _Writing, block: Illustrated) -> str:
    """Set text and picture side by side in the two cells of a row without rules that stays on its page."""
    setting, whole = writing.setting, writing.width(False)
    right = round(whole * word_pages.BESIDE)
    cells = (
        (whole - right, paragraph(setting, "Body Text", block.text, layout=_COMPACT)),
        (right, wrapped(setting, "Picture", _picture(writing, block.figure, right - 2 * _GUTTER))),
    )
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width, _ in cells)
    row = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
        f"{content}</w:tc>"
        for width, content in cells
    )
    turned = "<w:bidiVisual/>" if setting.rtl else ""
    return (
        f'<w:tbl><w:tblPr>{turned}<w:tblW w:w="{whole}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="{_GUTTER}" w:type="dxa"/></w:tblCellMar>'
        f"</w:tblPr><w:tblGrid>{columns}</w:tblGrid><w:tr><w:trPr><w:cantSplit/></w:trPr>{row}</w:tr></w:tbl>"
    )


def _drawing(writing: _Writing, figure: Figure, size: float) -> str:
    """Return the picture at a share of its own size, no taller than leaves room for caption and note."""
    across, down = drawing.size(figure)
    tallest = writing.height() * word_pages.TALLEST
    width = size * min(writing.width(False) * figure.width, tallest * across / down)
    return _picture(writing, figure, round(width))


def _picture(writing: _Writing, figure: Figure, width: int) -> str:
    """Return the picture in a run, with its number or its id as its name and its text for screen readers."""
    from docx.oxml.xmlchemy import serialize_for_reading
    from docx.shared import Twips

    inline_picture = writing.word.part.new_pic_inline(BytesIO(figure.png), width=Twips(width))
    labels = writing.setting.labels
    numbered = figure.id in labels
    identifier = (
        1000 + list(labels).index(figure.id) if numbered else 10_000 + crc32(figure.id.encode()) % 10**6
    )
    properties = inline_picture.docPr
    properties.set("id", str(identifier))
    properties.set("name", labels[figure.id].text if numbered else figure.id)
    properties.set("descr", markup.clean(figure.alt))
    return f"<w:r><w:drawing>{serialize_for_reading(inline_picture)}</w:drawing></w:r>"


def _head(writing: _Writing, document: Document) -> None:
    """Set the page number, unless the template's header says something, and the banner on every page."""
    section = writing.word.sections[-1]
    headers = [section.header]
    if section.different_first_page_header_footer:
        headers.append(section.first_page_header)
    if writing.word.settings.odd_and_even_pages_header_footer:
        headers.append(section.even_page_header)
    for header in headers:
        _fill_header(writing, header, document.banner)


def _fill_header(writing: _Writing, header: Any, banner: str | None) -> None:
    from docx.oxml import parse_xml

    blank = header.is_linked_to_previous or not header._element.xpath(
        ".//w:t | .//w:instrText | .//w:fldSimple"
    )
    setting = writing.setting
    element = header._element
    if blank:
        for child in list(element):
            element.remove(child)
        number = wrapped(setting, "header", field("PAGE", "1"))
        element.append(parse_xml(number.replace("<w:p>", f"<w:p {_NAMESPACES}>", 1)))
    if banner:
        text = paragraph(setting, "Data Banner", banner)
        element.append(parse_xml(text.replace("<w:p>", f"<w:p {_NAMESPACES}>", 1)))


def _describe(word: Any, document: Document) -> None:
    properties = word.core_properties
    properties.title = markup.plain(document.title)[:255]
    properties.subject = markup.plain(document.subtitle)[:255]
    properties.author = markup.plain(document.author or "")[:255]
    properties.last_modified_by = properties.author
    properties.language = document.language
    properties.comments = properties.keywords = properties.category = ""
    properties.created = properties.modified = properties.last_printed = _EPOCH
    properties.revision = 1
    for language in word.styles.element.iter(f"{{{W}}}lang"):
        if document.language != "en":
            language.set(f"{{{W}}}val", document.language)
            if direction.is_right_to_left(document.language):
                language.set(f"{{{W}}}bidi", document.language)
