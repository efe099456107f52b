"""A table as CSV: plain text, numbers that a spreadsheet can read, and no cell that it would run."""

from __future__ import annotations

import csv
import io
import re

from pipeline.reporting import markup
from pipeline.reporting.values import Row, Table

NUMBER = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?\Z")
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(table: Table) -> str:
    """Header rows, then the body; a cell over several columns stands in the first of them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(_plain(row) for row in (*table.header, *table.body))
    return out.getvalue()


def _plain(row: Row) -> list[str]:
    cells: list[str] = []
    for cell in row.cells:
        cells += [_safe(markup.plain(cell.text)), *[""] * (cell.span - 1)]
    return cells


def _safe(text: str) -> str:
    """Numbers get an ASCII minus and lose their separators; what a spreadsheet would run is quoted."""
    ascii_minus = text.replace("−", "-")
    if text and NUMBER.match(ascii_minus):
        return ascii_minus.replace(",", "")
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text
