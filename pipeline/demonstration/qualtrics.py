"""The staff survey as Qualtrics exports it: names, question text, import ids, then one row a response.

`stages/simulate` writes the text. Addresses are of the ranges kept for documentation (RFC 5737, RFC 2606).
"""

from __future__ import annotations

import csv
import io
import json
import string
from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd

from pipeline.demonstration import trouble
from pipeline.demonstration.draws import Draws
from pipeline.demonstration.items import Form
from pipeline.demonstration.study import Layout, columns
from pipeline.demonstration.trouble import Sheet

SYNTHETIC = "SYNTHETIC DATA: made by a program, no person answered."
TIME_ZONE = "America/New_York"
OPENED = datetime(2026, 3, 2)

META: tuple[tuple[str, str, str], ...] = (
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
)


def staff_survey(seed: int, sheet: Sheet, forms: Sequence[Form], layout: Layout) -> str:
    """The export as text."""
    header = [*META, *_questions(sheet, forms, layout)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(name for name, _, _ in header)
    writer.writerow(text for _, text, _ in header)
    writer.writerow(_import_id(name, import_id) for name, _, import_id in header)
    letters = _response_ids(seed, len(sheet.rows))
    for response, (_, row) in zip(letters, sheet.rows.iterrows(), strict=True):
        writer.writerow([*_meta(row, response), *_answers(row, sheet)])
    return out.getvalue()


def _questions(sheet: Sheet, forms: Sequence[Form], layout: Layout) -> list[tuple[str, str, str]]:
    """Name, text and import id of each question, in the order of the export."""
    asked = [
        (layout.staff_consent, f"{SYNTHETIC} Do you agree to take part in this survey?", "QID1"),
        (layout.staff_id, "Please type your staff code.", "QID2_TEXT"),
        (layout.staff_team, "Please type the code of your team.", "QID3_TEXT"),
    ]
    told = {
        f"{form.variable}.{question.item}": (f"{form.stem} - {question.text}", f"QID{number}_{position}")
        for number, form in enumerate(forms, start=4)
        for position, question in enumerate(form.questions, start=1)
    }
    names = columns(forms)
    return asked + [(names[item], *told[item]) for item in sheet.answers]


def _import_id(name: str, import_id: str) -> str:
    told = {"ImportId": import_id}
    if name in {"StartDate", "EndDate", "RecordedDate"}:
        told["timeZone"] = TIME_ZONE
    return json.dumps(told, separators=(",", ":"))


def _meta(row: pd.Series, response: str) -> list[str]:
    kind = row["kind"]
    nobody = kind in {trouble.PREVIEW, trouble.TEST}
    abandoned = kind == trouble.ABANDONED
    start = _moment(int(row["minute"]))
    end = start + timedelta(seconds=int(row["seconds"]))
    return [
        str(start),
        str(end),
        {trouble.PREVIEW: "1", trouble.TEST: "2"}.get(kind, "0"),
        "" if nobody else f"192.0.2.{int(str(row['team'])[1:]) % 254 + 1}",
        "31" if abandoned else "100",
        str(int(row["seconds"])),
        "0" if abandoned else "1",
        str(end + timedelta(days=7 if abandoned else 0)),
        response,
        "",
        "",
        "" if nobody else f"{str(row['id']).lower()}@example.org",
        "",
        "",
        "",
        kind if nobody else "email",
        "EN",
    ]


def _answers(row: pd.Series, sheet: Sheet) -> list[str]:
    refused = row["kind"] == trouble.REFUSED
    values = ["" if pd.isna(row[name]) else str(int(row[name])) for name in sheet.answers]
    return ["2" if refused else "1", str(row["id"]), str(row["team_typed"]), *values]


def _moment(minute: int) -> datetime:
    """A moment of the survey's four weeks, moved into the working day; the order stays."""
    day, within = divmod(minute, 24 * 60)
    return OPENED + timedelta(days=day, hours=8, seconds=within * 25)


def _response_ids(seed: int, count: int) -> list[str]:
    alphabet = string.ascii_letters + string.digits
    places = Draws(seed, "response ids").whole(len(alphabet), count, 15)
    return ["R_" + "".join(alphabet[place] for place in row) for row in places]
