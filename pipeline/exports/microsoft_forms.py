"""Microsoft Forms XLSX (or the same sheet as CSV): ID, start and completion time, then whole questions.

`read_export` reads `platform: microsoft_forms` through here. Points and feedback of a quiz are set apart;
multi-select answers end in a semicolon and are split.
"""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.export import WHOLE, Column, Export, Kind, Part
from pipeline.exports.moments import with_iso_moments
from pipeline.exports.multiple import split
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.table import read_table

_META: dict[str, tuple[str | None, Kind]] = {
    "id": ("response_id", "meta"),
    "start time": ("started", "meta"),
    "completion time": ("ended", "meta"),
    "last modified time": ("recorded", "meta"),
    "language": ("language", "meta"),
    "email": (None, "identifier"),
    "name": (None, "identifier"),
    "total points": (None, "meta"),
    "quiz feedback": (None, "meta"),
    "grade posted time": (None, "meta"),
}
_QUIZ = re.compile(r"(Points|Feedback) - .*", re.DOTALL)


def read_microsoft_forms(path: Path, part: Part = WHOLE) -> Export:
    """Read the workbook that Microsoft Forms gives."""
    records = read_table(path, part)
    names, notes = told_apart(records.rows[0])
    if not {"start time", "completion time"} <= {name.lower() for name in names}:
        raise of_another_platform(path.name, "microsoft_forms", of_headers(records.rows[:4]) or "csv")
    known = {name: _column(name) for name in names}
    export = assembled(path, "microsoft_forms", renamed(records, names), 1, known, part=part, notes=notes)
    export = with_iso_moments(export, "month first")
    for name, column in list(export.columns.items()):
        if column.kind == "answer" and _is_list(export, name):
            export = split(export, name, ";")
    return export


def _column(name: str) -> Column:
    role, kind = _META.get(name.lower(), (None, "answer"))
    return Column(name, name, "meta" if _QUIZ.fullmatch(name) else kind, role=role)


def _is_list(export: Export, name: str) -> bool:
    cells = export.frame[name]
    texts = [str(cell).rstrip() for cell in cells.dropna()]
    return cells.dtype == object and bool(texts) and all(text.endswith(";") for text in texts)
