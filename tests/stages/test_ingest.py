"""Ingest: what a study names arrives under its names, everything else is counted, dropped or told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pyreadstat
import pytest

from pipeline.declaration import StudyError
from pipeline.stages import identity
from pipeline.stages.artefacts import Workspace, read_frame, read_json
from pipeline.stages.ingest import declared, ingest, inputs, outputs
from pipeline.study import LoadedStudy

LEVELS = {"staff": {"within": "team"}, "team": {}}
CODES = {"response_sets": {"codes": {1: "Never", 2: "Sometimes", 3: "Always"}}}
STAFF = {
    "id": ["s1", "S2 ", "s3", "S4"],
    "team": ["T01", "t02", "Team 1", "T02"],
    "Email": ["a@b.org", "c@d.org", "e@f.org", "g@h.org"],
    "C1": [1, 2, 3, 3],
    "C2": ["Never", "2", "3 - Always", ""],
    "C3": [1, -99, 2, -99],
    "AGE": [31, 42, -99, 55],
    "notes": ["private", "words", "", "x"],
}
TEAMS = {"id": ["T01", "T02"], "size": [4, 5]}


def calm() -> Any:
    return made.instrument("calm").model_copy(update=CODES)


def study(ids: str = "public", levels: Mapping[str, Any] = LEVELS, **staff: Any) -> LoadedStudy:
    exports = {
        "staff": {"level": "staff", "links": {"team": "team"}, "missing_codes": [-99], **staff},
        "teams": {"level": "team", "kind": "roster"},
    }
    return made.study(
        {"calm": {"export": "staff"}},
        exports,
        levels,
        {"calm": calm()},
        ids=ids,
        covariates={
            "age": {"export": "staff", "column": "AGE"},
            "size": {"export": "teams", "column": "size"},
        },
    )


def save(root: Path, **exports: Mapping[str, Sequence[object]]) -> Workspace:
    folder = root / "data" / "made" / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in ({"staff": STAFF, "teams": TEAMS} | exports).items():
        pd.DataFrame(columns).to_csv(folder / f"{name}.csv", index=False)
    return Workspace(root, "made")


def run(root: Path, told: LoadedStudy, **exports: Mapping[str, Sequence[object]]) -> tuple[pd.DataFrame, Any]:
    workspace = save(root, **exports)
    ingest(told, workspace)
    folder = workspace.build / "ingest"
    return read_frame(folder / "staff.parquet"), read_json(folder / "staff.json")


def test_columns_arrive_under_the_studys_names(tmp_path: Path) -> None:
    frame, told = run(tmp_path, study())
    assert list(frame) == [
        *("_row", "_id", "_link_team", "_consent", "_preview", "_started", "_finished", "_seconds"),
        *("calm.c1", "calm.c2", "calm.c3", "age"),
    ]
    assert frame["_row"].tolist() == [1, 2, 3, 4]
    assert frame["_id"].tolist() == ["S1", "S2", "S3", "S4"]
    assert frame["_link_team"].tolist() == ["T01", "T02", "TEAM 1", "T02"]
    assert frame["calm.c2"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert frame.dtypes[["calm.c1", "calm.c2", "calm.c3", "age", "_seconds"]].eq("float64").all()
    assert frame["calm.c3"].isna().tolist() == [False, True, False, True]
    assert frame["_consent"].isna().all()
    assert not frame["_preview"].any()
    assert told["columns"] == {"calm.c1": "C1", "calm.c2": "C2", "calm.c3": "C3", "age": "AGE"}


def test_the_json_counts_what_was_dropped_missing_and_recoded(tmp_path: Path) -> None:
    _, told = run(tmp_path, study())
    assert (told["file"], told["platform"], told["rows"], told["header_rows"]) == ("staff.csv", "csv", 4, 1)
    assert told["identifiers_dropped"] == ["Email"]
    assert told["unused_columns"] == ["notes"]
    assert told["missing_codes"] == {
        "calm.c3": {"-99": {"label": None, "n": 2}},
        "age": {"-99": {"label": None, "n": 1}},
    }
    assert told["recodings"] == [
        {"column": "calm.c2", "rule": "label", "from": "Never", "to": 1.0, "n": 1},
        {"column": "calm.c2", "rule": "number as text", "from": "2", "to": 2.0, "n": 1},
        {"column": "calm.c2", "rule": "number and label", "from": "3 - Always", "to": 3.0, "n": 1},
    ]


def test_identifiers_and_unnamed_columns_reach_nothing_that_is_written(tmp_path: Path) -> None:
    run(tmp_path, study())
    written = b"".join(path.read_bytes() for path in (tmp_path / "build").rglob("*") if path.is_file())
    assert [word for word in (b"a@b.org", b"private", b"words") if word in written] == []


def test_ids_that_no_roster_lists_are_proposed_and_never_guessed(tmp_path: Path) -> None:
    frame, told = run(tmp_path, study())
    assert told["id_proposals"] == [
        {"level": "team", "column": "team", "typed": "TEAM 1", "n": 1, "rows": [3], "proposals": ["T01"]}
    ]
    assert "exports.staff.correct: {team: {TEAM 1: T01}}" in told["warnings"][0]
    assert frame["_link_team"][2] == "TEAM 1"


def test_an_address_typed_instead_of_a_code_is_left_out(tmp_path: Path) -> None:
    frame, told = run(tmp_path, study(), **spoil(team=["T01", "T01", "me@work.org", "T02"]))
    assert frame["_link_team"].isna().tolist() == [False, False, True, False]
    assert told["warnings"] == [
        "'team': 1 row with an e-mail, network or telephone address instead of an id; left without one"
    ]
    assert told["id_proposals"] == []


def test_corrections_are_applied_and_logged(tmp_path: Path) -> None:
    frame, told = run(tmp_path, study(correct={"team": {"team 1": "T01"}}))
    assert frame["_link_team"].tolist() == ["T01", "T02", "T01", "T02"]
    assert told["id_corrections"] == [{"level": "team", "typed": "TEAM 1", "meant": "T01", "n": 1}]
    assert told["id_proposals"] == []


def test_two_keys_change_the_id_columns_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = study(ids="private", correct={"team": {"Team 1": "T01"}})
    typed = STAFF | {"team": ["T01", "t02", "Team 1", "T77"]}
    written = []
    for key in ("one", "two"):
        monkeypatch.setenv(identity.KEY_FOLDER, str(tmp_path / key))
        root = tmp_path / f"root-{key}"
        frame, _ = run(root, told, staff=typed)
        folder = root / "build" / "made" / "ingest"
        written.append((frame, [path.read_bytes() for path in sorted(folder.glob("*.json"))]))
    (one, told_one), (two, told_two) = written
    assert told_one == told_two
    hidden = ["_id", "_link_team"]
    assert not (one[hidden] == two[hidden]).any(axis=None)
    pd.testing.assert_frame_equal(one.drop(columns=hidden), two.drop(columns=hidden))
    assert one["_link_team"].nunique() == 3
    assert not [word for word in (b"T01", b"T77", b"S1") if word in told_one[0]]
    counted = json.loads(told_one[0])
    assert counted["id_proposals"] == [
        {"level": "team", "column": "team", "typed": None, "n": 1, "rows": [4], "proposals": []}
    ]
    assert counted["id_corrections"] == [{"level": "team", "typed": None, "meant": None, "n": 1}]


def test_runs_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for root in (tmp_path / "a", tmp_path / "b"):
        run(root, study())
        files = outputs(study(), Workspace(root, "made"))
        contents.append([path.read_bytes() for path in files])
    assert contents[0] == contents[1]
    assert len(contents[0]) == 4


def spoil(**columns: Sequence[object]) -> dict[str, Any]:
    return {"staff": {name: each for name, each in (STAFF | columns).items() if each}}


WIDE = {"id": [f"s{n}" for n in range(30)], "team": ["T01", "T02"] * 15}
WIDE |= {name: [1] * 30 for name in ("C1", "C2", "C3", "AGE")}

MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "missing column": (spoil(C2=[]), {}, ["exports/staff.csv", "no column 'C2'", "nearest: C"]),
    "missing columns of every kind": (
        spoil(C2=[], AGE=[], team=[], teams=["T01"] * 4),
        {},
        ["'C2'", "'AGE'", "'team' (nearest: teams)"],
    ),
    "outside the response set": (
        spoil(C1=[1, 9, 3, 9]),
        {},
        [
            *("data/made/exports/staff.csv", "'C1' (calm.c1)", "2 answers", "missing_codes"),
            *("row 2 (row 3 of the sheet), id S2: 9", "row 4", "id S4"),
            "Allowed: 1 Never, 2 Sometimes, 3 Always",
        ],
    ),
    "outside in several columns": (spoil(C1=[1, 9, 3, 1], C3=[0, 1, 2, 3]), {}, ["calm.c1", "calm.c3"]),
    "many outside": ({"staff": WIDE | {"C1": [8] * 30}}, {}, ["30 answers", "row 10 (", "and 20 more"]),
    "a label outside": (spoil(C2=["Seldom", "2", "3", "1"]), {}, ["calm.c2", "'Seldom'"]),
    "an address among answers": (
        spoil(C2=["me@x.org", "2", "3", "1"]),
        {},
        ["calm.c2", "(an e-mail, network or telephone address)"],
    ),
    "text in a covariate": (spoil(AGE=["old", "1", "2", "3"]), {}, ["'AGE' (age)", "not numbers", "'old'"]),
    "identifier as an item": (
        spoil(C2=["a@b.org", "c@d.org", "e@f.org", ""]),
        {},
        ["'C2' identifies people"],
    ),
    "missing code that is an answer": (
        {},
        {"missing_codes": [3]},
        ["missing code 3", "calm.c1, calm.c2, calm.c3"],
    ),
    "clusters all different": (
        spoil(team=["T1", "T2", "T3", "T4"]),
        {},
        ["all 4 rows have a different id of the team in 'team'"],
    ),
    "clusters all the same": (spoil(team=["T1", "t1", " T1", "T1"]), {}, ["all 4 rows have the same id"]),
    "no links": (spoil(team=[None] * 4), {}, ["no row has an id in 'team'"]),
    "public ids that are addresses": (
        spoil(id=STAFF["Email"], C1=[9, 9, 9, 9]),
        {},
        ["'id' are e-mail", "ids: private", "row 1 (row 2 of the sheet): 9"],
    ),
    "answers below a header of identifiers": (
        spoil(Email=["Jo Smith", "", "", ""]),
        {"consent": {"column": "C1", "accept": [1]}, "seconds": "Email"},
        ["'Email' (_seconds)", "row 1 (row 2 of the sheet), id S1: (withheld)"],
    ),
    "consent signed by name": (
        {"staff": WIDE | {"ok": [f"Name {n}" for n in range(30)]}},
        {"consent": {"column": "ok", "accept": ["yes"]}},
        ["it holds 30 different answers"],
    ),
    "ids shortened by a spreadsheet": (
        spoil(id=["1.33764E+10", "1.33764E+10", "2.1E+10", "s4"]),
        {},
        ["2 ids in 'id' have been shortened"],
    ),
    "consent that nobody gives": (
        spoil(ok=["Yes", "Yes", "No", ""]),
        {"consent": {"column": "ok", "accept": [1]}},
        ["'ok'", "none of its answers", "'Yes' (2 rows)", "'No' (1 row)"],
    ),
    "seconds that are none": (
        spoil(took=["3 min", "1", "2", "3"]),
        {"seconds": "took"},
        ["'took'", "'3 min'"],
    ),
    "no rows": ({"staff": {name: [] for name in STAFF}}, {}, ["column names but no answers"]),
    "another platform": ({}, {"platform": "spss"}, ["exports/staff.csv", "platform: csv"]),
}


@pytest.mark.parametrize(("exports", "staff", "fragments"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_told(
    tmp_path: Path, exports: dict[str, Any], staff: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(StudyError) as caught:
        run(tmp_path, study(**staff), **exports)
    said = str(caught.value)
    assert [fragment for fragment in fragments if fragment not in said] == []
    assert not [word for word in ("a@b.org", "Jo Smith", "Name 3") if word.casefold() in said.casefold()]
    assert not (tmp_path / "build").exists()


def test_private_ids_stay_out_of_messages(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        run(tmp_path, study(ids="private"), **spoil(C1=[1, 9, 3, 9]))
    assert "row 2 (row 3 of the sheet): 9" in str(caught.value)
    assert "S2" not in str(caught.value)


FILES: dict[str, tuple[str, list[str]]] = {
    "misspelt": (
        "exports/staf.csv",
        ["no file exports/staf.csv in data/made", "did you mean 'exports/staff.csv'?"],
    ),
    "without the folder": ("staff.csv", ["did you mean 'exports/staff.csv'?"]),
    "unlike any": ("exports/zzzzzz.sav", ["there is exports/staff.csv, exports/teams.csv"]),
}


@pytest.mark.parametrize(("file", "fragments"), FILES.values(), ids=FILES)
def test_a_missing_file_is_told_with_the_nearest(tmp_path: Path, file: str, fragments: list[str]) -> None:
    with pytest.raises(StudyError) as caught:
        run(tmp_path, study(file=file))
    assert [fragment for fragment in fragments if fragment not in str(caught.value)] == []


QUALTRICS = [
    ["StartDate", "EndDate", "Status", "Duration (in seconds)", "DistributionChannel", "id", "team", "ok"],
    ["Start", "End", "Type", "Duration", "Channel", "Id", "Team", "<script>ok</script>"],
]
ROWS = [
    ["2024-03-09 09:00:00", "2024-03-09 09:10:00", "0", "600", "anonymous", "s1", "T01", "1"],
    ["2024-03-11 09:00:00", "2024-03-11 09:10:00", "1", "60", "preview", "s2", "T01", "1"],
    ["2024-03-11 10:00:00", "2024-03-11 10:10:00", "2", "60", "anonymous", "s3", "T02", "2"],
    ["2024-03-11 11:00:00", "", "9", "60", "anonymous", "s4", "T02", ""],
    ["3/11/24 11:00", "", "0", "60", "test", "s5", "T02", "1"],
]
IDS = [json.dumps({"ImportId": f"QID{n}", "timeZone": "America/Chicago"}) for n in range(12)]


def qualtrics(root: Path, status: Mapping[str, str] | None = None) -> pd.DataFrame:
    header = [*QUALTRICS[0], "C1", "C2", "C3", "AGE"]
    text = [*QUALTRICS[1], "=1+1", "b", "c", "d"]
    rows = [[*((status or {}).get(cell, cell) for cell in row), "1", "2", "3", "40"] for row in ROWS]
    workspace = save(root)
    pd.DataFrame([text, IDS, *rows], columns=header).to_csv(
        workspace.declared / "exports" / "staff.csv", index=False
    )
    told = study(platform="qualtrics", consent={"column": "ok", "accept": [1]})
    ingest(told, workspace)
    return read_frame(workspace.build / "ingest" / "staff.parquet")


def test_what_qualtrics_records_beside_the_answers(tmp_path: Path) -> None:
    frame = qualtrics(tmp_path)
    assert frame["_preview"].tolist() == [False, True, True, True, True]
    assert frame["_consent"].tolist() == [True, True, False, pd.NA, True]
    assert frame["_seconds"].tolist() == [600, 60, 60, 60, 60]
    assert frame["_started"].tolist()[:2] == ["2024-03-09T09:00:00-06:00", "2024-03-11T09:00:00-05:00"]
    assert frame["_finished"].isna().tolist() == [False, False, False, True, True]
    told = read_json(tmp_path / "build" / "made" / "ingest" / "staff.json")
    assert told["warnings"] == ["'StartDate': 1 moment not written as 2024-12-31 09:30:00"]
    assert told["labels"]["calm.c1"] == "=1+1"
    assert told["header_rows"] == 3


def test_previews_by_their_words(tmp_path: Path) -> None:
    words = {"0": "IP Address", "1": "Survey Preview", "2": "Survey Test", "9": "Spam Preview", "test": "gl"}
    frame = qualtrics(tmp_path, {word: text for word, text in words.items() if word != "1"})
    assert frame["_preview"].tolist() == [False, True, True, True, False]


def test_spss_labels_and_user_missing_codes(tmp_path: Path) -> None:
    workspace = save(tmp_path)
    frame = pd.DataFrame(
        {
            "id": ["s1", "s2", "s3", "s4"],
            "team": [1.0, 1.0, 2.0, 2.0],
            "C1": [0.0, 1.0, 2.0, -77.0],
            "C2": [1.0, 2.0, 3.0, 1.0],
            "C3": [1.0, 1.0, 2.0, 3.0],
            "AGE": [30.0, 999.0, 40.0, 50.0],
            "ok": [1.0, 1.0, 2.0, 1.0],
        }
    )
    pyreadstat.write_sav(
        frame,
        str(workspace.declared / "exports" / "staff.sav"),
        column_labels={"C1": "<img src=x onerror=alert(1)>"},
        variable_value_labels={
            "C1": {0: "never", 1: "Sometimes", 2: "ALWAYS", -77: "Refused"},
            "ok": {1: "Yes", 2: "No"},
        },
        missing_ranges={"C1": [-77], "AGE": [999], "C3": [{"lo": -9, "hi": 1}]},
    )
    told = study(platform="spss", file="exports/staff.sav", consent={"column": "ok", "accept": ["yes"]})
    ingest(told, workspace)
    found = read_frame(workspace.build / "ingest" / "staff.parquet")
    results = read_json(workspace.build / "ingest" / "staff.json")
    assert found["calm.c1"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert math.isnan(found["calm.c1"][3])
    assert found["_consent"].tolist() == [True, True, False, True]
    assert found["_link_team"].tolist() == ["1", "1", "2", "2"]
    assert results["missing_codes"] == {
        "calm.c1": {"-77": {"label": "Refused", "n": 1}},
        "calm.c3": {"1": {"label": None, "n": 2}},
        "age": {"999": {"label": None, "n": 1}},
    }
    assert {(one["rule"], one["from"], one["to"]) for one in results["recodings"]} == {
        ("value label of the file", "0", 1.0),
        ("value label of the file", "1", 2.0),
        ("value label of the file", "2", 3.0),
    }
    assert results["labels"]["calm.c1"] == "<img src=x onerror=alert(1)>"
    assert any("calm.c3: the file declares 1 as missing" in warning for warning in results["warnings"])


def test_ready_scores_take_the_name_of_their_scale(tmp_path: Path) -> None:
    told = made.study(
        {"calm": {"export": "staff", "score": "LEAD"}},
        {"staff": {"level": "staff", "id": None, "links": {"team": "team"}}},
        LEVELS,
        {},
        ids="public",
    )
    workspace = save(tmp_path, staff={"team": [1, 1, 2, 2], "LEAD": [1.5, 2.25, "", 4]})
    ingest(told, workspace)
    frame = read_frame(workspace.build / "ingest" / "staff.parquet")
    assert frame["calm"].dropna().tolist() == [1.5, 2.25, 4.0]
    assert frame["_id"].isna().all()


def test_what_a_stage_depends_on() -> None:
    told, workspace = study(), Workspace(Path("root"), "made")
    assert [path.as_posix() for path in inputs(told, workspace)] == [
        "root/data/made/exports/staff.csv",
        "root/data/made/exports/teams.csv",
    ]
    assert [path.name for path in outputs(told, workspace)] == [
        "staff.parquet",
        "staff.json",
        "teams.parquet",
        "teams.json",
    ]
    json.dumps(declared(told))
    assert declared(told) == declared(study())
    assert declared(told) != declared(study(missing_codes=[-98]))
    assert declared(told) != declared(study(ids="private"))
