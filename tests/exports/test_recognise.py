"""A file of another platform is named, with the line to write instead; no bytes raise anything else."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.exports import READERS, ExportError, read_export, recognise

IDS = json.dumps({"ImportId": "QID1"}).replace('"', '""')
QUALTRICS = f'ResponseId,Q1\nResponse ID,How?\n"{IDS}","{IDS}"\nR_1,5\n'.encode()
PLAIN = b"id,a,b\nP1,1,2\nP2,3,4\n"
REDCAP = b"record_id,redcap_event_name,item_1,form_complete\n1,baseline_arm_1,3,2\n"
MONKEY = b"Respondent ID,Collector ID,Start Date,How?\n,,,Response\n11,22,01/02/2024,5\n"
SAV = b"$FL2@(#) IBM SPSS STATISTICS" + b"\0" * 200

OTHERS = {
    "qualtrics as spss": (QUALTRICS, "spss", ["Qualtrics", "platform: qualtrics"]),
    "qualtrics as csv": (QUALTRICS, "csv", ["Qualtrics", "platform: qualtrics"]),
    "plain as spss": (PLAIN, "spss", ["plain delimited text", "platform: csv"]),
    "plain as qualtrics": (PLAIN, "qualtrics", ["plain delimited text", "platform: csv"]),
    "redcap as qualtrics": (REDCAP, "qualtrics", ["REDCap", "platform: redcap"]),
    "redcap as spss": (REDCAP, "spss", ["REDCap"]),
    "surveymonkey as csv": (MONKEY, "csv", ["SurveyMonkey", "platform: surveymonkey"]),
    "spss as csv": (SAV, "csv", ["SPSS", "platform: spss"]),
    "spss as kobo": (SAV, "kobo", ["SPSS", "platform: spss"]),
    "old workbook as csv": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "csv", ["Excel"]),
    "stata as spss": (b"<stata_dta><header>", "spss", ["Stata"]),
    "web page as csv": (b"\n<!DOCTYPE html><html>", "csv", ["web page", "login"]),
    "json as csv": (b'{"responses": []}', "csv", ["JSON"]),
    "pdf as spss": (b"%PDF-1.7", "spss", ["PDF"]),
}


@pytest.mark.parametrize(("content", "platform", "fragments"), OTHERS.values(), ids=OTHERS)
def test_another_platform_is_named(
    tmp_path: Path, content: bytes, platform: str, fragments: list[str]
) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(content)
    with pytest.raises(ExportError) as caught:
        read_export(path, platform)
    assert [part for part in ["file.dat", platform, *fragments] if part not in str(caught.value)] == []


HEADERS = {
    "redcap checkbox": (["record_id", "race___1"], "redcap"),
    "limesurvey code": (["id", "Q1[SQ001]"], "limesurvey"),
    "limesurvey meta": (["id", "submitdate", "lastpage"], "limesurvey"),
    "kobo": (["_uuid", "_index", "q"], "kobo"),
    "google forms": (["Timestamp", "How are you?"], None),
    "microsoft forms": (["ID", "Start time", "Completion time"], "microsoft_forms"),
    "three names that Qualtrics uses too": (["Status", "Progress", "Finished"], None),
    "anything": (["a", "b"], None),
}


@pytest.mark.parametrize(("names", "platform"), HEADERS.values(), ids=HEADERS)
def test_headers_give_a_platform_away(names: list[str], platform: str | None) -> None:
    assert recognise.of_headers([names, ["1"] * len(names)]) == platform


def test_a_look_alike_that_reads_as_plain_text_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "redcap.csv"
    path.write_bytes(REDCAP)
    assert read_export(path, "csv").provenance.notes == ("looks like a REDCap export, read as plain CSV",)


def test_absent_and_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(ExportError, match=r"a\.csv: there is no such file"):
        read_export(path, "csv")
    path.write_bytes(PLAIN)
    with pytest.raises(ExportError, match=r"no reader for platform 'moodle'.*csv, google_forms, .*xlsx"):
        read_export(path, "moodle")


starts = st.sampled_from(
    [b"", b"", b"a,b\n", b'"', b"\xff\xfe", b"V1,V2\nResponseID,", b"ResponseId\nR_", b"sep=;\n"]
)


@pytest.mark.parametrize("platform", sorted(READERS))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=starts,
    rest=st.one_of(st.binary(max_size=200), st.text(',;"\t\r\n0aR_.{}', max_size=80).map(str.encode)),
)
def test_no_bytes_raise_anything_but_an_export_error(
    tmp_path: Path, platform: str, start: bytes, rest: bytes
) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(start + rest)
    with contextlib.suppress(ExportError):
        export = read_export(path, platform)
        assert len(export.frame) == export.provenance.rows
        assert set(export.columns) == set(export.frame.columns)
