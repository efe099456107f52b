"""Faults of the machine: what the disk refuses, two runs at once, and a power cut at any moment."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small_study

from pipeline import cli
from pipeline.declaration import StudyError
from pipeline.stages import ingest, score, screen
from pipeline.stages.artefacts import Workspace, write_frame, write_json, write_whole
from pipeline.stages.bundle import bundle
from pipeline.stages.locking import alone
from pipeline.stages.scoresfile import write_still_sav
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


FULL = Path("/dev/full")
FRAME = pd.DataFrame({"a": np.arange(50_000.0), "t": [f"answer {i}" for i in range(50_000)]})
WRITERS: dict[str, Callable[[Path], None]] = {
    "a.parquet": lambda path: write_frame(path, FRAME),
    "a.json": lambda path: write_json(path, {"a": list(range(50_000))}),
    "a.csv": lambda path: write_whole(path, FRAME.to_csv),
    "a.sav": lambda path: write_whole(path, lambda partial: write_still_sav(FRAME, partial)),
}


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("name", WRITERS)
def test_a_device_that_is_really_full_is_told_whatever_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("good", encoding="utf-8")
    partial = path.with_name(f".{name}.{os.getpid()}.partial{path.suffix}")
    partial.symlink_to(FULL)
    with pytest.raises(StudyError, match="make room"):
        WRITERS[name](path)
    assert path.read_text(encoding="utf-8") == "good"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="there are no such limits")
@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, b"there is no folder for them"),
        (4_000, b"the record of what has been run"),
        pytest.param(40_000, b"raise the limit", marks=pytest.mark.slow),
        pytest.param(400_000, b"raise the limit", marks=pytest.mark.slow),
    ],
)
def test_a_limit_on_the_size_of_files_is_told_and_leaves_no_halves(
    root: Path, size: int, told: bytes
) -> None:
    import resource

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    run = subprocess.run(
        [sys.executable, "-c", RUN, str(root)],
        cwd=REPOSITORY,
        preexec_fn=limited,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1
    assert told in run.stderr
    assert b"Traceback" not in run.stderr
    assert [path for path in root.rglob("*.partial*") if path.is_file()] == []


def test_a_bundle_that_does_not_fit_leaves_the_earlier_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, workspace = load_study(root, "small"), Workspace(root, "small")
    for stage in (ingest.ingest, screen.screen, score.score):
        stage(study, workspace)
    earlier = workspace.reports / "bundle" / "README.md"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("earlier", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StudyError, match="make room"):
        bundle(study, workspace)
    assert earlier.read_text(encoding="utf-8") == "earlier"
    assert sorted(path.name for path in workspace.reports.iterdir()) == ["bundle"]


@pytest.mark.parametrize("place", ["build", "build/small", "build/small/ingest"])
def test_a_file_in_the_place_of_a_folder_is_told(
    root: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text("", encoding="utf-8")
    assert cli.main(["report", "small"]) == 1
    assert "a file lies where a folder has to be" in capsys.readouterr().err


def as_others_are() -> None:
    """Take from a process of root's what lets it write where permissions do not."""
    if os.geteuid() == 0:
        bounding_set_drop, override = 24, 1
        ctypes.CDLL(None).prctl(bounding_set_drop, override, 0, 0, 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="permissions are told in another way")
@pytest.mark.parametrize("place", [".", "build", "build/small"])
def test_a_folder_that_is_read_only_is_told(root: Path, place: str) -> None:
    (root / place).mkdir(parents=True, exist_ok=True)
    (root / place).chmod(0o555)
    command = [sys.executable, "-c", RUN, str(root)]
    run = subprocess.run(command, cwd=REPOSITORY, preexec_fn=as_others_are, capture_output=True, check=False)
    (root / place).chmod(0o755)
    assert run.returncode == 1
    assert b"the folder must be yours to write to" in run.stderr
    assert b"Traceback" not in run.stderr
    assert [path for path in (root / place).rglob("*.partial*") if path.is_file()] == []


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


def test_a_folder_that_is_a_link_out_of_the_study_is_refused(root: Path) -> None:
    exports = root / "data" / "small" / "exports"
    elsewhere = root.parent / f"{root.name}-elsewhere"
    exports.rename(elsewhere)
    exports.symlink_to(elsewhere)
    with pytest.raises(StudyError, match="study's own folder"):
        load_study(root, "small")


NO_FILES: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "link to itself": lambda path: path.symlink_to(path),
    "link to nothing": lambda path: path.symlink_to(path.parent / "gone.csv"),
}


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_plain_file_is_told_at_once(
    root: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    survey = root / "data" / "small" / "exports" / "survey.csv"
    survey.unlink()
    NO_FILES[kind](survey)
    assert cli.main(["report", "small"]) == 1
    assert "survey.csv" in capsys.readouterr().err
    assert cli.main(["inspect", str(survey)]) == 1
    assert "survey.csv" in capsys.readouterr().err


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


def killed_under_way(root: Path, seconds: float, draw: random.Random) -> bool:
    """Start a run and kill it at a random moment; whether there was still something to kill."""
    run = start(root)
    time.sleep(draw.uniform(0.05, 1.0) * seconds)
    under_way = run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait()
    return under_way


def anew(root: Path) -> None:
    """Throw away what a run has made, so that the next one has everything to do."""
    for folder in ("build", "reports/small"):
        shutil.rmtree(root / folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not there")
def test_a_run_that_is_killed_at_any_moment_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Kill runs at random moments until 50 were under way, each on what the kills before it left.

    A run that ends before it is killed, and one after every fifth kill, must have written what a quiet one
    does; then everything is thrown away, so that no kill meets a run with nothing left to do.
    """
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    for root in (quiet, killed):
        study = small_study.build(root) / "study.yaml"
        study.write_text(study.read_text(encoding="utf-8") + "report: {formats: [html]}\n", encoding="utf-8")
    began = time.monotonic()
    assert start(quiet).wait() == 0
    whole = time.monotonic() - began
    expected = (quiet / "reports" / "small" / "results.json").read_bytes()
    draw, kills, ended = random.Random(20261123), 0, 0
    while kills < KILLS:
        under_way = killed_under_way(killed, whole, draw)
        kills += under_way
        if not under_way or kills % 5 == 0:
            assert start(killed).wait() == 0
            assert (killed / "reports" / "small" / "results.json").read_bytes() == expected
            assert [path.name for path in (killed / "reports").rglob("*.partial*") if path.is_file()] == []
            ended += 1
            anew(killed)
        print(f"{kills} kills, {ended} whole runs", flush=True)
    assert ended >= KILLS // 5


@pytest.mark.slow
def test_artefacts_that_somebody_damaged_are_made_again(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut every file between the stages to half; the next run writes what the first one did.

    A record of what has been run that is cut to half is told, with what to do.
    """
    assert start(root).wait() == 0
    results = root / "reports" / "small" / "results.json"
    first = results.read_bytes()
    record = root / "build" / "small" / "pytask.lock"
    for path in (root / "build").rglob("*"):
        if path.is_file() and path != record and path.parent.name != ".pytask":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert start(root).wait() == 0
    assert results.read_bytes() == first
    record.write_bytes(record.read_bytes()[: record.stat().st_size // 2])
    assert cli.main(["report", "small"]) == 1
    assert "delete the folder" in capsys.readouterr().err
