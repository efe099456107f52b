"""Small files of each platform, written by the tests: the shapes that docs/exports.md lists."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat

Rows = Sequence[Sequence[object]]


def text(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode(encoding)


def save(folder: Path, rows: Rows, name: str = "export.csv", **how: str) -> Path:
    path = folder / name
    path.write_bytes(text(rows, **how))
    return path


def workbook(folder: Path, sheets: Mapping[str, Rows], name: str = "export.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(folder / name)
    return folder / name


def with_shared_strings(path: Path) -> Path:
    """A workbook whose text stands in a part of its own, as Excel and the survey platforms write it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    strings: list[str] = []

    def moved(cell: re.Match[str]) -> str:
        strings.append(cell[2])
        return f'{cell[1]} t="s"><v>{len(strings) - 1}</v></c>'

    for name in [name for name in parts if name.startswith("xl/worksheets/")]:
        inline = r'(<c [^>]*?) t="inlineStr"><is>(.*?)</is></c>'
        parts[name] = re.sub(inline, moved, parts[name], flags=re.DOTALL)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    items = "".join(f"<si>{string}</si>" for string in strings)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{main}" count="{len(strings)}">{items}</sst>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    types = "[Content_Types].xml"
    parts[types] = parts[types].replace("</Types>", override)
    where = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Id="rIdS" Type="{where}" Target="/xl/sharedStrings.xml"/></Relationships>'
    links = "xl/_rels/workbook.xml.rels"
    parts[links] = parts[links].replace("</Relationships>", relation)
    return zipped(path.parent, {name: part.encode() for name, part in parts.items()}, path.name)


