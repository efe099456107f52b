"""SurveyMonkey CSV and XLSX, condensed or expanded: two header rows, the question and what it is about.

`read_export` reads `platform: surveymonkey` through here. A question's cell stands over its first column
only and is carried to the right. A single-choice question that the expanded format spreads over its
choices becomes one column again; multi-select keeps one column a choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.export import WHOLE, Column, Export, Kind, Part, code_text
from pipeline.exports.moments import with_iso_moments
from pipeline.exports.multiple import settled
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.table import read_table
from pipeline.exports.text import Records

_META: Mapping[str, tuple[str | None, Kind]] = {
    "respondent id": ("response_id", "meta"),
    "collector id": ("channel", "meta"),
    "start date": ("started", "meta"),
    "end date": ("ended", "meta"),
    "date created": ("started", "meta"),
    "date modified": ("ended", "meta"),
    "ip address": (None, "identifier"),
    "email address": (None, "identifier"),
    "first name": (None, "identifier"),
    "last name": (None, "identifier"),
}
_PLAIN = frozenset({"", "response", "open-ended response"})


def read_surveymonkey(path: Path, part: Part = WHOLE) -> Export:
    """Read a SurveyMonkey export with its two header rows."""
    records = read_table(path, part)
    if of_headers(records.rows[:4]) != "surveymonkey":
        looks = of_headers(records.rows[:4]) or "csv"
        raise of_another_platform(path.name, "surveymonkey", looks)
    rows = 2 if _has_second_header(records) else 1
    questions, about = _headings(records, rows)
    names, notes = told_apart(
        [q if a.lower() in _PLAIN else f"{q} [{a}]" for q, a in zip(questions, about, strict=True)]
    )
    known = {
        name: _column(name, question, detail)
        for name, question, detail in zip(names, questions, about, strict=True)
    }
    export = assembled(path, "surveymonkey", renamed(records, names), rows, known, part=part, notes=notes)
    details = dict(zip(names, zip(questions, about, strict=True), strict=True))
    return _with_choices(with_iso_moments(export, "month first"), details)


def _has_second_header(records: Records) -> bool:
    """Whether the second row holds no answers: the respondent's id is blank there."""
    return len(records.rows) > 1 and not "".join(records.rows[1][:2]).strip()


def _headings(records: Records, rows: int) -> tuple[list[str], list[str]]:
    """Question and detail of every column, the question carried over the blank cells to its right."""
    width = len(records.rows[0])
    second = (records.rows[1] if rows == 2 else [""] * width) + [""] * width
    questions: list[str] = []
    for cell in records.rows[0]:
        text = " ".join(cell.split())
        questions.append(text or (questions[-1] if questions else ""))
    cells = (records.rows.column(i) for i in range(width))
    blank = [not any(cell.strip() for block in column for cell in set(block)) for column in cells]
    questions = ["" if empty else question for question, empty in zip(questions, blank, strict=True)]
    return questions, [" ".join(cell.split()) for cell in second[:width]]


def _column(name: str, question: str, about: str) -> Column:
    role, kind = _META.get(question.lower(), (None, "answer"))
    if about.lower().startswith(("other (please specify", "other, please specify")):
        kind = "other text"
    if question.lower().startswith("custom data"):
        kind = "meta"
    label = question if about.lower() in _PLAIN else f"{question} - {about}"
    return Column(name, label, kind, role=role)


def _with_choices(export: Export, details: Mapping[str, tuple[str, str]]) -> Export:
    for group in _groups(export, details):
        chosen = export.frame.table(group).notna().sum(axis="columns")
        if int(chosen.max()) > 1:
            export = settled(export, [group], unchosen=())
        else:
            export = _one_column(export, group, details)
    return export


def _groups(export: Export, details: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    """The columns of each question whose every column holds one mark only: that of its own choice."""
    found: dict[str, list[str]] = {}
    for name, column in export.columns.items():
        question, about = details.get(name, ("", ""))
        if column.kind == "answer" and about.lower() not in _PLAIN:
            found.setdefault(question, []).append(name)
    groups = [group for group in found.values() if len(group) > 1]
    return [group for group in groups if _is_marked(export, group, details)]


def _is_marked(export: Export, group: Sequence[str], details: Mapping[str, tuple[str, str]]) -> bool:
    marks = [[code_text(cell) for cell in export.frame.held[name].different(2)] for name in group]
    if any(len(seen) > 1 for seen in marks) or not any(marks):
        return False
    named = [seen[0] == details[name][1] for name, seen in zip(group, marks, strict=True) if seen]
    numbered = Counter(seen[0] for seen in marks if seen)
    blanks = bool(export.frame.table(group).isna().to_numpy().any())
    in_order = [seen[0] == str(i) for i, seen in enumerate(marks, 1) if seen]
    return all(named) or (blanks and max(numbered.values()) == 1 and all(in_order))


def _one_column(export: Export, group: Sequence[str], details: Mapping[str, tuple[str, str]]) -> Export:
    """A single-choice question that was spread over its choices, as one column."""
    question = details[group[0]][0]
    name = question if question not in export.columns else group[0]
    values = export.frame[group[0]].astype(object)
    for other in group[1:]:
        values = values.where(values.notna(), export.frame[other])
    values = values.where(values.notna(), None)
    if all(isinstance(value, float) for value in values.dropna()):
        values = values.astype("float64")
    left = [known for known in export.frame.columns if known not in group[1:]]
    held = export.frame.having({group[0]: values}).held
    frame = replace(export.frame, held={name if known == group[0] else known: held[known] for known in left})
    labels: dict[float | str, str] = (
        {float(i): details[choice][1] for i, choice in enumerate(group, 1)}
        if values.dtype == "float64"
        else {}
    )
    columns = {
        known if known != group[0] else name: Column(name, question, value_labels=labels)
        if known == group[0]
        else column
        for known, column in export.columns.items()
        if known == group[0] or known not in group
    }
    counts = {known: found for known, found in export.missing_counts.items() if known not in group}
    return replace(export, frame=frame, columns=columns, missing_counts=counts)
