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

from pipeline.exports import ExportError, machine, memory, read_export
from pipeline.exports.inspection import inspect_export
from pipeline.exports.memory import AT_REST, MULTIPLES, SECOND_PROCESS, announced, memory_needed
from pipeline.exports.recognise import check_readable

REPOSITORY = Path(__file__).parents[2]
MB = 1024**2


def sized(folder: Path, name: str, megabytes: int) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.truncate(megabytes * MB)
    return path


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".sav", ".zsav", ".dta", ".sas7bdat", ".xpt"])
def test_the_estimate_grows_with_the_file(tmp_path: Path, kind: str) -> None:
    found = memory_needed(sized(tmp_path, f"a{kind}", 100))
    beside = SECOND_PROCESS if kind not in {".csv", ".tsv"} else 0
    assert found == int(100 * MB * MULTIPLES.get(kind, MULTIPLES[".csv"])) + AT_REST + beside


def test_parquet_is_estimated_by_the_file_and_its_largest_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({f"Q{i}": np.ones(100_000) for i in range(20)}).to_parquet(path)
    taken = path.stat().st_size + 100_000 * 8
    assert memory_needed(path) == int(taken * MULTIPLES[".parquet"]) + AT_REST


def test_a_workbook_is_estimated_by_what_is_in_it_unpacked(tmp_path: Path) -> None:
    path = files.zipped(tmp_path, {"xl/workbook.xml": b"x", "xl/worksheets/sheet1.xml": b"<" * MB}, "a.xlsx")
    assert path.stat().st_size < MB / 10
    assert memory_needed(path) == int((MB + 1) * MULTIPLES[".xlsx"]) + AT_REST


def test_size_alone_is_no_reason_to_refuse_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sized(tmp_path, "a.csv", 5000)
    check_readable(path, "csv")
    monkeypatch.setattr(memory, "machine_memory", lambda: 16_000 * MB)
    memory.refuse_without_memory(path)
    monkeypatch.setattr(memory, "machine_memory", lambda: 8000 * MB)
    with pytest.raises(ExportError, match=r"roughly 12\.4 GB of memory, the machine has 7\.8 GB"):
        memory.refuse_without_memory(path)


def test_an_archive_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.zipped(tmp_path, {"a.csv": b"a\n" + b"1\n" * MB})
    monkeypatch.setattr(memory, "machine_memory", lambda: 100 * MB)
    for read in (lambda: read_export(path, "csv", scratch=tmp_path / "b"), lambda: inspect_export(path)):
        with pytest.raises(ExportError, match=r"export\.zip: reading it takes roughly"):
            read()
    assert not (tmp_path / "b").exists()


def test_a_file_may_take_its_estimate_or_most_of_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sized(tmp_path, "a.sav", 1000)
    for free, allowed in ((100_000 * MB, 75_000 * MB), (100 * MB, memory_needed(path))):
        monkeypatch.setattr(machine, "free_memory", lambda free=free: free)
        assert memory.memory_allowed(path) == allowed
    monkeypatch.setattr(machine, "free_memory", lambda: None)
    monkeypatch.setattr(machine, "machine_memory", lambda: None)
    assert memory.memory_allowed(path) is None


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
    command = [sys.executable, "-c", READ, str(path), platform]
    done = subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY)
    peak = int(done.stdout)
    at_rest = SECOND_PROCESS if kind == "sav" else AT_REST
    assert peak <= 3 * path.stat().st_size + at_rest
    assert peak <= memory_needed(path)
