"""Several versions of one form: joined as declared, differences told, nothing merged silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pyreadstat
import pytest

from pipeline.declaration import StudyError
from pipeline.exports import read_export
from pipeline.stages.artefacts import Workspace, read_frame, read_json
from pipeline.stages.ingest import ingest, inputs
from pipeline.study import LoadedStudy, load_study

FIVE = {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"}
STAFF: Mapping[str, Sequence[object]] = {
    "id": [f"S{i}" for i in range(8)],
    "team": ["T01", "T01", "T01", "T01", "T02", "T02", "T02", "T02"],
    "C1": [1, 2, 3, 4, 5, 4, 3, 2],
    "C2": [5, 4, 3, 2, 1, 2, 3, 4],
    "C3": [1, 1, 2, 3, 4, 5, 5, 4],
}
LATER: Mapping[str, Sequence[object]] = {
    "id": [f"L{i}" for i in range(4)],
    "team": ["T01", "T01", "T02", "T02"],
    "C1": [2, 3, 4, 5],
    "C2": [5, 4, 3, 3],
    "C3": [1, 2, 3, 4],
}
SECOND = {"file": "exports/later.csv"}


def study(**staff: Any) -> LoadedStudy:
    calm = made.instrument("calm").model_copy(update={"response_sets": {"frequency": FIVE}})
    exports = {
        "staff": {"level": "staff", "links": {"team": "team"}, **staff},
        "teams": {"level": "team", "kind": "roster"},
    }
    levels = {"staff": {"within": "team"}, "team": {}}
    return made.study({"calm": {"export": "staff"}}, exports, levels, {"calm": calm}, ids="public")


def saved(root: Path, **columns: Sequence[object]) -> Workspace:
    folder = root / "data" / "made" / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({**STAFF, **columns}).to_csv(folder / "staff.csv", index=False)
    pd.DataFrame({"id": ["T01", "T02"]}).to_csv(folder / "teams.csv", index=False)
    return Workspace(root, "made")


def run(root: Path, told: LoadedStudy, **columns: Sequence[object]) -> tuple[pd.DataFrame, dict[str, Any]]:
    workspace = saved(root, **columns)
    ingest(told, workspace)
    folder = workspace.build / "ingest"
    return read_frame(folder / "staff.parquet"), read_json(folder / "staff.json")


def later(root: Path, change: Mapping[str, Sequence[object] | None]) -> None:
    columns = {name: cells for name, cells in {**LATER, **change}.items() if cells is not None}
    folder = root / "data" / "made" / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(folder / "later.csv", index=False)


def both(
    root: Path,
    change: Mapping[str, Sequence[object] | None],
    *,
    first: Mapping[str, Any] | None = None,
    **second: Any,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    later(root, change)
    return run(root, study(versions=[{**SECOND, **second}], **(first or {})))


def test_rows_of_a_later_version_follow_and_its_origin_is_told(tmp_path: Path) -> None:
    frame, told = both(tmp_path, {})
    assert frame["_id"].tolist() == [*STAFF["id"], *LATER["id"]]
    assert frame["calm.c1"].tolist() == [*STAFF["C1"], *LATER["C1"]]
    assert frame["_row"].tolist() == list(range(1, 13))
    assert (told["file"], told["rows"]) == ("staff.csv + later.csv", 12)
    assert [(one["file"], one["rows"]) for one in told["versions"]] == [("staff.csv", 8), ("later.csv", 4)]
    assert len({one["sha256"] for one in told["versions"]} | {told["sha256"]}) == 3


JOINED: dict[str, tuple[dict[str, Any], dict[str, Any], list[float], str]] = {
    "renamed": (
        {"C1": None, "CALM_1": [2, 3, 4, 5]},
        {"renamed": {"CALM_1": "C1"}},
        [2, 3, 4, 5],
        "not the same answers in every version: 'C1'",
    ),
    "not asked": ({"C1": None}, {"without": ["C1"]}, [], "later.csv (4 rows) does not have: 'C1'"),
    "other options": (
        {"C1": [10, 20, 30, 50]},
        {"recoded": {"C1": {10: 1, 20: 2, 30: 3, 50: 5}}},
        [1, 2, 3, 5],
        "'C1': 4 answers taken for those of the first version, as declared",
    ),
    "options by another name": (
        {"C1": ["Not ever", "Rarely", "Often", "All the time"]},
        {"recoded": {"C1": {"Not ever": "Never", "All the time": "Always"}}},
        [1, 2, 4, 5],
        "'C1': 2 answers taken",
    ),
}


@pytest.mark.parametrize(("change", "second", "expected", "note"), JOINED.values(), ids=JOINED)
def test_what_a_version_has_otherwise_is_joined_as_declared(
    tmp_path: Path, change: dict[str, Any], second: dict[str, Any], expected: list[float], note: str
) -> None:
    frame, told = both(tmp_path, change, **second)
    assert frame["calm.c1"][8:].dropna().tolist() == expected
    assert frame["calm.c1"][:8].tolist() == STAFF["C1"]
    assert any(note in one for one in told["notes"])


def test_a_question_that_a_later_version_adds_is_declared_too(tmp_path: Path) -> None:
    later(tmp_path, {})
    workspace = saved(tmp_path)
    path = workspace.declared / "exports" / "staff.csv"
    pd.read_csv(path).drop(columns="C3").to_csv(path, index=False)
    with pytest.raises(StudyError, match=r"staff\.csv: this version of the form lacks 'C3'"):
        ingest(study(versions=[SECOND]), workspace)
    ingest(study(versions=[SECOND], without=["C3"]), workspace)
    frame = read_frame(workspace.build / "ingest" / "staff.parquet")
    assert frame["calm.c3"].notna().tolist() == [False] * 8 + [True] * 4


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "lacks a column": ({"C1": None}, {}, ["later.csv", "lacks 'C1'", "`renamed`", "`without`"]),
    "renames what is not there": ({}, {"renamed": {"X": "C9"}}, ["later.csv", "'X' that is not there"]),
    "renames onto another": ({"X": [1] * 4}, {"renamed": {"X": "C1"}}, ["there is a 'C1' already"]),
    "says without and has it": ({}, {"without": ["C1"]}, ["`without` names 'C1'", "has them"]),
    "recodes what is not there": ({}, {"recoded": {"X": {1: 2}}}, ["`recoded` names a column 'X'"]),
    "an answer out of the set": ({"C1": [1, 2, 3, 9]}, {}, ["row 4 of later.csv (row 5 of the sheet)", "9"]),
    "another file is missing": ({}, {"file": "exports/latter.csv"}, ["exports/latter.csv", "later.csv"]),
}


@pytest.mark.parametrize(("change", "second", "fragments"), REFUSED.values(), ids=REFUSED)
def test_what_was_not_declared_is_refused(
    tmp_path: Path, change: dict[str, Any], second: dict[str, Any], fragments: list[str]
) -> None:
    with pytest.raises(StudyError) as caught:
        both(tmp_path, change, **second)
    assert [fragment for fragment in fragments if fragment not in str(caught.value)] == []


def sav(path: Path, labels: Mapping[int, str]) -> None:
    frame = pd.DataFrame({**STAFF, "id": [f"{path.stem}{i}" for i in range(8)]}).astype({"C1": float})
    pyreadstat.write_sav(frame, str(path), variable_value_labels={"C1": dict(labels)})


def test_a_code_that_means_something_else_is_refused_until_recoded(tmp_path: Path) -> None:
    folder = saved(tmp_path).declared / "exports"
    sav(folder / "a.sav", {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"})
    sav(folder / "b.sav", {5: "Never", 4: "Rarely", 3: "Sometimes", 2: "Often", 1: "Always"})
    first = {"file": "exports/a.sav", "platform": "spss"}
    with pytest.raises(StudyError, match=r"b\.sav: 'C1': 5 means 'Never', in another version 'Always'"):
        ingest(study(versions=[{"file": "exports/b.sav"}], **first), Workspace(tmp_path, "made"))
    turned = {"recoded": {"C1": {1: 5, 2: 4, 4: 2, 5: 1}}}
    ingest(study(versions=[{"file": "exports/b.sav", **turned}], **first), Workspace(tmp_path, "made"))
    frame = read_frame(tmp_path / "build" / "made" / "ingest" / "staff.parquet")
    assert frame["calm.c1"][8:].tolist() == [6 - float(str(one)) for one in STAFF["C1"]]


def test_versions_within_a_file_are_told_by_question(tmp_path: Path) -> None:
    marks = ["v1"] * 4 + ["v2"] * 4
    asked = [None] * 4 + [1, 2, 3, 4]
    _, told = run(tmp_path, study(version="form"), form=marks, C1=[1, 2, 1, 2, 4, 5, 4, 5], C9=asked)
    notes = "; ".join(told["notes"])
    assert "answered on 2 versions of the form (4, 4 rows)" in notes
    assert "answered on some versions only: 'C9'" in notes
    assert "not the same answers on every version: 'C1'" in notes


def test_every_version_is_an_input_of_the_stage(tmp_path: Path) -> None:
    told, workspace = study(versions=[SECOND]), Workspace(tmp_path, "made")
    names = [path.name for path in inputs(told, workspace)]
    assert names == ["staff.csv", "later.csv", "teams.csv"]


def test_a_version_out_of_the_study_is_refused(tmp_path: Path) -> None:
    import small_study

    small_study.build(tmp_path)
    path = tmp_path / "data" / "small" / "study.yaml"
    text = path.read_text(encoding="utf-8")
    more = "file: exports/survey.csv, versions: [{file: ../../secret.csv}]"
    path.write_text(text.replace("file: exports/survey.csv", more), encoding="utf-8")
    with pytest.raises(StudyError, match="study's own folder"):
        load_study(tmp_path, "small")


def test_a_file_alone_names_no_versions(tmp_path: Path) -> None:
    _, told = run(tmp_path, study())
    assert "versions" not in told
    assert read_json(tmp_path / "build" / "made" / "ingest" / "staff.json") == told
    assert read_export(tmp_path / "data/made/exports/staff.csv", "csv").starts == ()
