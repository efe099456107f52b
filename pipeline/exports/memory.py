"""How much memory reading a file takes: said before, and refused where the machine has not as much.

The commands announce, `read_whole` refuses. The figures are those of tests/benchmarks/reading.py.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.exports.export import ExportError
from pipeline.exports.machine import free_memory, machine_memory, most_memory
from pipeline.exports.parquet import largest_column

LARGE = 512 * 1024**2
AT_REST = 150 * 1024**2
MULTIPLES: Mapping[str, float] = {
    ".csv": 2.5,
    ".xlsx": 3.0,
    ".parquet": 1.5,
    ".sav": 2.0,
    ".zsav": 6.0,
    ".dta": 0.7,
    ".sas7bdat": 1.5,
    ".xpt": 0.7,
}
"""Bytes a byte of the file, above what a process takes at rest: what was measured, with a margin.

Of .xlsx a byte of what is in it unpacked; of parquet a byte of the file and of its largest column unpacked.
What .sav is told is that of compressed files.
"""
SECOND_PROCESS = 250 * 1024**2
"""What the process takes that reads a file of a statistics program, up to a gigabyte or so."""
_BY_CHILD = frozenset({".sav", ".zsav", ".dta", ".sas7bdat", ".xpt"})


def memory_needed(path: Path) -> int:
    """Bytes to allow for reading a file; an archive counts as the largest file in it."""
    kind, size = path.suffix.lower(), path.stat().st_size
    if kind == ".zip":
        kind, size = _largest_member(path)
    if kind == ".parquet":
        size += largest_column(path)
    if kind == ".xlsx":
        size = max(size, sum(member.file_size for member in _members(path)))
    beside = SECOND_PROCESS if kind in _BY_CHILD else 0
    return int(size * MULTIPLES.get(kind, MULTIPLES[".csv"])) + AT_REST + beside


def memory_allowed(path: Path) -> int | None:
    """Bytes that reading a file may take before it is given up, where the system tells what it has."""
    most = most_memory()
    return None if most is None else max(most, memory_needed(path))


def announced(path: Path) -> str | None:
    """What to say before a file is read that takes much memory, else None."""
    needed = memory_needed(path) if path.is_file() else 0
    if needed <= LARGE:
        return None
    free = free_memory()
    told = f"Reading {path.name} takes roughly {needed / 1024**2:,.0f} MB of memory"
    if free is None or needed <= free:
        return f"{told}."
    return f"{told}, and {free / 1024**2:,.0f} MB are free: close other programs first."


def refuse_without_memory(path: Path) -> None:
    """ExportError where a file takes more memory than the machine has in all."""
    needed, whole = memory_needed(path), machine_memory()
    if whole is not None and needed > whole:
        raise ExportError(
            path.name,
            f"reading it takes roughly {needed / 1024**3:.1f} GB of memory, the machine has "
            f"{whole / 1024**3:.1f} GB",
            "export fewer columns, split the export by wave, or read it on a larger machine",
        )


def _largest_member(path: Path) -> tuple[str, int]:
    """Kind and unpacked size of the largest file in an archive."""
    largest = max(_members(path), key=lambda member: member.file_size, default=None)
    if largest is None:
        return ".zip", path.stat().st_size
    return Path(largest.filename).suffix.lower(), largest.file_size


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """What is in an archive; damage is told when it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []
