"""Nobody is exposed: planted identifiers reach no output, safety items and small cells stay hidden."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pytest
import small_study
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import cli
from pipeline.declaration import StudyError
from pipeline.exports.inspection import inspect_export
from pipeline.stages import identity, ingest, score, screen
from pipeline.stages.artefacts import Workspace, read_json
from pipeline.stages.small_cells import withheld
from pipeline.study import load_study

N = 144
PLANTED: dict[str, Sequence[str]] = {
    "IPAddress": [f"192.0.2.{i}" for i in range(N)],
    "mail": [f"planted{i}@example.org" for i in range(N)],
    "reach": [f"+44 20 7946 {1000 + i}" for i in range(N)],
    "who": [
        f"Quentin{'abcdefghij'[i % 10]} Plantagenet{'klmnopqrst'[i // 10 % 10]}{'uvwx'[i % 4]}"
        for i in range(N)
    ],
    "place": [f"51.{50000 + i}, -0.{12000 + i}" for i in range(N)],
    "device": [f"00:1B:44:11:3A:{i:02X}" for i in range(N)],
    "born": [f"{1950 + i % 50}-03-{1 + i % 28:02}" for i in range(N)],
    "remarks": [f"please ring me at 555-123-{4000 + i} or so" for i in range(N)],
}
MARKS = [
    b"192.0.2.",
    b"planted",
    b"20 7946 1",
    b"Plantagenet",
    b", -0.12",
    b"1B:44",
    b"-03-1",
    b"555-123",
    b"quixotic",
]
FREE_TEXT = [f"my quixotic views on shift number {i} are long and my own" for i in range(N)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = small_study.build(tmp_path)
    path = folder / "exports" / "survey.csv"
    pd.read_csv(path).assign(**PLANTED, views=FREE_TEXT).to_csv(path, index=False)
    study = folder / "study.yaml"
    study.write_text(
        study.read_text(encoding="utf-8").replace("ids: public", "ids: private"), encoding="utf-8"
    )
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setenv(identity.KEY_FOLDER, str(tmp_path.parent / f"{tmp_path.name}-keys"))
    return tmp_path


def written(root: Path, *folders: str) -> bytes:
    paths = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return b"\0".join(path.read_bytes() for path in paths)


def found_in(text: bytes, marks: Sequence[bytes] = MARKS) -> list[bytes]:
    return [mark for mark in marks if mark in text]


def test_planted_identifiers_are_all_found_and_reach_nothing(root: Path) -> None:
    told, workspace = load_study(root, "small"), Workspace(root, "small")
    for stage in (ingest.ingest, screen.screen, score.score):
        stage(told, workspace)
    assert found_in(written(root, "data")) == MARKS
    assert found_in(written(root, "build"), [*MARKS, b"P003", b"TEAM03"]) == []
    assert read_json(workspace.build / "ingest" / "survey.json")["identifiers_dropped"] == list(PLANTED)


@pytest.mark.slow
def test_planted_identifiers_reach_no_report(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "small"]) == 0
    told = capfd.readouterr()
    text = written(root, "build", "reports") + (told.out + told.err).encode()
    assert found_in(text, [*MARKS, b"P003", b"TEAM03"]) == []


def test_inspect_names_such_columns_and_repeats_none_of_their_cells(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "data" / "small" / "exports" / "survey.csv"
    assert cli.main(["inspect", str(path)]) == 0
    assert cli.main(["inspect", str(path), "--json"]) == 0
    assert found_in(capsys.readouterr().out.encode()) == []
    assert set(PLANTED) <= set(inspect_export(path).identifiers)


TYPED = ["planted@example.org", "call 555-123-4567 please", "Quentin Plantagenet", "192.0.2.7"]


@pytest.mark.parametrize("typed", TYPED)
def test_an_answer_that_names_somebody_is_in_no_message(root: Path, typed: str) -> None:
    path = root / "data" / "small" / "exports" / "survey.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[3, "W1"] = typed
    frame.to_csv(path, index=False)
    with pytest.raises(StudyError) as caught:
        ingest.ingest(load_study(root, "small"), Workspace(root, "small"))
    assert "W1" in str(caught.value)
    assert typed not in str(caught.value)


def test_the_key_is_for_its_owner_alone_and_warned_about_where_it_is_not(root: Path) -> None:
    identity.study_key("small", root)
    path = identity.key_folder() / "small.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert identity.key_warnings("small") == ()
    path.chmod(0o644)
    (warning,) = identity.key_warnings("small")
    assert "mode 644" in warning
    assert "chmod 600" in warning
    path.chmod(0o600)
    git = ["git", "-C", str(path.parent)]
    for command in (["init", "-q"], ["add", "small.key"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    (warning,) = identity.key_warnings("small")
    assert "tracked by git" in warning


def safety_study(answers: Sequence[object], tmp_path: Path) -> tuple[Any, Workspace]:
    calm = made.instrument("calm").model_copy(
        update={
            "safety_items": ("c3",),
            "response_sets": {"codes": {1: "Not at all", 2: "Several days", 3: "Nearly every day"}},
        }
    )
    told = made.study(
        {"calm": {"export": "staff"}},
        {"staff": {"level": "staff"}},
        {"staff": {}},
        {"calm": calm},
        ids="public",
    )
    folder = tmp_path / "data" / "made" / "exports"
    folder.mkdir(parents=True)
    n = len(answers)
    frame = pd.DataFrame({"id": [f"S{i}" for i in range(n)], "C1": [1] * n, "C2": [2] * n, "C3": answers})
    frame.to_csv(folder / "staff.csv", index=False)
    return told, Workspace(tmp_path, "made")


def test_a_safety_items_small_counts_are_withheld_with_their_complement(tmp_path: Path) -> None:
    answers = ["Not at all"] * 20 + ["Several days"] * 8 + ["Nearly every day"]
    told, workspace = safety_study(answers, tmp_path)
    ingest.ingest(told, workspace)
    log = read_json(workspace.build / "ingest" / "staff.json")["recodings"]
    assert {one["from"]: one["n"] for one in log} == {
        "Not at all": 20,
        "Several days": None,
        "Nearly every day": None,
    }


def test_a_safety_items_answer_is_shown_for_nobody(tmp_path: Path) -> None:
    told, workspace = safety_study(["Not at all"] * 9 + ["Every night"], tmp_path)
    with pytest.raises(StudyError) as caught:
        ingest.ingest(told, workspace)
    assert "(withheld)" in str(caught.value)
    assert "Every night" not in str(caught.value)
    assert "S9" not in str(caught.value)


def test_a_safety_item_is_in_no_file_of_scores(tmp_path: Path) -> None:
    told, workspace = safety_study([1] * 6 + [2] * 6, tmp_path)
    for stage in (ingest.ingest, screen.screen, score.score):
        stage(told, workspace)
    names = pd.read_csv(workspace.build / "scores.csv").columns
    assert "calm" in names
    assert [name for name in names if name.startswith("calm.")] == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(counts=st.dictionaries(st.integers(), st.integers(0, 30), max_size=8), threshold=st.integers(0, 10))
def test_no_small_cell_can_be_worked_out_from_the_total(counts: dict[int, int], threshold: int) -> None:
    shown = withheld(counts, threshold)
    hidden = [counts[key] for key, n in shown.items() if n is None]
    assert all(n is None or n == 0 or n >= threshold for n in shown.values())
    assert [key for key, n in shown.items() if n not in (None, counts[key])] == []
    everything = [n for n in counts.values() if n]
    assert len(hidden) != 1 or everything == hidden
    assert not hidden or sum(hidden) >= threshold or sorted(hidden) == sorted(everything)
