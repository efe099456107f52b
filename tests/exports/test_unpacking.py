"""What is unpacked or handed over while a file is read: a killed process leaves it only where it is swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import export_files as files
import numpy as np
import pandas as pd
import pytest

from pipeline.exports import apart, machine, read_export, sweep
from pipeline.exports.export import ExportError

REPOSITORY = Path(__file__).parents[2]
READ = """
import sys
from pathlib import Path
from pipeline.exports import read_export
print("ready", flush=True)
read_export(Path(sys.argv[1]), sys.argv[2], scratch=Path(sys.argv[3]))
"""
ROW = b"1,2,3,4,5,secret@example.org,1,2,3,4,5\n"
WATCHED = 30.0


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def reading(path: Path, platform: str, scratch: Path, temporary: Path) -> subprocess.Popen[bytes]:
    """Begin to read a file in a process of its own."""
    command = [sys.executable, "-c", READ, str(path), platform, str(scratch)]
    places = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=places)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"ready"
    return process


def killed(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not there")
def test_a_killed_unpacking_leaves_its_copy_only_where_the_next_sweeps(
    tmp_path: Path, temporary: Path
) -> None:
    header = b"a,b,c,d,e,mail,f,g,h,i,j\n"
    path = files.zipped(tmp_path, {"a.csv": header + ROW * 400_000})
    scratch = tmp_path / "build"
    process = reading(path, "csv", scratch, temporary)
    until = time.monotonic() + WATCHED
    while time.monotonic() < until and not list(scratch.glob("unpacked-*/*")):
        time.sleep(0.01)
    killed(process)
    assert len(list(scratch.glob("unpacked-*/*"))) == 1
    assert list(temporary.iterdir()) == []
    small = files.zipped(tmp_path, {"a.csv": header + ROW}, "small.zip")
    assert len(read_export(small, "csv", scratch=scratch).frame) == 1
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is not there")
@pytest.mark.parametrize("wait", [0.3, 0.9, 1.5])
def test_a_killed_reading_of_a_statistics_file_leaves_nothing(
    tmp_path: Path, temporary: Path, wait: float
) -> None:
    frame = pd.DataFrame(
        {f"Q{i}": [1.0, 2.0] * 50_000 for i in range(20)} | {"MAIL": ["a@b.org", "c@d.org"] * 50_000}
    )
    path = files.statistics(tmp_path, "a.sav", frame)
    process = reading(path, "spss", tmp_path / "build", temporary)
    time.sleep(wait)
    killed(process)
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "build").exists()


def test_what_a_running_process_has_unpacked_is_left_alone(tmp_path: Path) -> None:
    mine, gone = (tmp_path / f"unpacked-{process}-x" for process in (os.getpid(), 2**31 - 5))
    other = tmp_path / "ingest"
    for folder in (mine, gone, other):
        folder.mkdir()
        (folder / "member.csv").write_text("a\n1\n", encoding="utf-8")
    sweep(tmp_path)
    assert (mine.is_dir(), gone.exists(), other.is_dir()) == (True, False, True)


def test_a_reading_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_PATIENCE", 0.01)
    with pytest.raises(ExportError, match="took more than"):
        read_export(files.statistics(tmp_path, "a.sav"), "spss")


@pytest.mark.parametrize(
    ("kind", "platform"), [("sav", "spss"), ("zsav", "spss"), ("dta", "stata"), ("xpt", "sas")]
)
def test_stretches_of_rows_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, platform: str
) -> None:
    rows = 25
    frame = pd.DataFrame(
        {
            "A": [float(i % 5) if i % 4 else -99.0 for i in range(rows)],
            "B": [i / 7 for i in range(rows)],
            "C": [f"text {i}  " if i % 3 else " " for i in range(rows)],
        }
    )
    declared = {"missing_ranges": {"A": [-99]}} if platform == "spss" else {}
    path = files.statistics(tmp_path, f"a.{kind}", frame, **declared)
    script = tmp_path / "child.py"
    text = Path(apart.statistics_child.__file__).read_text(encoding="utf-8")
    for given, small in (
        ("CELLS = 4_000_000", "CELLS = 6"),
        ("ROWS, STRETCH = 65536", "ROWS, STRETCH = 2"),
        ("MOST_PARTS = 16", "MOST_PARTS = 100"),
        ('PARTS = {"xpt": 3}', 'PARTS = {"xpt": 4}'),
    ):
        assert given in text
        text = text.replace(given, small)
    script.write_text(text, encoding="utf-8")
    whole = read_export(path, platform)
    monkeypatch.setattr(apart.statistics_child, "__file__", str(script))
    pieces = read_export(path, platform)
    pd.testing.assert_frame_equal(pieces.frame.table(), whole.frame.table())
    assert pieces.frame["C"].tolist() == [f"text {i}" if i % 3 else None for i in range(rows)]
    assert np.allclose(pieces.frame["B"], frame["B"], rtol=1e-12, atol=0)
    counted = {"A": {"-99": 7}} if platform == "spss" else {}
    assert pieces.missing_counts == whole.missing_counts == counted


NUMBERS = pd.DataFrame({f"Q{i}": [1.0, 2.0] * 20_000 for i in range(60)})


def wide_texts(folder: Path) -> Path:
    """A file of texts that are long and all alike, so that packing makes it a hundred times smaller."""
    frame = pd.DataFrame({"A": ["x" * 32_000] * 6000})
    return files.statistics(folder, "bomb.zsav", frame, compress=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not limit what a process takes")
def test_what_unfolds_to_more_than_may_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = wide_texts(tmp_path)
    assert path.stat().st_size < 6000 * 32_000 / 100
    monkeypatch.setattr(apart, "memory_allowed", lambda _: 180 * 1024**2)
    with pytest.raises(ExportError, match=r"bomb\.zsav: reading it takes more memory than the 0\.2 GB"):
        read_export(path, "spss")


def test_what_a_file_sends_is_weighed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.statistics(tmp_path, "a.sav", NUMBERS)
    monkeypatch.setattr(apart, "_child", partial(unlimited, apart._child))
    monkeypatch.setattr(apart, "memory_allowed", lambda _: 1_000_000)
    with pytest.raises(ExportError, match=r"a\.sav: reading it takes more memory than"):
        read_export(path, "spss")
    monkeypatch.setattr(apart, "memory_allowed", lambda _: 3_000_000)
    assert len(read_export(path, "spss").frame) == len(NUMBERS)


def unlimited(child: Callable[..., object], *given: object) -> object:
    """The child without a limit of its own."""
    path, program, _, *more = given
    return child(path, program, None, *more)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not limit what a process takes")
def test_a_file_that_fits_is_read_with_the_least_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "free_memory", lambda: 0)
    assert len(read_export(files.statistics(tmp_path, "a.sav", NUMBERS), "spss").frame) == len(NUMBERS)
