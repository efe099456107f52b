"""A report for paper: what the page folds away under each result stands together at the end.

`word` and `pdf` call it; the page keeps the details where they are, closed until a reader asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipeline.reporting.values import Block, Details, Document, Figure, Heading, Table

HOW = "Appendix: How the Results Were Made"


def on_paper(document: Document) -> Document:
    """Return the document with its details in an appendix, each under the tables and figures it tells of."""
    flowing = tuple(block for block in document.blocks if not isinstance(block, Details))
    told = tuple(_told(document.blocks))
    return replace(document, blocks=(*flowing, Heading(HOW, 1), *told)) if told else document


def _told(blocks: tuple[Block, ...]) -> Iterator[Details]:
    """Yield the details; each names what stands between it and the details or heading before it."""
    shown: list[str] = []
    for block in blocks:
        match block:
            case Details():
                yield replace(block, summary=_span(shown) or block.summary)
                shown = []
            case Table() | Figure():
                shown.append(block.id)
            case Heading():
                shown = []


def _span(shown: list[str]) -> str:
    """Return references to the first and the last of them."""
    ends = dict.fromkeys((shown[0], shown[-1])) if shown else {}
    return " to ".join(f"[@{name}]" for name in ends)
