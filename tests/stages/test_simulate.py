"""The demonstration is rebuilt to the byte, from what the study declares; real data are never overwritten."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from pipeline.declaration import StudyError
from pipeline.demonstration import truth
from pipeline.stages.artefacts import Workspace, read_frame
from pipeline.stages.ingest import ingest
from pipeline.stages.screen import screen
from pipeline.stages.simulate import declared, inputs, outputs, simulate
from pipeline.study import LoadedStudy, load_study

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "exports/clients_synthetic.sav",
    "exports/staff_synthetic.csv",
    "exports/teams_synthetic.csv",
    "truth.json",
)


@pytest.fixture(scope="module")
def study() -> LoadedStudy:
    return load_study(ROOT, "demo")


@pytest.fixture(scope="module")
def rebuilt(study: LoadedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace(tmp_path_factory.mktemp("rebuilt"), "demo")
    simulate(study, workspace)
    return workspace.declared


@pytest.mark.parametrize("name", FILES)
def test_the_shipped_files_are_rebuilt_to_the_byte(rebuilt: Path, name: str) -> None:
    assert (rebuilt / name).read_bytes() == (ROOT / "data" / "demo" / name).read_bytes()


def test_another_place_gives_the_same_bytes_and_the_clock_is_left_out(
    study: LoadedStudy, rebuilt: Path, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "elsewhere", "demo")
    simulate(study, workspace)
    for name in FILES:
        assert (workspace.declared / name).read_bytes() == (rebuilt / name).read_bytes()
    assert not [path for path in workspace.declared.rglob("*") if "partial" in path.name]
    _, meta = pyreadstat.read_sav(rebuilt / FILES[0], metadataonly=True)
    assert str(meta.creation_time) == "2026-11-23 00:00:00"


def test_it_writes_what_it_says_it_writes(study: LoadedStudy, rebuilt: Path) -> None:
    workspace = Workspace(rebuilt.parent.parent, "demo")
    assert inputs(study, workspace) == ()
    assert {str(path.relative_to(rebuilt)).replace(os.sep, "/") for path in outputs(study, workspace)} == set(
        FILES
    )
    assert all(path.exists() for path in outputs(study, workspace))
    json.dumps(declared(study))


def test_synthetic_is_said_wherever_the_data_appear(study: LoadedStudy) -> None:
    folder = ROOT / "data" / "demo"
    assert study.declared.synthetic is True
    assert all("synthetic" in export.file for export in study.declared.exports.values())
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8"))["synthetic"] is True
    assert "SYNTHETIC DATA" in (folder / FILES[1]).read_text(encoding="utf-8").splitlines()[1]
    _, meta = pyreadstat.read_sav(folder / FILES[0], metadataonly=True)
    assert "SYNTHETIC DATA" in meta.file_label
    assert "No person answered" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_client_file_has_labels_codes_and_one_item_turned_round(rebuilt: Path) -> None:
    told = json.loads((rebuilt / "truth.json").read_text(encoding="utf-8"))["exports"]["clients"]
    frame, meta = pyreadstat.read_sav(rebuilt / FILES[0], user_missing=True)
    items = [name for name in meta.column_names if name[:2] in {"WA", "BL", "FN", "AU"}]
    assert len(items) == 35
    assert len(frame) == told["rows"]
    for name in items:
        assert [span["lo"] for span in meta.missing_ranges[name]] == [-9, -8]
        assert sorted(meta.variable_value_labels[name]) == [-9, -8, 1, 2, 3, 4, 5]
    counts = {str(code): int((frame[items] == code).to_numpy().sum()) for code in (-8, -9)}
    assert counts == told["item_missing"]["codes"]
    answers = frame[items].where(frame[items] > 0)
    correlation = answers[["BL01", "BL03", "BL06"]].corr().loc["BL01"]
    assert correlation["BL03"] > 0.3
    assert correlation["BL06"] < -0.3


def test_planted_rows_are_found_in_the_files_under_the_recorded_numbers(rebuilt: Path) -> None:
    told = json.loads((rebuilt / "truth.json").read_text(encoding="utf-8"))["exports"]
    staff = pd.read_csv(rebuilt / FILES[1], skiprows=[1, 2], dtype=str, keep_default_na=False)
    clients, _ = pyreadstat.read_sav(rebuilt / FILES[0], user_missing=True)
    assert _numbers(staff["Status"] == "1") == told["staff"]["preview"]["rows"]
    assert _numbers(staff["Status"] == "2") == told["staff"]["test"]["rows"]
    assert _numbers(staff["consent"] == "2") == told["staff"]["no_consent"]["rows"]
    assert _numbers(staff["Finished"] == "0") == told["staff"]["too_few_answers"]["rows"]
    assert _numbers(staff["staff_code"].duplicated()) == told["staff"]["duplicate"]["rows"]
    assert _numbers(clients["CONSENT"] == 2) == told["clients"]["no_consent"]["rows"]
    assert _numbers(clients["CLIENT_ID"].duplicated()) == told["clients"]["duplicate"]["rows"]


@pytest.fixture(scope="module")
def exclusions(study: LoadedStudy, rebuilt: Path) -> pd.DataFrame:
    workspace = Workspace(rebuilt.parent.parent, "demo")
    ingest(study, workspace)
    screen(study, workspace)
    return read_frame(workspace.build / "screen" / "exclusions.parquet")


@pytest.mark.parametrize(
    ("export", "reason", "planted"),
    [
        ("staff", "preview or test", ("preview", "test")),
        ("staff", "no consent", ("no_consent",)),
        ("staff", "too few answers", ("too_few_answers",)),
        ("staff", "duplicate", ("duplicate",)),
        ("staff", "straight-lining", ("straight_lining",)),
        ("staff", "speeding", ("speeding",)),
        ("clients", "no consent", ("no_consent",)),
        ("clients", "too few answers", ("too_few_answers",)),
        ("clients", "duplicate", ("duplicate",)),
        ("clients", "straight-lining", ("straight_lining",)),
        ("clients", "speeding", ("speeding",)),
    ],
)
def test_screening_finds_each_planted_row_and_no_other(
    exclusions: pd.DataFrame, rebuilt: Path, export: str, reason: str, planted: tuple[str, ...]
) -> None:
    told = json.loads((rebuilt / "truth.json").read_text(encoding="utf-8"))["exports"][export]
    found = exclusions.query("export == @export and reason == @reason")["row"]
    assert sorted(found) == sorted(row for kind in planted for row in told[kind]["rows"])


def test_the_seed_is_the_one_that_was_chosen_beforehand() -> None:
    assert truth.SEED == 20261123


@pytest.mark.parametrize("name", ["army-climate", "army-leadership"])
def test_real_data_are_never_overwritten(name: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="these data are real"):
        simulate(load_study(ROOT, name), Workspace(tmp_path, name))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("leader_trust: {title: Trust", "trust: {title: Trust", "a scale for: leader_trust"),
        (", seconds: SECONDS", "", "a declared column for: client_seconds"),
        ("level: team, kind: roster", "level: team", "level 'team', kind roster"),
    ],
)
def test_a_study_that_the_model_does_not_fit_is_told_why(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    shutil.copytree(ROOT / "instruments", tmp_path / "instruments")
    folder = tmp_path / "data" / "demo"
    folder.mkdir(parents=True)
    text = (ROOT / "data" / "demo" / "study.yaml").read_text(encoding="utf-8")
    assert before in text
    (folder / "study.yaml").write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        simulate(load_study(tmp_path, "demo"), Workspace(tmp_path, "demo"))


def _numbers(flags: pd.Series[bool]) -> list[int]:
    return [place + 1 for place, flag in enumerate(flags) if flag]
