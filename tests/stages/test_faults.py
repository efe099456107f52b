"""Faults of the machine: what the disk refuses, two runs at once, and a power cut at any moment."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_study

from pipeline import cli
from pipeline.declaration import StudyError
from pipeline.stages import ingest
from pipeline.stages.artefacts import Workspace, write_whole
from pipeline.stages.locking import alone
from pipeline.study import load_study

REPOSITORY = small_study.REPOSITORY
KILLS = 50


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_study.build(tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path


REFUSED = {errno.ENOSPC: "make room", errno.EROFS: "read-only", errno.EACCES: "yours to write"}


@pytest.mark.parametrize(("number", "hint"), REFUSED.items(), ids=["full", "read-only", "not ours"])
@pytest.mark.parametrize("moment", ["while writing", "while moving"])
def test_what_the_disk_refuses_is_told_and_the_last_good_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str, moment: str
) -> None:
    path = tmp_path / "results.json"
    path.write_text("good", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    def write(partial: Path) -> None:
        partial.write_text("half", encoding="utf-8")
        if moment == "while writing":
            refuse()

    if moment == "while moving":
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StudyError, match=hint):
        write_whole(path, write)
    assert path.read_text(encoding="utf-8") == "good"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_ends_a_run_with_status_1(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert cli.main(["report", "small"]) == 1
    assert "no space left" in capsys.readouterr().err


def test_a_second_run_of_one_study_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = Workspace(root, "small")
    with alone(workspace):
        assert cli.main(["report", "small"]) == 1
        assert "another run of this study is under way" in capsys.readouterr().err
        assert not (workspace.build / "ingest").exists()
    with alone(workspace):
        pass


def test_a_lock_dies_with_its_process(root: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from pipeline.stages.artefacts import Workspace; from pipeline.stages.locking import alone\n"
        "with alone(Workspace(Path(sys.argv[1]), 'small')):\n    print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(root)], cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    workspace = Workspace(root, "small")
    with pytest.raises(StudyError), alone(workspace):
        pass
    holder.kill()
    holder.wait()
    with alone(workspace):
        pass


def test_a_link_out_of_the_study_is_refused(root: Path) -> None:
    secret = root.parent / f"{root.name}-secret.csv"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    survey = root / "data" / "small" / "exports" / "survey.csv"
    survey.unlink()
    survey.symlink_to(secret)
    with pytest.raises(StudyError, match="study's own folder"):
        load_study(root, "small")


@pytest.mark.parametrize("file", ["../../../etc/passwd", "/etc/passwd", "exports/../../x.csv", "C:\\x.csv"])
@pytest.mark.parametrize("key", ["file", "dictionary"])
def test_a_path_out_of_the_study_is_refused(root: Path, key: str, file: str) -> None:
    study = root / "data" / "small" / "study.yaml"
    text = study.read_text(encoding="utf-8")
    new = f"file: '{file}'" if key == "file" else f"dictionary: '{file}', file: exports/survey.csv"
    study.write_text(text.replace("file: exports/survey.csv", new), encoding="utf-8")
    with pytest.raises(StudyError, match="study's own folder"):
        load_study(root, "small")


def test_ingest_never_writes_to_the_exports(root: Path) -> None:
    survey = root / "data" / "small" / "exports" / "survey.csv"
    before = (survey.read_bytes(), survey.stat().st_mtime_ns, sorted((root / "data").rglob("*")))
    ingest.ingest(load_study(root, "small"), Workspace(root, "small"))
    assert before == (survey.read_bytes(), survey.stat().st_mtime_ns, sorted((root / "data").rglob("*")))


RUN = "import sys; from pathlib import Path; from pipeline import cli; cli.ROOT = Path(sys.argv[1]); "
RUN += "sys.exit(cli.main(['report', 'small']))"


def start(root: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, str(root)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not there")
def test_a_run_that_is_killed_at_any_moment_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Kill runs at random moments, spread over a run; the next whole run writes what a quiet one does."""
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    small_study.build(quiet)
    small_study.build(killed)
    began = time.monotonic()
    assert start(quiet).wait() == 0
    whole = time.monotonic() - began
    draw = random.Random(20261123)
    for _ in range(KILLS):
        run = start(killed)
        time.sleep(draw.uniform(0.05, 1.0) * whole)
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert start(killed).wait() == 0
    results = [root / "reports" / "small" / "results.json" for root in (quiet, killed)]
    assert results[0].read_bytes() == results[1].read_bytes()
    assert [path.name for path in (killed / "reports").rglob("*.partial*") if path.is_file()] == []
