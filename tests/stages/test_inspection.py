"""Inspect and new: platforms told apart, columns by kind, trouble with its place, a draft that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import export_files as files
import pandas as pd
import pytest
import small_study
import whole_surveys

from pipeline import cli
from pipeline.exports import apart, containers, memory, text
from pipeline.exports.detect import detect
from pipeline.exports.inspection import inspect_export
from pipeline.stages import ingest, score, screen
from pipeline.stages.artefacts import Workspace, read_frame, read_json
from pipeline.study import load_study

PLAIN = [["id", "a", "b"], ["P1", 1, 2], ["P2", 3, 4]]
LEGACY = [
    [*(f"V{n}" for n in range(1, 11)), "Q1"],
    [
        "ResponseID",
        "ResponseSet",
        "Name",
        "ExternalDataReference",
        "EmailAddress",
        "IPAddress",
        "Status",
        "StartDate",
        "EndDate",
        "Finished",
        "How?",
    ],
    ["R_1", "x", "", "", "", "", 0, "2016-01-01 10:00:00", "2016-01-01 10:05:00", 1, 4],
]
FRAME = pd.DataFrame({"A": [1.0, 2.0, 3.0]})
STATUS = pd.DataFrame({"Status": [0.0], "Finished": [1.0], "Progress": [100.0], "Q1": [3.0]})


def parquet(folder: Path) -> Path:
    FRAME.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


Write = Callable[[Path], Path]
DETECTED: dict[str, tuple[Write, str, float]] = {
    "qualtrics three rows": (lambda f: files.save(f, files.QUALTRICS), "qualtrics", 1.0),
    "qualtrics two rows": (
        lambda f: files.save(f, [*files.QUALTRICS[:2], *files.QUALTRICS_ROWS]),
        *("qualtrics", 0.85),
    ),
    "qualtrics one row": (
        lambda f: files.save(f, [files.QUALTRICS[0], *files.QUALTRICS_ROWS]),
        "qualtrics",
        0.85,
    ),
    "qualtrics legacy": (lambda f: files.save(f, LEGACY), "qualtrics", 0.95),
    "qualtrics tsv": (
        lambda f: files.save(f, files.QUALTRICS, "a.tsv", delimiter="\t", encoding="utf-16"),
        *("qualtrics", 1.0),
    ),
    "qualtrics sav": (lambda f: files.statistics(f, "a.sav", STATUS), "qualtrics", 0.9),
    "qualtrics zip": (lambda f: files.zipped(f, {"a.csv": files.text(files.QUALTRICS)}), "qualtrics", 1.0),
    "redcap raw": (lambda f: files.save(f, files.REDCAP), "redcap", 1.0),
    "redcap labels": (lambda f: files.save(f, files.REDCAP_LABELS), "redcap", 0.7),
    "redcap without events": (
        lambda f: files.save(f, [["study_id", "a", "base_complete"], [1, 2, 2], [2, 3, 0]]),
        *("redcap", 0.7),
    ),
    "limesurvey codes": (lambda f: files.save(f, files.LIMESURVEY, encoding="utf-8-sig"), "limesurvey", 0.9),
    "limesurvey full": (lambda f: files.save(f, files.LIMESURVEY_FULL), "limesurvey", 0.9),
    "surveymonkey csv": (lambda f: files.save(f, files.SURVEYMONKEY), "surveymonkey", 0.95),
    "surveymonkey xlsx": (lambda f: files.workbook(f, {"S": files.SURVEYMONKEY}), "surveymonkey", 0.95),
    "kobo ;": (lambda f: files.save(f, files.KOBO, delimiter=";"), "kobo", 0.95),
    "kobo xlsx": (lambda f: files.workbook(f, files.KOBO_SHEETS), "kobo", 0.95),
    "google forms": (lambda f: files.save(f, files.GOOGLE), "google_forms", 0.75),
    "microsoft forms": (lambda f: files.workbook(f, {"S": files.MICROSOFT}), "microsoft_forms", 0.95),
    "sav": (lambda f: files.statistics(f, "a.sav"), "spss", 1.0),
    "zsav": (lambda f: files.statistics(f, "a.zsav", compress=True), "spss", 1.0),
    "dta": (lambda f: files.statistics(f, "a.dta"), "stata", 1.0),
    "dta of Stata 10": (lambda f: files.statistics(f, "a.dta", version=10), "stata", 1.0),
    "xpt": (lambda f: files.statistics(f, "a.xpt"), "sas", 1.0),
    "xpt version 5": (lambda f: files.statistics(f, "a.xpt", file_format_version=5), "sas", 1.0),
    "csv": (lambda f: files.save(f, PLAIN), "csv", 0.6),
    "xlsx": (lambda f: files.workbook(f, {"S": PLAIN}), "xlsx", 0.6),
    "parquet": (parquet, "parquet", 1.0),
}


@pytest.mark.parametrize(("write", "platform", "confidence"), DETECTED.values(), ids=DETECTED)
def test_every_platform_is_told_from_the_others(
    tmp_path: Path, write: Write, platform: str, confidence: float
) -> None:
    found = inspect_export(write(tmp_path))
    assert (found.platform, found.confidence) == (platform, confidence)
    assert found.rows == len(found.export.frame) > 0


def test_a_workbook_is_recognised_by_any_of_its_sheets(tmp_path: Path) -> None:
    assert (
        detect(files.workbook(tmp_path, {"about": PLAIN, "data": files.KOBO_SHEETS["form"]})).platform
        == "kobo"
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_study.build(tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setenv("SURVEY_PIPELINE_KEY_DIR", str(tmp_path.parent / f"{tmp_path.name}-keys"))
    return tmp_path


def test_json_has_the_keys_that_programs_rely_on(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files.save(tmp_path, files.QUALTRICS)
    assert cli.main(["inspect", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["platform"], told["confidence"], told["rows"], told["header_rows"]) == (
        "qualtrics",
        1.0,
        3,
        3,
    )
    assert (told["respondents"], told["identifiers"], told["missing_codes"], told["problems"]) == (
        *(2, ["IPAddress"], {}),
        [],
    )
    kinds = {column["name"]: column["kind"] for column in told["columns"]}
    assert kinds == {
        **dict.fromkeys(["StartDate", "EndDate", "Status", "Finished"], "meta"),
        "ResponseId": "meta",
        "IPAddress": "identifier",
        "Q1": "item",
        **dict.fromkeys(["Q2_1", "Q2_2"], "multi-select"),
    }


TROUBLE = {
    "shortened": ([["id", "a"], ["1.33764E+10", 1], ["1.33765E+10", 2]], "id", [2, 3], "shortened"),
    "dates": ([["id", "a"], ["x", "1"], ["y", "5-Jan"], ["z", "2"]], "a", [3], "a spreadsheet turned"),
    "excel dates": ([["a"], ["2"], ["2024-01-05 00:00:00"], ["3"]], "a", [3], "dates among numbers"),
    "mixed": (
        [["a"], *([n] for n in ("Agree", "5", "Agree", "Disagree", "5 - Agree", "Agree"))],
        *("a", [3], "numbers and labels mixed: 1 numbers, 5 labels"),
    ),
    "lost zeros": (
        [["client_id"], *([n] for n in (12345, 23456, 345, 45678, 56789, 67890))],
        *("client_id", [4], "leading zeros"),
    ),
    "wrong encoding": ([["a"], ["zufrieden"], ["unzufriedÃ¤n"]], "a", [3], "broken by a wrong encoding"),
}


@pytest.mark.parametrize(("rows", "column", "where", "message"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_is_told_with_row_and_column(
    tmp_path: Path, rows: files.Rows, column: str, where: list[int], message: str
) -> None:
    found = inspect_export(files.save(tmp_path, rows)).problems
    assert [(one.column, list(one.rows)) for one in found] == [(column, where)]
    assert message in found[0].message


def test_codes_that_stand_apart_are_taken_for_missing(tmp_path: Path) -> None:
    rows = [
        ["a", "b"],
        *([n, m] for n, m in zip([1, 2, 3, 5, 9, 4, -99] * 3, [7, 8, 9, 10, 7, 8, 9] * 3, strict=True)),
    ]
    found = inspect_export(files.save(tmp_path, rows))
    assert found.missing_codes == {"-99": 3, "9": 3}
    assert found.columns[0].coding == ("1", "2", "3", "4", "5")
    assert found.columns[1].coding == ("7", "8", "9", "10")


def test_a_new_study_runs_as_drafted(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survey = root / "data" / "small" / "exports" / "survey.csv"
    assert cli.main(["new", "fresh", str(survey)]) == 0
    written = capsys.readouterr().out.split()
    assert written == ["data/fresh/study.yaml", "data/fresh/exports/survey.csv"]
    study, workspace = load_study(root, "fresh"), Workspace(root, "fresh")
    assert study.declared.exports["survey"].id == "person"
    assert study.declared.exports["survey"].links == {"group": "team"}
    assert {scale.instrument for scale in study.declared.scales.values()} == {"warmth", "calm", "thriving"}
    for stage in (ingest.ingest, screen.screen, score.score):
        stage(study, workspace)
    told = read_json(workspace.build / "screen" / "screen.json")["levels"]["person"]
    assert (told["received"], told["kept"]) == (144, 144)


@pytest.mark.parametrize("platform", whole_surveys.WHOLE)
def test_a_survey_of_any_platform_is_drafted_as_it_is_and_scored_alike(
    root: Path, tmp_path: Path, platform: str
) -> None:
    """Instruments by wording, name or codes; ids and groups; the same scores from every platform."""
    (tmp_path / "in").mkdir()
    path = whole_surveys.WHOLE[platform](tmp_path / "in")
    assert cli.main(["new", "fresh", str(path)]) == 0
    study, workspace = load_study(root, "fresh"), Workspace(root, "fresh")
    (export,) = study.declared.exports.values()
    assert export.platform == platform.partition(",")[0]
    assert export.links.keys() == {"group"}
    assert (export.id is None) == (platform == "google_forms")
    assert [scale.instrument for scale in study.declared.scales.values()] == ["warmth", "calm", "thriving"]
    for stage in (ingest.ingest, screen.screen, score.score):
        stage(study, workspace)
    frame = read_frame(workspace.build / "score" / "person.parquet")
    wanted = whole_surveys.scores()
    pd.testing.assert_frame_equal(frame[list(wanted)].reset_index(drop=True), wanted, check_exact=False)
    assert frame["group"].nunique() == 24


def test_what_inspect_prints_can_be_read_by_people(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files.save(tmp_path, whole_surveys.qualtrics(labels=True))
    assert cli.main(["inspect", str(path)]) == 0
    told = capsys.readouterr().out
    assert "export.csv: qualtrics, sure to 1.00 (a row of import ids)\n" in told
    assert "encoding utf-8, delimiter ',', 3 header rows, 144 rows, 144 with answers\n" in told
    assert "  Q4 to Q6: calm, sure to 1.00 (3 of 3 items worded alike, 3 items, answers fit)\n" in told
    assert cli.main(["inspect", str(files.save(tmp_path, files.REDCAP))]) == 0
    told = capsys.readouterr().out
    assert "1 header row, 3 rows" in told
    assert "with redcap_event_name 'baseline_arm_1', redcap_repeat_instrument 'visit'\n" in told
    assert "  [not completed]: 1 answer\n" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "sav", "xlsx"])
def test_a_new_study_is_reported_as_drafted(root: Path, tmp_path: Path, kind: str) -> None:
    frame = small_study.answers()
    path = tmp_path / f"answers.{kind}"
    if kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "sav":
        files.statistics(tmp_path, path.name, frame)
    else:
        frame.to_csv(path, index=False)
    assert cli.main(["new", "fresh", str(path)]) == 0
    assert cli.main(["report", "fresh"]) == 0
    assert (root / "reports" / "fresh" / "report.html").is_file()


def test_nothing_is_overwritten(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    survey = root / "data" / "small" / "exports" / "survey.csv"
    before = (root / "data" / "small" / "study.yaml").read_bytes()
    assert cli.main(["new", "small", str(survey)]) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (root / "data" / "small" / "study.yaml").read_bytes() == before


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/b", "", "A B", ".hidden", "x" * 50])
def test_the_name_of_a_study_leads_nowhere_else(
    root: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    survey = root / "data" / "small" / "exports" / "survey.csv"
    assert cli.main(["new", name, str(survey)]) == 1
    assert "cannot be the name of a study" in capsys.readouterr().err


def test_a_file_that_is_no_export_is_told(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {
        "a.pdf": b"%PDF-1.7",
        "b.json": b'{"a": 1}',
        "c.csv": b"",
        "d.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert cli.main(["inspect", str(tmp_path / name)]) == 1
        assert name in capsys.readouterr().err


def test_a_large_file_is_announced_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "LARGE", 1)
    small_study.build(tmp_path)
    survey = tmp_path / "data" / "small" / "exports" / "survey.csv"
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.main(["inspect", str(survey)]) == 0
    assert "Reading survey.csv takes roughly 150 MB of memory." in capsys.readouterr().err
    survey.write_bytes(b"\xff\xff\x00")
    assert cli.main(["report", "small"]) == 1
    assert capsys.readouterr().err.startswith("Reading survey.csv takes roughly 150 MB of memory.")


READERS: dict[str, tuple[Callable[[Path], Path], object, str]] = {
    "text": (lambda folder: files.save(folder, files.QUALTRICS), text, "_decodes"),
    "workbook": (lambda folder: files.workbook(folder, {"S": files.SURVEYMONKEY}), containers, "_records"),
    "sav": (lambda folder: files.statistics(folder, "a.sav"), apart, "_received"),
}


@pytest.mark.parametrize(("write", "room", "reader"), READERS.values(), ids=READERS)
def test_a_file_is_read_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], Path],
    room: object,
    reader: str,
) -> None:
    read, times = getattr(room, reader), []

    def counted(*given: object) -> object:
        times.append(given)
        return read(*given)

    monkeypatch.setattr(room, reader, counted)
    assert inspect_export(write(tmp_path)).rows > 0
    assert len(times) == 1
