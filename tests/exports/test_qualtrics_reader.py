"""Qualtrics CSV: header rows by what is in them, labels, roles, time zones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from pipeline.exports import ExportError, read_export

NAMES = [
    "StartDate",
    "EndDate",
    "Status",
    "IPAddress",
    "Duration (in seconds)",
    "ResponseId",
    "Q1",
    "Q2_TEXT",
]
TEXT = [
    "Start Date",
    "End Date",
    "Response Type",
    "IP Address",
    "Duration",
    "Response ID",
    "How?\n<b>Say</b>",
    "=1+1",
]
ZONED = [{"ImportId": "startDate", "timeZone": "America/Chicago"}, {"ImportId": "endDate"}]
IDS = [json.dumps(told) for told in [*ZONED, *({"ImportId": f"QID{n}"} for n in range(6))]]
PYTHON_IDS = [text.replace('"', "'") for text in IDS]
ONE = ["2024-03-01 09:00:00", "2024-03-01 09:10:00", "0", "192.0.2.1", "600", "R_1", "5", "fine,\nreally"]
TWO = ["2024-03-02 09:00:00", "2024-03-02 09:10:00", "1", "", "60", "R_2", "", ""]


def save(folder: Path, rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path = folder / "q.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    return path


HEADS = {
    "three": ([NAMES, TEXT, IDS], 3, "How?\n<b>Say</b>", "America/Chicago"),
    "three, python quotes": ([NAMES, TEXT, PYTHON_IDS], 3, "How?\n<b>Say</b>", "America/Chicago"),
    "two: names and import ids": ([NAMES, IDS], 2, None, "America/Chicago"),
    "two: names and text": ([NAMES, TEXT], 2, "How?\n<b>Say</b>", None),
    "one": ([NAMES], 1, None, None),
}


@pytest.mark.parametrize(("head", "rows", "label", "zone"), HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-8", ","), ("utf-16", "\t")])
def test_header_rows_are_found_by_what_is_in_them(
    tmp_path: Path,
    head: list[list[str]],
    rows: int,
    label: str | None,
    zone: str | None,
    encoding: str,
    delimiter: str,
) -> None:
    export = read_export(save(tmp_path, [*head, ONE, TWO], encoding, delimiter), "qualtrics")
    assert (export.provenance.header_rows, export.provenance.rows) == (rows, 2)
    assert export.frame.index.tolist() == [1, 2]
    assert export.frame["Q1"].dropna().tolist() == [5.0]
    assert export.frame["Q2_TEXT"].tolist() == ["fine,\nreally", None]
    assert export.columns["Q1"].label == label
    assert export.columns["StartDate"].time_zone == zone
    assert export.columns["EndDate"].time_zone is None


def test_roles_and_kinds(tmp_path: Path) -> None:
    export = read_export(save(tmp_path, [NAMES, TEXT, IDS, ONE, TWO]), "qualtrics")
    roles = {column.role: name for name, column in export.columns.items() if column.role}
    assert roles == {
        "started": "StartDate",
        "ended": "EndDate",
        "status": "Status",
        "seconds": "Duration (in seconds)",
        "response_id": "ResponseId",
    }
    kinds = {name: column.kind for name, column in export.columns.items()}
    assert (kinds["Status"], kinds["IPAddress"], kinds["Q1"]) == ("meta", "identifier", "answer")
    assert export.columns["Q2_TEXT"].label == "=1+1"


def test_the_old_header_of_v1_to_v10(tmp_path: Path) -> None:
    names = [f"V{n}" for n in range(1, 11)] + ["Q1", ""]
    meaning = "ResponseID,ResponseSet,Name,ExternalDataReference,EmailAddress,IPAddress,Status,"
    meaning += "StartDate,EndDate,Finished"
    first = [
        "R_1",
        "Default",
        "",
        "",
        "a@b.org",
        "",
        "0",
        "2016-01-01 10:00:00",
        "2016-01-01 10:05:00",
        "1",
        "4",
        "",
    ]
    export = read_export(
        save(tmp_path, [names, [*meaning.split(","), "How?", ""], first], "utf-8-sig"), "qualtrics"
    )
    assert export.provenance.header_rows == 2
    assert {column.role for column in export.columns.values()} >= {"status", "started", "ended", "finished"}
    assert export.columns["Q1"].label == "How?"
    assert export.columns["V5"].kind == "identifier"
    assert "" not in export.columns


def test_choice_text_stays_text(tmp_path: Path) -> None:
    rows = [
        NAMES,
        TEXT,
        IDS,
        [*ONE[:2], "IP Address", *ONE[3:6], "Agree", "x"],
        [*TWO[:2], "Survey Preview", *TWO[3:]],
    ]
    export = read_export(save(tmp_path, rows), "qualtrics")
    assert export.frame["Status"].tolist() == ["IP Address", "Survey Preview"]
    assert export.frame["Q1"].tolist() == ["Agree", None]


def test_a_zone_that_is_no_name_is_not_taken(tmp_path: Path) -> None:
    odd = ['{"ImportId":"startDate","timeZone":"<script>"}', *IDS[1:]]
    export = read_export(save(tmp_path, [NAMES, TEXT, odd, ONE]), "qualtrics")
    assert export.columns["StartDate"].time_zone is None


def test_repeated_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="'Q1' in columns 7, 9"):
        read_export(save(tmp_path, [[*NAMES, "Q1"], [*TEXT, "x"], [*IDS, IDS[-1]]]), "qualtrics")
