"""Numbers beyond what they can properly be: marked in their cell, explained below the table.

Tables whose statistics come from a factor or path model print through `marked`. The value stays as it was
estimated: results.json and the table agree, and the mark says how to take it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.reporting import numbers
from pipeline.reporting.values import Row

LEAST = 1e-6
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


def below_zero(values: Iterable[float | None]) -> str | None:
    """What an intraclass correlation or its limit below zero is, where there is one."""
    return BELOW_ZERO if any(value is not None and value < 0 for value in values) else None
