"""What a report is made of, before it is a page, a Word file or a PDF.

`stages/report` builds one `Document` from results.json; each writer renders it. Nothing here knows a
format, a file or a study. Text fields hold the markup of `reporting/markup.py` (`*italic*`, `**bold**`,
`^sup^`, `[@id]` for a live reference to a table or figure); anything that came from a user has passed
`markup.literal` first. What no writer could set right (an unknown reference, spans that do not fill the
grid) is refused by `numbering.label`, which every writer calls first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "center", "right", "decimal"]


@dataclass(frozen=True)
class Cell:
    """One cell: marked-up text, how many grid columns it spans, how it is set."""

    text: str
    span: int = 1
    align: Align = "decimal"
    bold: bool = False
    italic: bool = False
    indent: int = 0
    rule_below: bool = False


@dataclass(frozen=True)
class Row:
    """One row; the spans of its cells add up to the table's columns. A group row heads those below it."""

    cells: tuple[Cell, ...]
    group: bool = False


@dataclass(frozen=True)
class Table:
    """An APA 7 table. `widths` are relative, one a grid column; the first column is the stub.

    `how` says how it was made; the page folds it under the table, paper leaves it out.
    """

    id: str
    title: str
    header: tuple[Row, ...]
    body: tuple[Row, ...]
    widths: tuple[float, ...]
    general: str | None = None
    specific: tuple[str, ...] = ()
    probability: str | None = None
    alt: str = ""
    how: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Figure:
    """A numbered picture: `svg`, our own scoped drawing, goes into the page; `png` into Word and PDF."""

    id: str
    title: str
    alt: str
    png: bytes
    svg: str | None = None
    width: float = 1.0
    note: str | None = None


@dataclass(frozen=True)
class Heading:
    """A section heading, level 1 to 3."""

    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """Running text; an entry of a reference list hangs, with its first line further out.

    What is `compact` belongs to a page that is read at a glance: Word sets it single-spaced, as findings.
    """

    text: str
    hanging: bool = False
    compact: bool = False


@dataclass(frozen=True)
class Illustrated:
    """Running text with a small picture beside it, which has no number: it shows what the text says."""

    text: str
    figure: Figure


@dataclass(frozen=True)
class Bullets:
    """A list of short points, numbered where their order matters."""

    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Notice:
    """A boxed statement that must not be missed: synthetic data, a warning, what was withheld."""

    text: str
    kind: Literal["info", "warning"] = "info"


@dataclass(frozen=True)
class Details:
    """How a result was made (options, formula, stage, input hash, seed); folded away on the page."""

    summary: str
    rows: tuple[tuple[str, str], ...]


Block = Heading | Paragraph | Illustrated | Bullets | Notice | Details | Table | Figure


@dataclass(frozen=True)
class Document:
    """A whole report: title matter, blocks in order, footer with versions."""

    title: str
    subtitle: str
    author: str | None
    date: str | None
    blocks: tuple[Block, ...]
    footer: str
    language: str = "en"
    banner: str | None = None
