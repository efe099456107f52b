"""REDCap CSV, raw or with labels: events, repeating instruments, checkboxes, data access groups.

`read_export` reads `platform: redcap` through here. A file that mixes kinds of rows says so in `parts`; the
rows of one part take what stands once for the whole record (the county of a patient, beside the patient's
visits) from the record's other rows. A data dictionary gives labels, choices and identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.dictionary import Field, checkbox_column, read_dictionary
from pipeline.exports.export import WHOLE, Column, Export, Kind, Part, code_text, mark_missing
from pipeline.exports.multiple import settled
from pipeline.exports.parts import not_of_part
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.rows import Rows
from pipeline.exports.table import read_table
from pipeline.exports.text import Records

if TYPE_CHECKING:
    import pandas as pd

_OWN = {
    "redcap_event_name": "event name",
    "redcap_repeat_instrument": "repeat instrument",
    "redcap_repeat_instance": "repeat instance",
    "redcap_data_access_group": "data access group",
    "redcap_survey_identifier": "survey identifier",
}
_PARTS = ("redcap_event_name", "redcap_repeat_instrument")
_LABELLED = re.compile(r"(?P<label>.*) \(choice=(?P<choice>.*)\)")
_COMMA = re.compile(r"[+-]?[0-9]+(,[0-9]+)?")
_UNFINISHED = "[not completed]"


def read_redcap(path: Path, part: Part = WHOLE) -> Export:
    """Read a REDCap export; `part.rows` selects an event or a repeating instrument."""
    records = read_table(path, part)
    looks = of_headers(records.rows[:4])
    fields = read_dictionary(part.dictionary) if part.dictionary is not None else {}
    names, notes = told_apart(_named(records.rows[0], fields))
    if looks != "redcap" and not set(names) & set(_OWN) and not _has_forms(names) and not fields:
        raise of_another_platform(path.name, "redcap", looks or "csv")
    records = renamed(records, names)
    parts = _parts(records, names)
    records, inherited = _inherited(records, names, part, path.name)
    known = {name: _column(name, fields) for name in names}
    export = assembled(path, "redcap", records, 1, known, part=part, notes=(*notes, *inherited))
    export = mark_missing(export, {name: (_UNFINISHED,) for name in names if name.endswith("_timestamp")})
    export = replace(export, parts=parts if len(parts) > 1 else ())
    return _with_roles(_with_checkboxes(_with_decimals(export, fields), fields))


def _named(header: Sequence[str], fields: Mapping[str, Field]) -> list[str]:
    """Field names for the columns; labels are matched with the dictionary in its order."""
    own = {label: name for name, label in _OWN.items()}
    waiting = [(spelled, name) for field in fields.values() for spelled, name in _spellings(field)]
    named: list[str] = []
    for cell in (" ".join(cell.replace("\ufeff", "").split()) for cell in header):
        name = own.get(cell.lower(), cell)
        match = next((i for i, (spelled, _) in enumerate(waiting) if spelled == cell), None)
        if name == cell and match is not None and cell not in fields:
            name = waiting.pop(match)[1]
        named.append(name)
    return named


def _spellings(field: Field) -> list[tuple[str, str]]:
    if field.type != "checkbox":
        return [(field.label, field.name)]
    return [
        (f"{field.label} (choice={label})", checkbox_column(field.name, code))
        for code, label in field.choices.items()
    ]


def _has_forms(names: Sequence[str]) -> bool:
    return any(name.endswith("_complete") or name == "Complete?" for name in names)


def _parts(records: Records, names: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """The kinds of rows that the file mixes, by event and repeating instrument."""
    places = {name: names.index(name) for name in _PARTS if name in names}
    if not places:
        return ()
    cells = [[cell for block in records.rows.column(i, 1) for cell in block] for i in places.values()]
    found = dict.fromkeys(
        tuple(cell.strip() for cell in row)
        for i, row in enumerate(zip(*cells, strict=True), 1)
        if i not in records.rows.blank
    )
    return tuple(dict(zip(places, values, strict=True)) for values in found)


def _inherited(
    records: Records, names: Sequence[str], part: Part, file: str
) -> tuple[Records, tuple[str, ...]]:
    """The rows of the part with what stands once for the record on its other rows."""
    elsewhere = not_of_part(records.rows, 1, names, part.rows, file)
    if not elsewhere:
        return records, ()
    body = records.rows[1:]
    mine = [i for i, row in enumerate(body) if any(row) and i not in elsewhere]
    own = {names.index(name) for name in _OWN if name in names}
    empty = [
        place
        for place in range(1, len(names))
        if place not in own and not any(_cell(body[i], place) for i in mine)
    ]
    seen: dict[tuple[str, int], set[str]] = {}
    for i in elsewhere:
        for place in empty:
            if _cell(body[i], place):
                seen.setdefault((body[i][0], place), set()).add(body[i][place])
    rows = [list(row) for row in body]
    for i in mine:
        for place in empty:
            values = seen.get((rows[i][0], place), set())
            if len(values) == 1 and place < len(rows[i]):
                rows[i][place] = next(iter(values))
    taken = [names[place] for place in empty if any(_cell(rows[i], place) for i in mine)]
    note = (f"{len(taken)} columns were taken from the record's other rows",) if taken else ()
    return replace(records, rows=Rows.of([records.rows[0], *rows])), note


def _cell(row: Sequence[str], place: int) -> str:
    """A cell without the space around it; blank where the row is too short, which is told later."""
    return row[place].strip() if place < len(row) else ""


def _column(name: str, fields: Mapping[str, Field]) -> Column:
    field = fields.get(name) or fields.get(name.partition("___")[0])
    if name in _OWN or name.endswith(("_complete", "_timestamp")) or name.startswith("Complete?"):
        return Column(name, None, "identifier" if name == "redcap_survey_identifier" else "meta")
    if field is None:
        return Column(name)
    if field.type == "checkbox" and "___" in name:
        label = {checkbox_column(field.name, code): text for code, text in field.choices.items()}.get(name)
        return Column(name, f"{field.label} - {label}" if label else field.label)
    labels: dict[float | str, str] = {_code(code): text for code, text in field.choices.items()}
    kind: Kind = "identifier" if field.identifies else "answer"
    return Column(name, field.label or None, kind, value_labels=labels)


def _code(code: str) -> float | str:
    return float(code) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", code) else code


def _with_decimals(export: Export, fields: Mapping[str, Field]) -> Export:
    """Numbers that the dictionary says are written with a comma, where every answer is such a number."""
    import pandas as pd

    new: dict[str, pd.Series] = {}
    for name in export.columns:
        field = fields.get(name)
        if field is None or not field.decimal_comma or not export.frame.is_text(name):
            continue
        cells = export.frame[name]
        if cells.dropna().map(lambda cell: _COMMA.fullmatch(str(cell).strip()) is not None).all():
            new[name] = pd.to_numeric(cells.str.strip().str.replace(",", ".", regex=False)).astype("float64")
    return replace(export, frame=export.frame.having(new)) if new else export


def _with_checkboxes(export: Export, fields: Mapping[str, Field]) -> Export:
    groups: dict[str, list[str]] = {}
    for name in export.columns:
        labelled = _LABELLED.fullmatch(name)
        stem = name.partition("___")[0] if "___" in name else labelled["label"] if labelled else None
        if stem is not None:
            groups.setdefault(stem, []).append(name)
    reached = {group[0]: _reached(export, stem, fields) for stem, group in groups.items()}
    export = settled(export, groups.values(), reached=reached)
    unsure = sum(name not in fields for name in groups)
    if not unsure:
        return export
    note = (
        f"{unsure} checkbox questions: a row without a mark counts as missing, for branching may have hidden "
        "the question; `dictionary` names the data dictionary that tells"
    )
    return replace(export, provenance=replace(export.provenance, notes=(*export.provenance.notes, note)))


def _reached(export: Export, stem: str, fields: Mapping[str, Field]) -> pd.Series:
    """Rows in which a checkbox without a mark was surely seen: its form is complete and shows it.

    Only the dictionary says which form that is and whether a branch hides it. Without one, and where a
    branch is more than one equality, the row counts as not reached.
    """
    import pandas as pd

    field = fields.get(stem)
    nobody = pd.Series(False, index=export.frame.index)
    if field is None or (status := f"{field.form}_complete") not in export.columns:
        return nobody
    complete = export.frame[status].map(lambda cell: code_text(cell) in {"2", "Complete"}).astype(bool)
    if field.shown_if is None and not field.undecided:
        return complete
    if field.shown_if is None or field.shown_if.column not in export.columns:
        return nobody
    wanted = field.shown_if.value
    met = export.frame[field.shown_if.column].map(lambda cell: code_text(cell) == wanted)
    return complete & met.astype(bool)


def _with_roles(export: Export) -> Export:
    """The record's id and, where there is only one form, the moment it was sent in."""
    columns = dict(export.columns)
    stamps = [name for name in columns if name.endswith("_timestamp")]
    if len(stamps) == 1:
        columns[stamps[0]] = replace(columns[stamps[0]], role="ended")
    return replace(export, columns=columns)
