"""Qualtrics CSV: one, two or three header rows, told apart by what is in them and never by counting.

`read_export` reads `platform: qualtrics` through here. The row of import ids also names the time zone;
the row of question text gives the labels, verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.delimited import assembled, headers
from pipeline.exports.export import WHOLE, Column, Export, Kind, Part, code_text
from pipeline.exports.multiple import joined_lists, settled, split
from pipeline.exports.recognise import (
    import_id_row,
    is_legacy,
    is_qualtrics,
    of_another_platform,
    of_headers,
    qualtrics_roles,
    response_id_place,
)
from pipeline.exports.spss import is_sav, read_sav_of
from pipeline.exports.table import read_table

_TIME_ZONE = re.compile(r"['\"]timeZone['\"]\s*:\s*['\"]([A-Za-z0-9_+/-]{1,64})['\"]")
_QUESTION = re.compile(r"\{['\"]ImportId['\"]\s*:\s*['\"]QID[0-9]+['\"]\}")
_CHOICE = re.compile(r"(?P<question>.+)_-?\d+")
_META = re.compile(
    r".*_(First Click|Last Click|Page Submit|Click Count)|.*_DO(_.*)?|Q_(RecaptchaScore|RelevantID\w*"
    r"|BallotBoxStuffing|TerminateFlag|TotalDuration|Duplicate\w*|URL|Language)|ResponseSet"
)
_MOMENTS = frozenset({"started", "ended", "recorded"})


@dataclass(frozen=True)
class _Header:
    rows: int
    text: Sequence[str]
    import_ids: Sequence[str]


def read_qualtrics(path: Path, part: Part = WHOLE) -> Export:
    """Read a Qualtrics CSV, TSV or .sav, coded by numbers or by choice text."""
    if is_sav(path):
        return read_sav_of("qualtrics", path, part)
    records = read_table(path, part)
    first = records.rows[:4]
    names = headers(first[0], path.name)
    if not is_qualtrics(first) and not qualtrics_roles(names):
        raise of_another_platform(path.name, "qualtrics", of_headers(first) or "csv")
    header = _header(first)
    columns = _columns(names, header, legacy=is_legacy(first))
    export = assembled(path, "qualtrics", records, header.rows, columns, part=part)
    ids = dict(zip(names, header.import_ids, strict=False))
    return _parted(settled(export, _choices(export, ids), unchosen=()), ids)


def _parted(export: Export, ids: Mapping[str, str]) -> Export:
    """Multi-select questions whose choices stand in one cell, joined by commas, as one column a choice.

    Only the import id tells such a cell from a text entry, in which 1,5 is a number.
    """
    for name, told in ids.items():
        found = export.columns.get(name)
        plain = _QUESTION.fullmatch(told.strip()) and found is not None and found.kind == "answer"
        if plain and _has_commas(export, name) and joined_lists(export.frame[name], ","):
            export = split(export, name, ",")
    return export


def _has_commas(export: Export, name: str) -> bool:
    return any("," in str(cell) for cell in export.frame.held[name].different(len(export.frame)))


def _choices(export: Export, ids: Mapping[str, str]) -> list[list[str]]:
    """Multi-select questions: columns of one question, each marked by 1 or by its own choice, or blank.

    Qualtrics leaves a choice that was not made blank, as it leaves a question that was never shown. An
    item of a matrix that everyone answered alike has no blank where the others have answers.
    """
    groups: dict[str, list[str]] = {}
    for name, column in export.columns.items():
        found = _CHOICE.fullmatch(name)
        if found and column.kind == "answer":
            groups.setdefault(found["question"], []).append(name)
    return [group for group in groups.values() if len(group) > 1 and _is_multiple(export, group, ids)]


def _is_multiple(export: Export, group: Sequence[str], ids: Mapping[str, str]) -> bool:
    marks = {name: {code_text(cell) for cell in export.frame.held[name].different(2)} for name in group}
    if any(len(seen) > 1 for seen in marks.values()) or not any(marks.values()):
        return False
    if all("choiceId" in ids.get(name, "") for name in group):
        return True
    own = [seen <= {"1"} or _ends_with(export.columns[name], seen) for name, seen in marks.items()]
    cells = export.frame.table(group)
    partly = cells.notna().any(axis="columns") & cells.isna().any(axis="columns")
    return all(own) and bool(partly.any())


def _ends_with(column: Column, marks: set[str]) -> bool:
    return all((column.label or "").rstrip().endswith(mark) for mark in marks)


def _header(rows: Sequence[Sequence[str]]) -> _Header:
    """Find the rows above the answers: names, then question text and import ids where they are."""
    ids = import_id_row(rows)
    if ids is not None:
        return _Header(ids + 1, rows[1] if ids > 1 else (), rows[ids])
    if is_legacy(rows) or _is_question_text(rows):
        return _Header(2, rows[1], ())
    return _Header(1, (), ())


def _is_question_text(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second row is question text: its response id is a title, not `R_...`."""
    place = response_id_place(rows[0])
    if place is None or len(rows) < 2 or place >= len(rows[1]):
        return False
    return re.sub(r"[^a-z]", "", rows[1][place].lower()) == "responseid"


def _columns(names: Sequence[str], header: _Header, *, legacy: bool) -> dict[str, Column]:
    roles = qualtrics_roles(names)
    if legacy:
        roles = {names[i]: role for i, role in enumerate(_legacy_roles(header.text[:10])) if role}
    columns = {}
    for position, name in enumerate(names):
        label = header.text[position] if position < len(header.text) else ""
        role = roles.get(name)
        zone = None
        if role in _MOMENTS and position < len(header.import_ids):
            found = _TIME_ZONE.search(header.import_ids[position])
            zone = found.group(1) if found else None
        kind: Kind = "meta" if role or _META.fullmatch(name) else "answer"
        if kind == "answer" and name.endswith("_TEXT"):
            kind = "other text"
        columns[name] = Column(name, label.strip() or None, kind, role=role, time_zone=zone)
    return columns


def _legacy_roles(titles: Sequence[str]) -> list[str | None]:
    roles = qualtrics_roles(titles)
    return [roles.get(title) for title in titles]
