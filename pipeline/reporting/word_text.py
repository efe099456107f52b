"""Paragraphs and inline text in Word's XML: runs, fields, bookmarks, links, writing direction.

Used by `word` and `word_table`. XML is written as text and parsed once; every user's character passes
`escaped`. A reference is a REF field with the label as its cached text, a caption number a SEQ field in a
bookmark, so both stay live when somebody adds a table in Word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from pipeline.reporting import direction, markup
from pipeline.reporting.markup import Run
from pipeline.reporting.numbering import Label


@dataclass(frozen=True)
class Look:
    """How runs are set besides their own markup: space between characters in twips, size in half-points."""

    bold: bool = False
    italic: bool = False
    spacing: int = 0
    size: int = 0
    style: str = ""


@dataclass(frozen=True)
class Setting:
    """What text needs to know of its document: labels, style ids, a way to link out, its direction.

    `elsewhere` are ids of tables and figures that another file holds: what refers to them is plain text.
    """

    labels: Mapping[str, Label]
    styles: Mapping[str, str]
    link: Callable[[str], str]
    rtl: bool = False
    elsewhere: frozenset[str] = frozenset()


def paragraph(
    setting: Setting, style: str, text: str, *, keep: str = "", numbering: str = "", layout: str = ""
) -> str:
    """Return a paragraph of marked-up text in a style."""
    turned = True if direction.runs_right_to_left(markup.plain(text)) else None
    return wrapped(
        setting, style, inline(setting, text), turned=turned, keep=keep, numbering=numbering, layout=layout
    )


def wrapped(
    setting: Setting,
    style: str,
    content: str,
    *,
    keep: str = "",
    numbering: str = "",
    borders: str = "",
    turned: bool | None = None,
    layout: str = "",
) -> str:
    """Return a paragraph around runs that are XML already; its properties stand in the schema's order.

    `turned` says that it runs from right to left; by default it runs as the document does.
    """
    bidi = "<w:bidi/>" if (setting.rtl if turned is None else turned) else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{setting.styles[style.lower()]}"/>{keep}{numbering}{borders}{bidi}'
        f"{layout}</w:pPr>{content}</w:p>"
    )


def inline(setting: Setting, text: str, look: Look | None = None) -> str:
    """Return marked-up text as runs."""
    return runs(setting, markup.parse(text), look)


def runs(setting: Setting, pieces: Sequence[Run], look: Look | None = None) -> str:
    """Return parsed runs as XML, each with `look` besides its own."""
    return "".join(_run(setting, piece, look or Look()) for piece in pieces)


def caption_number(setting: Setting, label: Label, identifier: int) -> str:
    """Return `Table 1` with a live number, in a bookmark that REF fields point to."""
    style = f'<w:rStyle w:val="{setting.styles["caption number"]}"/>'
    return (
        f'<w:bookmarkStart w:id="{identifier}" w:name="{label.anchor}"/>{text_run(f"{label.kind} ", style)}'
        f'<w:fldSimple w:instr=" SEQ {label.kind} \\* ARABIC ">{text_run(str(label.number), style)}'
        f'</w:fldSimple><w:bookmarkEnd w:id="{identifier}"/>'
    )


def field(instruction: str, cached: str) -> str:
    """Return a field with its cached text."""
    return f'<w:fldSimple w:instr=" {instruction} "><w:r><w:t>{cached}</w:t></w:r></w:fldSimple>'


def escaped(text: str) -> str:
    """Return text that XML can hold, with its special characters escaped."""
    return escape(markup.clean(text), {'"': "&quot;"})


def text_run(text: str, properties: str = "") -> str:
    """Return one run; the properties are in the schema's order."""
    around = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{around}<w:t xml:space="preserve">{escaped(text)}</w:t></w:r>'


def _run(setting: Setting, run: Run, look: Look) -> str:
    if run.ref is not None:
        label = setting.labels[run.ref]
        cached = text_run(label.text, _properties(run, look))
        if run.ref in setting.elsewhere:
            return cached
        return f'<w:fldSimple w:instr=" REF {label.anchor} \\h \\* MERGEFORMAT ">{cached}</w:fldSimple>'
    look = replace(look, style=setting.styles["hyperlink"]) if run.href else look
    properties = _properties(run, look)
    text = run.text if setting.rtl else direction.marked(run.text)
    pieces = "".join(_turned(piece, properties, turned) for piece, turned in direction.stretches(text))
    if run.href:
        return f'<w:hyperlink r:id="{setting.link(run.href)}" w:history="1">{pieces}</w:hyperlink>'
    return pieces


def _turned(text: str, properties: str, turned: bool) -> str:
    return text_run(text, properties + "<w:rtl/>" if turned else properties)


def _properties(run: Run, look: Look) -> str:
    """Return a run's properties in the order that the schema asks."""
    raised = "superscript" if run.sup else "subscript" if run.sub else ""
    return "".join(
        (
            f'<w:rStyle w:val="{look.style}"/>' if look.style else "",
            "<w:b/><w:bCs/>" if run.bold or look.bold else "",
            "<w:i/><w:iCs/>" if run.italic or look.italic else "",
            f'<w:spacing w:val="{look.spacing}"/>' if look.spacing else "",
            f'<w:sz w:val="{look.size}"/><w:szCs w:val="{look.size}"/>' if look.size else "",
            f'<w:vertAlign w:val="{raised}"/>' if raised else "",
        )
    )
