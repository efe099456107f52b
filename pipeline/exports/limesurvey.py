"""LimeSurvey CSV and XLSX: question codes, abbreviated or full question text as headings.

`read_export` reads `platform: limesurvey` through here. Repeated headings are numbered, a submission date
of 1980 means that none was kept, and a "No" in a question that was never reached is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.export import WHOLE, Column, Export, ExportError, Kind, Part
from pipeline.exports.moments import with_iso_moments
from pipeline.exports.multiple import settled
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.table import read_table

if TYPE_CHECKING:
    import pandas as pd

_META: Mapping[str, tuple[str | None, Kind]] = {
    "id": ("response_id", "meta"),
    "response id": ("response_id", "meta"),
    "submitdate": ("ended", "meta"),
    "date submitted": ("ended", "meta"),
    "completed": ("ended", "meta"),
    "lastpage": ("progress", "meta"),
    "last page": ("progress", "meta"),
    "last page seen": ("progress", "meta"),
    "startlanguage": ("language", "meta"),
    "start language": ("language", "meta"),
    "startdate": ("started", "meta"),
    "date started": ("started", "meta"),
    "datestamp": ("recorded", "meta"),
    "date last action": ("recorded", "meta"),
    "interviewtime": ("seconds", "meta"),
    "total time": ("seconds", "meta"),
    "seed": (None, "meta"),
    "token": (None, "identifier"),
    "access code": (None, "identifier"),
    "ipaddr": (None, "identifier"),
    "ip address": (None, "identifier"),
    "refurl": (None, "identifier"),
    "referrer url": (None, "identifier"),
}
_TIMING = re.compile(r"(groupTime\d+|.+Time|Group time: .*|Question time: .*)")
_CHOICE = re.compile(r"(?P<stem>.*?)\s*\[(?P<choice>[^\[\]]*)\]")
_OLD_CHOICE = re.compile(r"(?P<stem>[0-9]+X[0-9]+X[0-9]+)SQ[0-9]+")
_OTHER = re.compile(r".*\[(other|-oth-)\]|.*\[.*comment\]|.* - comment", re.IGNORECASE)
_UNDATED = "1980-01-01"


def read_limesurvey(path: Path, part: Part = WHOLE) -> Export:
    """Read a LimeSurvey export with any kind of heading and long or short answers."""
    records = read_table(path, part)
    looks = of_headers(records.rows[:4])
    names, notes = told_apart(records.rows[0])
    known = {name: _column(name) for name in names}
    if looks != "limesurvey" and sum(column.role is not None for column in known.values()) < 2:
        raise of_another_platform(path.name, "limesurvey", looks or "csv")
    if not any(names):
        raise ExportError(path.name, "the first row holds no column names")
    export = assembled(path, "limesurvey", renamed(records, names), 1, known, part=part, notes=notes)
    return _with_choices(_without_false_dates(with_iso_moments(export)))


def _column(name: str) -> Column:
    role, kind = _META.get(name.lower(), (None, "answer"))
    if kind == "answer" and _TIMING.fullmatch(name):
        kind = "meta"
    if kind == "answer" and _OTHER.fullmatch(name):
        kind = "other text"
    return Column(name, name, kind, role=role)


def _without_false_dates(export: Export) -> Export:
    """LimeSurvey writes 1980-01-01 where it was told to keep no dates: that is no moment."""
    ended = export.role("ended")
    if ended is None or not export.frame.is_text(ended.name):
        return export
    false = export.frame[ended.name].map(lambda cell: isinstance(cell, str) and cell.startswith(_UNDATED))
    n = int(false.sum())
    if not n:
        return export
    moments = export.frame[ended.name].mask(false.astype(bool), None).astype(object)
    note = f"'{ended.name}': {n} moments of 1980-01-01, which stands for a submission without a date"
    return replace(
        export,
        frame=export.frame.having({ended.name: moments.where(moments.notna(), None)}),
        provenance=replace(export.provenance, notes=(*export.provenance.notes, note)),
    )


def _with_choices(export: Export) -> Export:
    """Settle multi-select questions; where Yes and No could be a table of questions, say so instead."""
    short, long = list[Sequence[str]](), list[Sequence[str]]()
    for group in _groups(export).values():
        seen = {str(cell) for name in group for cell in export.frame[name].dropna().unique()}
        if seen == {"Y"} or (seen == {"1.0"} and _partly(export.frame.table(group))):
            short.append(group)
        elif seen and seen <= {"Yes", "No", "N/A"} and "No" in seen:
            long.append(group)
    unreached = _nothing_else(export, [name for group in long for name in group])
    proven = [group for group in long if (unreached & _all_no(export.frame.table(group))).any()]
    doubtful = [group[0] for group in long if group not in proven]
    export = settled(export, [*short, *proven])
    if not doubtful:
        return export
    note = (
        f"{len(doubtful)} questions with Yes and No in every column could be multi-select, where a question "
        "that was never reached prints No; export answer codes to tell them apart: " + ", ".join(doubtful[:5])
    )
    return replace(export, provenance=replace(export.provenance, notes=(*export.provenance.notes, note)))


def _partly(frame: pd.DataFrame) -> bool:
    """Whether some row marks one choice and leaves another blank: Y that the export turned to 1."""
    return bool((frame.notna().any(axis="columns") & frame.isna().any(axis="columns")).any())


def _groups(export: Export) -> dict[str, list[str]]:
    """Question -> its columns of choices, for questions with more than one."""
    groups: dict[str, list[str]] = {}
    for name, column in export.columns.items():
        found = _CHOICE.fullmatch(name) or _OLD_CHOICE.fullmatch(name)
        if found and column.kind == "answer":
            groups.setdefault(found["stem"], []).append(name)
    return {stem: group for stem, group in groups.items() if len(group) > 1}


def _nothing_else(export: Export, apart: Iterable[str]) -> pd.Series:
    """Rows in which nothing but these columns holds an answer: their questions were never reached."""
    left = set(apart)
    answers = [
        name for name, column in export.columns.items() if column.kind == "answer" and name not in left
    ]
    return export.frame.table(answers).replace("N/A", None).isna().all(axis="columns")


def _all_no(frame: pd.DataFrame) -> pd.Series:
    return frame.isin(["No"]).all(axis="columns")