def zipped(folder: Path, members: Mapping[str, bytes], name: str = "export.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return folder / name


def statistics(folder: Path, name: str, frame: pd.DataFrame | None = None, **how: object) -> Path:
    frame = pd.DataFrame({"ITEM1": [1.0, 2.0, 3.0], "NOTE": ["x", "", "é"]}) if frame is None else frame
    write = {"sav": pyreadstat.write_sav, "dta": pyreadstat.write_dta, "xpt": pyreadstat.write_xport}
    write[name.rpartition(".")[2].replace("zsav", "sav")](frame, str(folder / name), **how)
    return folder / name


QUALTRICS_NAMES = [
    "StartDate",
    "EndDate",
    "Status",
    "IPAddress",
    "ResponseId",
    "Finished",
    "Q1",
    "Q2_1",
    "Q2_2",
]
QUALTRICS_TEXT = [
    "Anfangsdatum",
    "End Date",
    "Response Type",
    "IP Address",
    "Response ID",
    "Finished",
    "How?",
]
QUALTRICS_TEXT += ["Which? - Tea", "Which? - Coffee"]
QUALTRICS_IDS = [
    *('{"ImportId":"startDate","timeZone":"America/Denver"}', '{"ImportId":"endDate"}'),
    *('{"ImportId":"status"}', '{"ImportId":"ipAddress"}', '{"ImportId":"_recordId"}'),
    *('{"ImportId":"finished"}', '{"ImportId":"QID1"}'),
    *('{"ImportId":"QID2","choiceId":"1"}', '{"ImportId":"QID2","choiceId":"2"}'),
]
QUALTRICS_ROWS = [
    ["2024-03-01 09:00:00", "2024-03-01 09:05:00", 0, "192.0.2.1", "R_1abc", 1, 5, 1, ""],
    ["2024-03-01 10:00:00", "2024-03-01 10:05:00", 0, "192.0.2.2", "R_2abc", 1, 4, 1, 1],
    ["2024-03-01 11:00:00", "2024-03-01 11:05:00", 1, "", "R_3abc", 0, "", "", ""],
]
QUALTRICS = [QUALTRICS_NAMES, QUALTRICS_TEXT, QUALTRICS_IDS, *QUALTRICS_ROWS]

REDCAP = [
    [
        "record_id",
        "redcap_event_name",
        "redcap_repeat_instrument",
        "redcap_repeat_instance",
        "redcap_data_access_group",
        "county",
        "race___1",
        "race___2",
        "base_complete",
        "visit_score",
        "visit_timestamp",
        "visit_complete",
    ],
    [1, "baseline_arm_1", "", "", "north", "A", 1, 0, 2, "", "", ""],
    [1, "baseline_arm_1", "visit", 1, "north", "", "", "", "", 4, "2024-03-01 10:00", 2],
    [1, "baseline_arm_1", "visit", 2, "north", "", "", "", "", 5, "[not completed]", 0],
    [2, "baseline_arm_1", "", "", "", "B", 0, 0, 0, "", "", ""],
    [2, "baseline_arm_1", "visit", 1, "", "", "", "", "", 3, "2024-03-02 10:00", 2],
    [3, "baseline_arm_1", "", "", "south", "C", 0, 0, 2, "", "", ""],
]
DICTIONARY = [
    [
        "Variable / Field Name",
        "Form Name",
        "Section Header",
        "Field Type",
        "Field Label",
        "Choices, Calculations, OR Slider Labels",
        "Field Note",
        "Text Validation Type OR Show Slider Number",
        "Text Validation Min",
        "Text Validation Max",
        "Identifier?",
        "Branching Logic (Show field only if...)",
        "Required Field?",
    ],
    ["record_id", "base", "", "text", "Record ID", "", "", "", "", "", "", "", ""],
    ["county", "base", "", "text", "County of\nresidence", "", "", "", "", "", "", "", ""],
    ["who", "base", "", "text", "Who filled this in?", "", "", "", "", "", "y", "", ""],
    ["born", "base", "", "radio", "Born here?", "1, Yes|2, No", "", "", "", "", "", "", ""],
    ["race", "base", "", "checkbox", "Race", "1, White | 2, Other", "", "", "", "", "", "[born] = '1'", ""],
    ["visit_score", "visit", "", "text", "Score", "", "", "number", "", "", "", "", ""],
]
REDCAP_LABELS = [
    [
        "Record ID",
        "Data Access Group",
        "County of residence",
        "Who filled this in?",
        "Born here?",
        "Race (choice=White)",
        "Race (choice=Other)",
        "Complete?",
    ],
    [1, "North", "A", "Ann", "Yes", "Checked", "Unchecked", "Complete"],
    [2, "South", "B", "Bob", "No", "Unchecked", "Unchecked", "Complete"],
    [3, "South", "B", "Eve", "Yes", "Unchecked", "Unchecked", "Complete"],
]

LIMESURVEY = [
    [
        "id",
        "submitdate",
        "lastpage",
        "startlanguage",
        "seed",
        "token",
        "startdate",
        "ipaddr",
        "Q1[SQ001]",
        "Q1[SQ002]",
        "Q2[SQ001]",
        "Q2[SQ002]",
        "Q2[other]",
        "Q3",
        "interviewtime",
    ],
    [
        1,
        "2024-03-01 10:00:00",
        3,
        "en",
        77,
        "tok1",
        "2024-03-01 09:50:00",
        "192.0.2.1",
        "A1",
        "A5",
        "Y",
        "",
        "tea",
        "A2",
        61.5,
    ],
    [2, "", 1, "de", 78, "tok2", "2024-03-01 09:55:00", "192.0.2.2", "A2", "", "", "", "", "", 12],
    [
        3,
        "2024-03-01 11:00:00",
        3,
        "en",
        79,
        "tok3",
        "2024-03-01 10:50:00",
        "192.0.2.3",
        "A4",
        "A1",
        "Y",
        "Y",
        "",
        "A1",
        80,
    ],
]
LIMESURVEY_FULL = [
    [
        "Response ID",
        "Date submitted",
        "Last page",
        "Start language",
        "How often? [I sleep]",
        "How often? [I eat]",
        "Drinks [Tea]",
        "Drinks [Coffee]",
        "11 - comment",
        "11 - comment",
    ],
    [1, "1980-01-01 00:00:00", 2, "en", "Often", "Never", "Yes", "No", "a", "b"],
    [2, "1980-01-01 00:00:00", 2, "en", "Never", "Often", "No", "Yes", "c", ""],
    [3, "", 0, "en", "", "", "No", "No", "", ""],
]

SURVEYMONKEY = [
    [
        "Respondent ID",
        "Collector ID",
        "Start Date",
        "End Date",
        "IP Address",
        "Email Address",
        "First Name",
        "Last Name",
        "Custom Data 1",
        "How often,\nin <b>all</b>?",
        "My team",
        "",
        "Drinks",
        "",
        "",
        "Anything else?",
    ],
    [
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "Response",
        "listens",
        "helps",
        "Tea",
        "Coffee",
        "Other (please specify)",
        "Open-Ended Response",
    ],
    [
        11834567890,
        1,
        "03/21/2024 10:15:32 AM",
        "03/21/2024 10:20:00 AM",
        "192.0.2.1",
        "",
        "",
        "",
        "",
        "Often",
        "Agree",
        "Disagree",
        "Tea",
        "Coffee",
        "",
        "nothing",
    ],
    [
        11834567891,
        1,
        "03/21/2024 01:15:32 PM",
        "03/21/2024 01:20:00 PM",
        "192.0.2.2",
        "",
        "",
        "",
        "",
        "Never",
        "Agree",
        "",
        "Tea",
        "",
        "water",
        "",
    ],
    [11834567892, 1, "03/22/2024 10:15:32 AM", "", "192.0.2.3", "", "", "", "", "", "", "", "", "", "", ""],
]
SURVEYMONKEY_EXPANDED = [
    ["Respondent ID", "Collector ID", "Start Date", "End Date", "How often?", "", "", "Drinks", ""],
    ["", "", "", "", "Never", "Sometimes", "Often", "Tea", "Coffee"],
    [1, 9, "03/21/2024 10:15:32 AM", "03/21/2024 10:20:00 AM", "", "", 3, 1, 2],
    [2, 9, "03/21/2024 10:15:32 AM", "03/21/2024 10:20:00 AM", 1, "", "", 1, ""],
    [3, 9, "03/21/2024 10:15:32 AM", "03/21/2024 10:20:00 AM", "", "", "", "", ""],
]

KOBO = [
    [
        "start",
        "end",
        "deviceid",
        "g/often",
        "drinks",
        "drinks/tea",
        "drinks/other",
        "drinks_other",
        "_loc_latitude",
        "_id",
        "_uuid",
        "_submission_time",
        "_validation_status",
        "__version__",
        "_index",
    ],
    [
        "2024-03-01T10:00:00.000+01:00",
        "2024-03-01T10:05:00.000+01:00",
        "collect:abcdefgh12",
        4,
        "tea other",
        1,
        1,
        "milk",
        "52,5",
        5,
        "u1",
        "2024-03-01T09:05:10",
        "",
        "v1",
        1,
    ],
    [
        "2024-03-01T11:00:00.000+01:00",
        "2024-03-01T11:05:00.000+01:00",
        "collect:abcdefgh12",
        2,
        "tea",
        1,
        0,
        "",
        "52,5",
        6,
        "u2",
        "2024-03-01T10:05:10",
        "",
        "v2",
        2,
    ],
    [
        "2024-03-01T12:00:00.000+01:00",
        "2024-03-01T12:05:00.000+01:00",
        "collect:abcdefgh12",
        "",
        "",
        "",
        "",
        "",
        "52,5",
        7,
        "u3",
        "2024-03-01T11:05:10",
        "",
        "v2",
        3,
    ],
]
KOBO_SHEETS = {
    "form": [
        ["worker", "_id", "_uuid", "_submission_time", "_index"],
        ["W1", 5, "u1", "2024-03-01T09:05:10", 1],
        ["W2", 6, "u2", "2024-03-01T10:05:10", 2],
    ],
    "clients": [
        ["client", "rating", "_index", "_parent_table_name", "_parent_index", "_submission__uuid"],
        ["C1", 4, 1, "form", 1, "u1"],
        ["C2", 5, 2, "form", 1, "u1"],
        ["C3", 3, 3, "form", 2, "u2"],
    ],
}

GOOGLE = [
    [
        "Timestamp",
        "Email Address",
        "How are you? [Today]",
        "How are you? [Yesterday]",
        "Drinks",
        "Drinks",
        "Why?",
    ],
    ["2024/03/21 10:15:32 AM GMT+1", "a@b.org", "Good", "Bad", "Tea, Juice, fresh", "Tea;Beer", "x"],
    ["2024/03/21 11:15:32 AM GMT+1", "c@d.org", "Bad", "Bad", "Tea", "Tea", "y, z"],
    ["2024/03/21 12:15:32 PM GMT+1", "e@f.org", "Good", "Good", "Juice, fresh", "Tea;Beer", ""],
    ["2024/03/21 01:15:32 PM GMT+1", "g@h.org", "Good", "", "Tea, Juice, fresh", "", "w"],
    ["2024/03/21 02:15:32 PM GMT+1", "i@j.org", "Good", "", "", "Beer", "w"],
]
MICROSOFT = [
    [
        "ID",
        "Start time",
        "Completion time",
        "Email",
        "Name",
        "How\xa0often?",
        "Points - How\xa0often?",
        "Drinks",
        "How often?2",
    ],
    [1, "3/21/24 10:15:32", "3/21/24 10:20:00", "anonymous", "", "a. Excellent", 1, "Tea;Coffee;", "Good"],
    [2, "3/22/24 10:15:32", "3/22/24 10:20:00", "anonymous", "", "Excellent", 0, "Tea;", "Bad"],
    [3, "3/22/24 11:15:32", "3/22/24 11:20:00", "anonymous", "", "Excellent", 0, "", "Bad"],
]
