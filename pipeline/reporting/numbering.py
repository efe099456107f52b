"""The numbers of tables and figures, and the refusal of a document that could not be set right.

Each writer calls `label` before anything else, so that a dangling reference, a doubled id or a row that does
not fill its table's grid is told once, in words, and never ends as a broken field in Word.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.reporting import markup
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
    Row,
    Table,
)

_ID = re.compile(r"[A-Za-z][\w.:-]*\Z")


class DocumentError(ValueError):
    """A document that cannot be set; the message names the block and what to change."""


@dataclass(frozen=True)
class Label:
    """The number under which the text refers to a table or figure, and a name that is safe as an anchor."""

    kind: Literal["Table", "Figure"]
    number: int

    @property
    def text(self) -> str:
        """The label as the reader sees it."""
        return f"{self.kind} {self.number}"

    @property
    def anchor(self) -> str:
        """The label as the target of a link or the name of a bookmark."""
        return f"{self.kind.lower()}_{self.number}"


def label(document: Document) -> Mapping[str, Label]:
    """Number tables and figures by first appearance; raise `DocumentError` with all that is wrong."""
    labels = _numbered(document)
    problems = [
        *_problems(document.blocks),
        *_heading_problems(document.blocks),
        *_dangling(document, labels),
    ]
    if problems:
        raise DocumentError("the report cannot be written:\n" + "\n".join(f"  - {it}" for it in problems))
    return labels


def contents(document: Document) -> tuple[tuple[Heading, str], ...]:
    """Return the headings in order, each with an anchor of its own made from its words."""
    used: Counter[str] = Counter()
    found = []
    for block in document.blocks:
        if isinstance(block, Heading):
            slug = "-".join(re.findall(r"[a-z0-9]+", markup.plain(block.text).lower())) or "section"
            used[slug] += 1
            found.append((block, f"s-{slug}" if used[slug] == 1 else f"s-{slug}--{used[slug]}"))
    return tuple(found)


def _numbered(document: Document) -> dict[str, Label]:
    labels: dict[str, Label] = {}
    seen: Counter[str] = Counter()
    for block in document.blocks:
        if isinstance(block, Table | Figure):
            kind: Literal["Table", "Figure"] = "Table" if isinstance(block, Table) else "Figure"
            seen[kind] += 1
            labels.setdefault(block.id, Label(kind, seen[kind]))
    return labels


def _problems(blocks: tuple[Block, ...]) -> Iterator[str]:
    for identifier, count in Counter(it.id for it in blocks if isinstance(it, Table | Figure)).items():
        if count > 1:
            yield f"the id '{identifier}' is given to {count} tables or figures; give each its own"
        if not _ID.match(identifier):
            yield f"the id '{identifier}' must start with a letter and hold letters, digits and . : _ - only"
    for block in blocks:
        match block:
            case Table():
                yield from _table_problems(block)
            case Figure():
                yield from _figure_problems(block)
            case Illustrated():
                yield from _figure_problems(block.figure)


def _heading_problems(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Headings go down one level at a time, so that readers who hear them do not miss one."""
    deepest = 1
    for block in blocks:
        if isinstance(block, Heading):
            title = markup.plain(block.text)
            if block.level not in {1, 2, 3}:
                yield f"the heading '{title}' has level {block.level}; levels are 1 to 3"
            elif block.level > deepest:
                yield f"the heading '{title}' has level {block.level}; at most level {deepest} can come here"
            deepest = block.level + 1


def _figure_problems(figure: Figure) -> Iterator[str]:
    if not figure.alt.strip():
        yield f"figure '{figure.id}' has no text for readers who cannot see it (alt)"
    if not 0 < figure.width <= 1:
        yield f"figure '{figure.id}' has width {figure.width}; it is a share of the text's width, up to 1"


def _table_problems(table: Table) -> Iterator[str]:
    if not table.body or not table.header:
        yield f"table '{table.id}' has no {'rows' if table.header else 'header'}"
    if any(width <= 0 for width in table.widths):
        yield f"table '{table.id}' has a column without width"
    for place, rows in (("header", table.header), ("body", table.body)):
        for number, row in enumerate(rows, start=1):
            if (filled := _filled(row)) != len(table.widths):
                yield (
                    f"table '{table.id}', {place} row {number}: its cells span {filled} columns, "
                    f"the table has {len(table.widths)}"
                )


def _filled(row: Row) -> int:
    return sum(cell.span for cell in row.cells) if all(cell.span > 0 for cell in row.cells) else 0


def _dangling(document: Document, labels: Mapping[str, Label]) -> Iterator[str]:
    for where, text in texts(document):
        for reference in markup.references(text):
            if reference not in labels:
                near = difflib.get_close_matches(reference, labels, n=1)
                hint = f" (did you mean [@{near[0]}]?)" if near else ""
                yield f"{where} refers to [@{reference}], and no table or figure has that id{hint}"


def texts(document: Document) -> Iterator[tuple[str, str]]:
    """Return every marked-up text of the document with a name for the place where it stands."""
    yield from (("the title", document.title), ("the subtitle", document.subtitle))
    yield from (("the footer", document.footer), ("the banner", document.banner or ""))
    yield from (("the author", document.author or ""), ("the date", document.date or ""))
    for block in document.blocks:
        for text in _block_texts(block):
            yield _name(block), text


def _name(block: Block) -> str:
    if isinstance(block, Table | Figure):
        return f"{type(block).__name__.lower()} '{block.id}'"
    first = next(iter(_block_texts(block)), "")
    return f"the {type(block).__name__.lower()} that starts '{markup.plain(first)[:40]}'"


def _block_texts(block: Block) -> Iterator[str]:
    match block:
        case Heading() | Paragraph() | Illustrated() | Notice():
            yield block.text
        case Bullets():
            yield from block.items
        case Details():
            yield block.summary
            yield from (text for row in block.rows for text in row)
        case Figure():
            yield from (block.title, block.note or "")
        case Table():
            yield from _table_texts(block)


def _table_texts(table: Table) -> Iterator[str]:
    yield from (table.title, table.general or "", *table.specific, table.probability or "")
    yield from (cell.text for row in (*table.header, *table.body) for cell in row.cells)
