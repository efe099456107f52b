"""What reading takes is said before it is read, and refused where the machine has not as much."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import export_files as files
import numpy as np
import pandas as pd
import pytest

from pipeline.exports import ExportError, memory, read_export
from pipeline.exports.memory import AT_REST, MULTIPLES, SECOND_PROCESS, announced, memory_needed

REPOSITORY = Path(__file__).parents[2]
MB = 1024**2


def sized(folder: Path, name: str, megabytes: int) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.truncate(megabytes * MB)
    return path


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".sav", ".zsav", ".dta", ".xlsx"])
def test_the_estimate_grows_with_the_file(tmp_path: Path, kind: str) -> None:
    found = memory_needed(sized(tmp_path, f"a{kind}", 100))
    beside = SECOND_PROCESS if kind in {".sav", ".zsav", ".dta"} else 0
    assert found == int(100 * MB * MULTIPLES.get(kind, MULTIPLES[".csv"])) + AT_REST + beside


def test_parquet_is_estimated_by_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({f"Q{i}": np.ones(100_000) for i in range(20)}).to_parquet(path)
    unpacked = 20 * 100_000 * 8
    assert path.stat().st_size < unpacked / 50
    assert memory_needed(path) == int(unpacked * MULTIPLES[".parquet"]) + AT_REST


def test_an_archive_is_estimated_by_the_largest_file_in_it(tmp_path: Path) -> None:
    path = files.zipped(tmp_path, {"a.csv": b"a\n" + b"1\n" * MB, "readme.txt": b"x"})
    assert memory_needed(path) == int((2 + 2 * MB) * MULTIPLES[".csv"]) + AT_REST
    path.write_bytes(path.read_bytes()[:100])
    assert memory_needed(path) >= AT_REST


def test_what_the_machine_has_not_is_told_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sized(tmp_path, "a.csv", 400)
    monkeypatch.setattr(memory, "free_memory", lambda: 300 * MB)
    assert "takes roughly 1,150 MB of memory, and 300 MB are free" in str(announced(path))
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000 * MB)
    with pytest.raises(
        ExportError, match=r"a\.csv: reading it takes roughly 1\.1 GB .* the machine has 1\.0 GB"
    ):
        read_export(path, "csv")


def test_the_machine_tells_its_memory() -> None:
    whole, free = memory.machine_memory(), memory.free_memory()
    assert whole is None or whole > 100 * MB
    assert free is None or whole is None or 0 < free <= whole


READ = """
import resource, sys
from pathlib import Path
import pandas, pyarrow.csv, pyarrow.parquet
from pipeline.exports import read_export
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
frame = read_export(Path(sys.argv[1]), sys.argv[2]).frame
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print((sum(peaks) - before) * 1024)
"""
TABLE = {f"Q{i}": np.tile([1, 2, 3, 4, 5], 60_000) for i in range(60)}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the peak is told by POSIX systems")
@pytest.mark.parametrize(("kind", "platform"), [("csv", "csv"), ("sav", "spss"), ("parquet", "parquet")])
def test_reading_stays_below_three_times_the_file_and_the_estimate(
    tmp_path: Path, kind: str, platform: str
) -> None:
    path = tmp_path / f"a.{kind}"
    frame = pd.DataFrame({"id": [f"R_{i:09x}" for i in range(300_000)], **TABLE})
    if kind == "sav":
        files.statistics(tmp_path, path.name, frame.astype(dict.fromkeys(TABLE, "float64")))
    else:
        frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    unpacked = len(frame) * 8 * len(TABLE) if kind == "parquet" else path.stat().st_size
    command = [sys.executable, "-c", READ, str(path), platform]
    done = subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY)
    peak = int(done.stdout)
    assert peak <= 3 * unpacked + (SECOND_PROCESS if kind == "sav" else AT_REST)
    assert peak <= memory_needed(path)
