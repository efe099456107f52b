"""What the tables share: cells, header rows with spanners, group rows, notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.reporting import numbers
from pipeline.reporting.values import Cell, Row, Table

PROBABILITY = r"\**p* < .05. \*\**p* < .01. \*\*\**p* < .001."


def stub(text: str, indent: int = 0) -> Cell:
    """A cell of words."""
    return Cell(text, align="left", indent=indent)


def figure(text: str) -> Cell:
    """A cell with a number, an interval or a dash."""
    return Cell(text, align="decimal")


def count(value: float | None) -> Cell:
    """A cell with a whole number."""
    return figure(numbers.count(value))


def row(first: str, *cells: Cell | str, indent: int = 0) -> Row:
    """A row: its stub, then numbers as printed."""
    rest = tuple(cell if isinstance(cell, Cell) else figure(cell) for cell in cells)
    return Row((stub(first, indent), *rest))


def group(text: str, columns: int) -> Row:
    """A row that heads those below it."""
    return Row((Cell(text, span=columns, align="left", bold=True),), group=True)


def header(first: str, *names: str) -> Row:
    """The row of column headings."""
    return Row((Cell(first, align="left"), *(Cell(name, align="center") for name in names)))


def spanners(lead: int, *spans: tuple[str, int]) -> Row:
    """Headings over several columns; an empty one leaves the columns below it free."""
    heads = (Cell(text, span=n, align="center", rule_below=bool(text)) for text, n in spans)
    return Row((Cell("", span=lead, align="left"), *heads))


def numbered(names: Sequence[str]) -> list[str]:
    """Names with their numbers, for the rows of a matrix."""
    return [f"{i}. {name}" for i, name in enumerate(names, start=1)]


def sentences(*parts: str | None) -> str:
    """Notes joined; what is empty is left out."""
    return " ".join(part for part in parts if part)


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence: `a, b, and c`."""
    found = list(words)
    if len(found) < 3:
        return f" {last} ".join(found)
    return f"{', '.join(found[:-1])}, {last} {found[-1]}"


def drop_empty_columns(table: Table) -> Table:
    """Take out columns that hold nothing but dashes; spans above them shrink."""
    width = len(table.widths)
    kept = [i for i in range(width) if i == 0 or not _is_empty(table, i)]
    if len(kept) == width:
        return table
    widths = tuple(table.widths[i] for i in kept)
    headers = [_narrowed(r, set(kept)) for r in table.header]
    return replace(
        table,
        header=tuple(r for r in headers if any(cell.text for cell in r.cells)),
        body=tuple(_narrowed(r, set(kept)) for r in table.body),
        widths=widths,
    )


def _is_empty(table: Table, column: int) -> bool:
    placed = (pair for r in table.body for pair in _placed(r))
    found = {cell.text for start, cell in placed if start == column and cell.span == 1}
    return found <= {numbers.MISSING, ""}


def _placed(r: Row) -> Iterable[tuple[int, Cell]]:
    start = 0
    for cell in r.cells:
        yield start, cell
        start += cell.span


def _narrowed(r: Row, kept: set[int]) -> Row:
    cells = []
    for start, cell in _placed(r):
        span = len(kept & set(range(start, start + cell.span)))
        if span:
            cells.append(replace(cell, span=span))
    return Row(tuple(cells), r.group)
