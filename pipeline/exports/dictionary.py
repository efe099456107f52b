"""A REDCap data dictionary: what each field asks, its choices, its form, and which fields identify people.

`redcap` reads it beside the export that a study names it for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.export import ExportError
from pipeline.exports.text import read_records

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("variable / field name", "field_name"),
    "form": ("form name", "form_name"),
    "type": ("field type", "field_type"),
    "label": ("field label", "field_label"),
    "choices": ("choices, calculations, or slider labels", "select_choices_or_calculations"),
    "validation": (
        "text validation type or show slider number",
        "text_validation_type_or_show_slider_number",
    ),
    "identifier": ("identifier?", "identifier"),
    "branching": ("branching logic (show field only if...)", "branching_logic"),
}
_CONDITION = re.compile(r"\[(?P<field>\w+)(?:\((?P<code>[\w-]+)\))?\]\s*=\s*['\"](?P<value>[^'\"]*)['\"]")


@dataclass(frozen=True)
class Condition:
    """A column and the value that it must hold for a field to have been shown."""

    column: str
    value: str


@dataclass(frozen=True)
class Field:
    """One field of a project.

    `decimal_comma` says that its numbers are written as 1,5. `shown_if` is the condition on which it is
    shown; `undecided` says that there is one, but more than an equality.
    """

    name: str
    form: str
    type: str
    label: str
    choices: Mapping[str, str]
    identifies: bool
    shown_if: Condition | None
    undecided: bool
    decimal_comma: bool = False


def read_dictionary(path: Path) -> dict[str, Field]:
    """Field name -> field, in the order of the project."""
    if not path.is_file():
        raise ExportError(path.name, "there is no such data dictionary")
    records = read_records(path)
    header = [" ".join(cell.lower().split()) for cell in records.rows[0]]
    place = {
        key: next((header.index(name) for name in names if name in header), None)
        for key, names in _COLUMNS.items()
    }
    lacking = [key for key in ("name", "form", "type", "label") if place[key] is None]
    if lacking:
        message = f"this is no REDCap data dictionary: no column for {', '.join(lacking)}"
        raise ExportError(path.name, message, "in REDCap: Data Dictionary, Download the current one")
    fields = [_field(row, place) for row in records.rows[1:] if row]
    return {field.name: field for field in fields if field.name}


def choices_of(text: str) -> dict[str, str]:
    """Code -> label of `1, one | 2, two`."""
    pairs = [part.partition(",") for part in text.split("|")]
    return {code.strip(): label.strip() for code, comma, label in pairs if comma and code.strip()}


def checkbox_column(field: str, code: str) -> str:
    """The column of one choice of a checkbox, as REDCap spells it."""
    return f"{field}___{code.lower().replace('-', '_')}"


def _field(row: list[str], place: Mapping[str, int | None]) -> Field:
    def cell(key: str) -> str:
        i = place[key]
        return row[i].strip() if i is not None and i < len(row) else ""

    kind = cell("type").lower()
    choices = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}.get(kind)
    if choices is None:
        choices = choices_of(cell("choices")) if kind in {"radio", "dropdown", "checkbox"} else {}
    identifies = cell("identifier").lower() == "y" or cell("validation").lower() in {"email", "phone"}
    label = " ".join(re.sub(r"<[^>]*>", " ", cell("label")).split())
    branching = cell("branching")
    shown_if = _condition(branching)
    undecided = bool(branching) and shown_if is None
    comma = cell("validation").lower().endswith("comma_decimal")
    return Field(cell("name"), cell("form"), kind, label, choices, identifies, shown_if, undecided, comma)


def _condition(text: str) -> Condition | None:
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        return None
    column = found["field"] if found["code"] is None else checkbox_column(found["field"], found["code"])
    return Condition(column, found["value"])
