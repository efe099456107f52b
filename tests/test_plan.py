"""The plan: what an edit runs again and what not; a failed stage leaves the last good files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import small_study

from pipeline import plan
from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study


def build(root: Path) -> Path:
    """The small study with a page as its only report."""
    folder = small_study.build(root)
    replace(folder / "study.yaml", "ids: public", "ids: public\nreport: {formats: [html]}")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The study as it is before its first run."""
    return build(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study after a run, to be copied."""
    root = build(tmp_path_factory.mktemp("made"))
    run(root)
    return root


@pytest.fixture
def done(made: Path, tmp_path: Path) -> Path:
    """The study after a run, in a place of its own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(root: Path) -> list[str]:
    """Bring the study up to date; return the stages that ran."""
    said: list[str] = []
    plan.run(load_study(root, "small"), Workspace(root, "small"), said.append)
    return sorted((line.split()[0] for line in said if line.startswith("  ")), key=plan.STAGES.index)


def outdated(root: Path) -> dict[str, tuple[str, ...]]:
    stages = plan.status(load_study(root, "small"), Workspace(root, "small"))
    return {stage.name: stage.reasons for stage in stages if stage.reasons}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_first_run_makes_everything_and_the_second_nothing(root: Path) -> None:
    assert list(outdated(root)) == list(plan.STAGES)
    assert run(root) == list(plan.STAGES)
    before = {path: path.stat().st_mtime_ns for path in (root / "reports" / "small").rglob("*.*")}
    assert (root / "reports" / "small" / "report.html") in before
    assert outdated(root) == {}
    assert run(root) == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


EDITS = {
    "seed": ("data/small/study.yaml", "seed: 7", "seed: 8", ["validate", "model", "report"]),
    "title": ("data/small/study.yaml", "title: A Small Study", "title: Another", ["score", "report"]),
    "screening": (
        "data/small/study.yaml",
        "seed: 7",
        "seed: 7\nscreening: {minimum_answered: 0.4}",
        ["screen", "report"],
    ),
    "comment": ("data/small/study.yaml", "seed: 7", "seed: 7  # a comment", []),
    "key": ("instruments/calm.yaml", "reverse: true", "reverse: false", list(plan.STAGES[1:])),
    "answer": ("data/small/exports/survey.csv", "P000,TEAM00", "P000,TEAM01", list(plan.STAGES)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_reruns_what_depends_on_it(done: Path, edit: tuple[str, str, str, list[str]]) -> None:
    file, old, new, expected = edit
    replace(done / file, old, new)
    ran = run(done)
    assert ran == expected


def test_status_names_what_changed(done: Path) -> None:
    replace(done / "data/small/study.yaml", "seed: 7", "seed: 8")
    reasons = outdated(done)
    assert next(iter(reasons)) == "validate"
    assert all(any("seed" in reason for reason in reasons[stage]) for stage in ("validate", "model"))
    replace(done / "data/small/exports/survey.csv", "P000,TEAM00", "P000,TEAM01")
    assert outdated(done)["ingest"] == ("data/small/exports/survey.csv has changed",)


def test_a_deleted_artefact_is_made_again(done: Path) -> None:
    (done / "build/small/model/model.json").unlink()
    assert run(done) == ["model"]


def test_a_failed_stage_leaves_the_last_good_artefacts(done: Path) -> None:
    good = {
        path: path.read_bytes()
        for path in (done / "build" / "small").rglob("*.json")
        if ".pytask" not in path.parts
    }
    replace(done / "data/small/exports/survey.csv", "P003,TEAM00,", "P003,TEAM00,9")
    with pytest.raises(StudyError, match=r"survey\.csv"):
        run(done)
    assert {path: path.read_bytes() for path in good} == good
    replace(done / "data/small/exports/survey.csv", "P003,TEAM00,9", "P003,TEAM00,")
    assert run(done) == []


def test_a_killed_run_leaves_no_half_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.stages import score

    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(score, "score", die)
        with pytest.raises((KeyboardInterrupt, SystemExit, RuntimeError)):
            run(root)
    assert not list((root / "build").rglob("*.partial*"))
    assert run(root)[0] == "score"


@pytest.mark.parametrize(
    ("module", "reached", "not_reached"),
    [
        ("pipeline.stages.ingest", "exports/qualtrics.py", "reporting/html.py"),
        ("pipeline.stages.report", "reporting/html.py", "mediation/decomposed.py"),
        ("pipeline.stages.model", "mediation/decomposed.py", "exports/qualtrics.py"),
    ],
)
def test_a_stage_depends_on_the_modules_that_it_imports(module: str, reached: str, not_reached: str) -> None:
    found = {path.relative_to(plan.PACKAGE).as_posix() for path in plan.code_of(module)}
    assert reached in found
    assert not_reached not in found
    assert "study/loaded.py" in found


def test_tracked_data_of_a_private_study_are_warned_of(root: Path) -> None:
    import subprocess

    for command in (["git", "init", "-q"], ["git", "add", "-f", "data/small/exports/survey.csv"]):
        subprocess.run(command, cwd=root, check=True)
    workspace = Workspace(root, "small")
    assert plan.warn_of_tracked_data(load_study(root, "small"), workspace) == ()
    replace(root / "data/small/study.yaml", "ids: public", "ids: private")
    (warning,) = plan.warn_of_tracked_data(load_study(root, "small"), workspace)
    assert "git rm --cached 'data/small/exports/survey.csv'" in warning


RUN_SMALL = """
import sys
from pathlib import Path
from pipeline import plan
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study
root = Path(sys.argv[1])
plan.run(load_study(root, "small"), Workspace(root, "small"), lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study run in one go, in all formats."""
    folder = tmp_path_factory.mktemp("whole")
    small_study.build(folder)
    run(folder)
    return folder


@pytest.mark.parametrize("stage", ["ingest", "score", "model"])
def test_a_run_killed_outright_is_picked_up_with_the_same_result(
    tmp_path: Path, whole: Path, stage: str
) -> None:
    import subprocess
    import sys

    root = tmp_path
    small_study.build(root)
    command = [sys.executable, "-c", RUN_SMALL, str(root)]
    with subprocess.Popen(command, cwd=small_study.REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.split()[0] == stage:
                process.kill()
    assert "report" in outdated(root)
    run(root)
    for name in ("results.json", "report.html", "report.docx", "report.pdf"):
        made = [folder / "reports" / "small" / name for folder in (root, whole)]
        assert made[0].read_bytes() == made[1].read_bytes(), name


def test_two_keys_for_private_ids_give_the_same_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, ids = [], []
    for key in ("one", "two"):
        root = tmp_path / key
        small_study.build(root)
        replace(root / "data/small/study.yaml", "ids: public", "ids: private\nreport: {formats: [html]}")
        monkeypatch.setenv("SURVEY_PIPELINE_KEY_DIR", str(tmp_path / f"keys-{key}"))
        run(root)
        results.append((root / "reports/small/results.json").read_bytes())
        ids.append(
            (root / "build/small/scores.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[0]
        )
    assert results[0] == results[1]
    assert ids[0] != ids[1]
    assert "P000" not in ids
