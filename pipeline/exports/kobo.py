"""KoboToolbox and ODK: CSV with ; or , and workbooks whose repeat groups lie on sheets of their own.

`read_export` reads `platform: kobo` through here. The rows of a repeat sheet carry the columns of the form
they belong to, so that what is nested in the form (clients in a worker's form) can be linked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.containers import is_workbook, read_sheets
from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.export import WHOLE, Column, Export, ExportError, Kind, Part, code_text
from pipeline.exports.moments import with_iso_moments
from pipeline.exports.multiple import joined_lists, settled, split
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.rows import Rows
from pipeline.exports.table import read_table
from pipeline.exports.text import Records
from pipeline.exports.versions import told_versions

if TYPE_CHECKING:
    import pandas as pd

_META: Mapping[str, tuple[str | None, Kind]] = {
    "start": ("started", "meta"),
    "end": ("ended", "meta"),
    "_uuid": ("response_id", "meta"),
    "_submission_time": ("recorded", "meta"),
    "__version__": ("version", "meta"),
    "today": (None, "meta"),
    "_id": (None, "meta"),
    "_index": (None, "meta"),
    "_parent_index": (None, "meta"),
    "_parent_table_name": (None, "meta"),
    "_validation_status": (None, "meta"),
    "_status": (None, "meta"),
    "_notes": (None, "identifier"),
    "_tags": (None, "meta"),
    "_submitted_by": (None, "identifier"),
    "username": (None, "identifier"),
    "deviceid": (None, "identifier"),
    "subscriberid": (None, "identifier"),
    "simserial": (None, "identifier"),
    "phonenumber": (None, "identifier"),
    "device-id": (None, "identifier"),
    "meta/instanceid": ("response_id", "meta"),
    "key": (None, "meta"),
    "submissiondate": ("recorded", "meta"),
    "submittername": (None, "identifier"),
    "submitterid": (None, "identifier"),
}
_CHOICE = re.compile(r"[a-z0-9_.-]+")
MOST_CHOICES = 30
_GPS = re.compile(r".*_(latitude|longitude|altitude|precision)|.*geo(point|trace|shape).*", re.IGNORECASE)


def read_kobo(path: Path, part: Part = WHOLE) -> Export:
    """Read a Kobo or ODK export; `part.sheet` names a repeat group."""
    records = _with_parents(path, part.sheet) if is_workbook(path) and part.sheet else read_table(path, part)
    looks = of_headers(records.rows[:4])
    if looks != "kobo":
        raise of_another_platform(path.name, "kobo", looks or "csv")
    names, notes = told_apart(records.rows[0])
    known = {name: _column(name) for name in names}
    export = assembled(path, "kobo", renamed(records, names), 1, known, part=part, notes=notes)
    export = _with_choices(with_iso_moments(export))
    version = export.role("version")
    return export if version is None else told_versions(export, version.name)


def _column(name: str) -> Column:
    role, kind = _META.get(name.lower(), (None, "answer"))
    if kind == "answer" and _GPS.fullmatch(name):
        kind = "identifier"
    if kind == "answer" and name.endswith("_other"):
        kind = "other text"
    return Column(name, None, kind, role=role)


def _with_parents(path: Path, sheet: str) -> Records:
    """A repeat sheet with the columns of the rows that its rows belong to."""
    sheets = read_sheets(path)
    if sheet not in sheets:
        raise ExportError(path.name, f"there is no sheet '{sheet}'", f"there are: {', '.join(sheets)}")
    rows = sheets[sheet].rows
    names = rows[0] if rows else []
    if not {"_parent_index", "_parent_table_name"} <= set(names):
        return sheets[sheet]
    parent = rows[1][names.index("_parent_table_name")] if len(rows) > 1 else ""
    parent = parent if parent in sheets else next(iter(sheets))
    above = _with_parents(path, parent) if parent != sheet else sheets[parent]
    key = above.rows[0].index("_index") if "_index" in above.rows[0] else None
    if key is None:
        raise ExportError(path.name, f"the sheet '{parent}' has no column _index to link '{sheet}' by")
    by_index = {row[key]: row for row in above.rows[1:] if row}
    added = [i for i, name in enumerate(above.rows[0]) if name and name not in names]
    link = names.index("_parent_index")
    blank = [""] * len(above.rows[0])
    joined = [[*names, *(above.rows[0][i] for i in added)]]
    for row in rows[1:]:
        found = by_index.get(row[link], blank) if row else []
        joined.append([*row, *(found[i] for i in added)] if row else [])
    return replace(sheets[sheet], rows=Rows.of(joined))


def _with_choices(export: Export) -> Export:
    """Settle select_multiple questions: a column of joined choices and one of marks for each."""
    groups: dict[str, list[str]] = {}
    for name, column in export.columns.items():
        question, slash, _ = name.rpartition("/")
        if slash and column.kind == "answer" and question in export.columns:
            groups.setdefault(question, []).append(name)
    for question, group in groups.items():
        export, reached = _marked(export, question, group)
        export = settled(export, [group], reached={group[0]: reached})
        columns = {**export.columns, question: replace(export.columns[question], kind="multiple")}
        export = replace(export, columns=columns)
    for question, column in list(export.columns.items()):
        if column.kind == "answer" and question not in groups and _is_unsplit(export.frame[question]):
            export = split(export, question, " ")
    return export


def _marked(export: Export, question: str, group: Sequence[str]) -> tuple[Export, pd.Series]:
    """The marks of rows whose answer stands in the joined column alone, and the rows that saw the question.

    So it is where a version of the form let people choose one, before others let them choose several. What
    names no choice of the present form leaves the row missing.
    """
    import pandas as pd

    cells = export.frame[question]
    alone = cells.notna() & export.frame.table(group).isna().all(axis="columns")
    if not alone.any():
        return export, cells.notna()
    choices = {name.rpartition("/")[2]: name for name in group}
    chosen = {row: _chosen(code_text(cell), choices) for row, cell in cells[alone].items()}
    new = {
        name: pd.Series(
            [
                float(name in chosen[row]) if chosen.get(row) else cell
                for row, cell in export.frame[name].items()
            ],
            index=cells.index,
            dtype=object,
        )
        for name in group
    }
    unknown = cells.index.isin([row for row, names in chosen.items() if not names])
    return replace(export, frame=export.frame.having(new)), cells.notna() & ~unknown


def _chosen(cell: str, choices: Mapping[str, str]) -> frozenset[str]:
    """The columns of the choices that a cell names; none where it names anything else."""
    told = [cell.strip()] if cell.strip() in choices else cell.split()
    return frozenset(choices[name] for name in told) if set(told) <= set(choices) else frozenset()


def _is_unsplit(cells: pd.Series) -> bool:
    """Whether a column holds a select_multiple that was not split: names of choices joined by spaces.

    Choices have XML names in these forms, without spaces; words of an open answer rarely all recur.
    """
    if cells.dtype != object or not joined_lists(cells, " "):
        return False
    names = {name for cell in cells.dropna() for name in str(cell).split()}
    once = all(len(set(row)) == len(row) for row in (str(cell).split() for cell in cells.dropna()))
    return once and len(names) <= MOST_CHOICES and all(map(_CHOICE.fullmatch, names))
