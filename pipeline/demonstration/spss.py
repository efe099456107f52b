"""The client survey as an SPSS file, with value labels and user-missing codes; equal data, equal bytes.

`stages/simulate` lets it write. One reverse-keyed item leaves here with its codes already turned round and
its value labels unchanged, as happens when somebody recodes in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.demonstration import trouble
from pipeline.demonstration.items import Form
from pipeline.demonstration.study import Layout, columns
from pipeline.demonstration.trouble import PLAN, REFUSED_CODE, UNKNOWN_CODE, Sheet

FILE_LABEL = "SYNTHETIC DATA made by a program, no person answered"
CREATED = b"23 Nov 2600:00:00"
_CREATED_AT = 92
_MISSING: Mapping[int | float, str] = {UNKNOWN_CODE: "Don't know", REFUSED_CODE: "Refused"}
_COMPLEXITY: Mapping[int | float, str] = {1: "Very low", 2: "Low", 3: "Medium", 4: "High", 5: "Very high"}


def write_client_survey(path: Path, sheet: Sheet, forms: Sequence[Form], layout: Layout) -> None:
    """Write the .sav file; its header's date and time of creation are fixed."""
    import pyreadstat

    names = columns(forms)
    items = {names[item]: _codes(sheet, item) for item in sheet.answers}
    frame = pd.DataFrame({**_about(sheet.rows, layout), **items})
    coded = [*items, layout.complexity]
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=FILE_LABEL,
        column_labels=_labels(forms, layout),
        row_compress=True,
        variable_value_labels=_value_labels(forms, layout),
        missing_ranges={name: [UNKNOWN_CODE, REFUSED_CODE] for name in coded},
        variable_measure={**dict.fromkeys(coded, "ordinal"), layout.client_seconds: "scale"},
        variable_format={
            **dict.fromkeys([*coded, layout.client_consent], "F2.0"),
            layout.client_seconds: "F6.0",
        },
    )
    _fix_creation(path)


def _about(rows: pd.DataFrame, layout: Layout) -> dict[str, pd.Series]:
    refused = rows["kind"] == trouble.REFUSED
    return {
        layout.client_id: rows["id"],
        layout.client_staff: rows["staff_typed"],
        layout.client_consent: pd.Series(1.0, index=rows.index).mask(refused, 2.0),
        layout.client_seconds: rows["seconds"].astype(float),
        layout.complexity: rows["complexity_rating"].astype(float),
    }


def _codes(sheet: Sheet, item: str) -> pd.Series:
    values = sheet.rows[item].astype(float)
    return values.mask(values > 0, 6 - values) if item == ".".join(PLAN.turned) else values


def _labels(forms: Sequence[Form], layout: Layout) -> dict[str, str | None]:
    turned = ".".join(PLAN.turned)
    return {
        layout.client_id: "Client code",
        layout.client_staff: "Code of the staff member seen most often",
        layout.client_consent: "Agrees to take part",
        layout.client_seconds: "Time taken, in seconds",
        layout.complexity: "Complexity of the case at intake (rated by the program)",
        **{
            question.column: question.text
            + (" (reversed)" if f"{form.variable}.{question.item}" == turned else "")
            for form in forms
            for question in form.questions
        },
    }


def _value_labels(forms: Sequence[Form], layout: Layout) -> dict[str, dict[int | float, str]]:
    labels: dict[str, dict[int | float, str]] = {
        layout.client_consent: {1: "Yes", 2: "No"},
        layout.complexity: {**_MISSING, **_COMPLEXITY},
    }
    for form in forms:
        answers: dict[int | float, str] = {**_MISSING}
        answers.update(form.labels.items())
        labels.update(dict.fromkeys(form.columns, answers))
    return labels


def _fix_creation(path: Path) -> None:
    """Overwrite bytes 92 to 108 of the header: the date (dd mmm yy) and time of creation."""
    with path.open("r+b") as file:
        file.seek(_CREATED_AT)
        file.write(CREATED)
