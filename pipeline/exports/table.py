"""The rows of a table, whether they lie in a delimited file or on a sheet of a workbook.

The readers of platforms that export both call this.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.exports.containers import is_workbook, read_sheet
from pipeline.exports.delimited import plain_table
from pipeline.exports.export import WHOLE, Export, ExportError, Part
from pipeline.exports.text import Records, read_records


def read_table(path: Path, part: Part = WHOLE) -> Records:
    """The records of a delimited file, or of the sheet that the part names."""
    if is_workbook(path):
        return read_sheet(path, part.sheet)
    if part.sheet is not None:
        raise ExportError(path.name, "`sheet` is for workbooks, and this is a text file", "leave it out")
    return read_records(path)


def read_xlsx(path: Path, part: Part = WHOLE) -> Export:
    """Read a plain worksheet with one header row."""
    return plain_table(path, "xlsx", read_sheet(path, part.sheet), part)
