"""Numbers beyond what they can properly be: marked in their cell, explained below the table.

Tables whose statistics come from a factor or path model print through `marked`. The value stays as it was
estimated: results.json and the table agree, and the mark says how to take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.reporting import numbers
from pipeline.reporting.values import Row, Table

LEAST = 1e-6
_LETTER = re.compile(r"\^([a-z])\^")
CAUSES = (
    "Few rows or clusters, or little variance between clusters, are the common causes; a wrong model is "
    "another (Kolenikov & Bollen, 2012)."
)
IMPROPER = (
    "Beyond what such a number can properly be: the solution is improper, with a variance below zero (a "
    f"Heywood case) or a correlation above 1. {CAUSES} It must not be interpreted, nor what rests on it."
)
BELOW_ZERO = (
    "An intraclass correlation is estimated below zero where clusters differ less than chance would have it; "
    "read it as zero. The lower limit of ICC(2) has no bound."
)


def beyond(value: float | None, limit: float = 1.0) -> bool:
    """Whether a value lies further from zero than it properly can."""
    return value is not None and abs(value) > limit + LEAST


def marked(value: float | None, letter: str, decimals: int = 2) -> str:
    """A statistic that cannot properly pass 1, with a raised letter where it does."""
    return f"{numbers.bounded(value, decimals)}{f'^{letter}^' if beyond(value) else ''}"


def note(rows: Sequence[Row], letter: str, text: str = IMPROPER) -> tuple[str, ...]:
    """The note on a letter, where some cell bears it."""
    mark = f"^{letter}^"
    return (f"{mark} {text}",) if any(mark in cell.text for one in rows for cell in one.cells) else ()


def in_order(table: Table) -> Table:
    """Let the letters of the notes run a, b, c, where a table does without some of its notes."""
    letters = [note[1] for note in table.specific if _LETTER.match(note)]
    new = dict(zip(sorted(set(letters)), "abcdefghijklmnopqrstuvwxyz", strict=False))
    if all(old == letter for old, letter in new.items()):
        return table

    def renamed(text: str) -> str:
        return _LETTER.sub(lambda mark: f"^{new.get(mark[1], mark[1])}^", text)

    def relettered(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(
            replace(one, cells=tuple(replace(cell, text=renamed(cell.text)) for cell in one.cells))
            for one in rows
        )

    notes = tuple(renamed(note) for note in table.specific)
    return replace(table, header=relettered(table.header), body=relettered(table.body), specific=notes)


def below_zero(values: Iterable[float | None]) -> str | None:
    """What an intraclass correlation or its limit below zero is, where there is one."""
    return BELOW_ZERO if any(value is not None and value < 0 for value in values) else None
