"""Zip archives and Excel workbooks as data: opened with limits, and nothing in them is trusted.

`read_export` opens every file through `opened`, so that a zipped export reads as the file in it. The
readers take workbooks from `read_sheets`. Names inside an archive are never used as paths; what unfolds
into too much, holds XML entities or is locked is refused with `ExportError`.
"""

from __future__ import annotations

import datetime as dt
import errno
import lzma
import os
import re
import shutil
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import dropwhile, islice
from operator import not_
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pipeline.exports.export import ExportError
from pipeline.exports.rows import Rows
from pipeline.exports.text import Records

MOST_UNFOLDED = 200
SMALL = 32 * 1024**2
_UNPACKED = "unpacked-"
MOST_MEMBERS = 2000
MOST_CELLS = 100_000_000
_DATA = frozenset({".csv", ".tsv", ".txt", ".sav", ".zsav", ".dta", ".sas7bdat", ".xpt", ".xlsx", ".parquet"})
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, OSError, ValueError, OverflowError),
)
"""What reading a damaged archive may raise."""
_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENTITY_REACH = 64


T = TypeVar("T")


@contextmanager
def opened(path: Path, scratch: Path | None = None) -> Iterator[tuple[Path, str | None]]:
    """The file to read and the member's name: the file itself, or the only data file of an archive.

    An archive is unpacked into `scratch`, or the system's folder for such files where the caller has none. A
    copy that a killed process left in `scratch` goes when the next archive is unpacked there, or by `sweep`.
    """
    if not is_archive(path):
        yield path, None
        return
    with _archive(path) as archive:
        member = _only_data(archive, path.name)
        if scratch is not None:
            sweep(scratch)
            scratch.mkdir(parents=True, exist_ok=True)
        prefix = f"{_UNPACKED}{os.getpid()}-"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=scratch) as folder:
            target = Path(folder) / f"member{PurePosixPath(member.filename).suffix.lower()}"
            _unpack(archive, member, target, path.name)
            yield target, PurePosixPath(member.filename.replace("\\", "/")).name


def sweep(scratch: Path) -> None:
    """Remove what processes that are no more have left unpacked."""
    for folder in scratch.glob(f"{_UNPACKED}*-*"):
        owner = folder.name.removeprefix(_UNPACKED).partition("-")[0]
        if owner.isdecimal() and not _is_running(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Whether a process is there; on Windows any is taken to be gone, for an open file cannot be removed."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive and not a workbook."""
    return _starts_as_zip(path) and not is_workbook(path)


def is_workbook(path: Path) -> bool:
    """Whether a file is an Excel workbook."""
    if not _starts_as_zip(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except DAMAGE:
        return False


def read_sheets(path: Path) -> dict[str, Records]:
    """Every worksheet as records: cells as text, numbers without a needless ".0", moments as ISO."""
    return _of_sheets(path, _records)


def first_rows(path: Path, most: int) -> list[list[list[str]]]:
    """The first rows of every worksheet from the first filled one on."""

    def first(sheet: Any, file: str) -> list[list[str]]:
        return list(islice(dropwhile(not_, _rows(sheet, file)), most))

    return list(_of_sheets(path, first).values())


def _of_sheets(path: Path, read: Callable[[Any, str], T]) -> dict[str, T]:
    """What is read of each worksheet, by title."""
    import openpyxl

    with _archive(path) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith((".xml", ".rels")):
                _check_xml(archive, member, path.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles, which are not read
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                return {str(sheet.title): read(sheet, path.name) for sheet in book.worksheets}
            finally:
                book.close()
    except (ExportError, MemoryError):
        raise
    except Exception as error:
        raise _damaged(path.name, f"{type(error).__name__}") from error


def read_sheet(path: Path, name: str | None) -> Records:
    """The sheet of that name, or the first one that holds anything."""
    sheets = read_sheets(path)
    if name is not None:
        if name not in sheets:
            raise ExportError(path.name, f"there is no sheet '{name}'", f"there are: {', '.join(sheets)}")
        return sheets[name]
    filled = [records for records in sheets.values() if records.rows]
    if not filled:
        raise ExportError(path.name, "the workbook holds nothing", "export it again")
    first = filled[0]
    others = [sheet for sheet, records in sheets.items() if records.rows and records is not first]
    if others:
        note = f"only the first sheet was read; `sheet:` names another: {', '.join(others)}"
        return Records(
            first.rows, first.lines, first.encoding, first.delimiter, (*first.notes, note), first.skipped
        )
    return first


def _starts_as_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise _damaged(path.name, "its table of contents cannot be read") from error
    with archive:
        _check_sizes(archive, path)
        yield archive


def _check_sizes(archive: zipfile.ZipFile, path: Path) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ExportError(path.name, f"it holds {len(members)} files, more than the {MOST_MEMBERS} allowed")
    whole = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if whole > SMALL and whole > MOST_UNFOLDED * packed:
        raise ExportError(
            path.name,
            f"it unfolds from {packed / 1024**2:.1f} MB to {whole / 1024**2:.0f} MB, "
            "as archives made to do harm do",
            "unpack it yourself if you trust it, and name the file in it",
        )
    if any(member.flag_bits & 1 for member in members):
        raise ExportError(path.name, "it is locked with a password", "save it without one")


def _only_data(archive: zipfile.ZipFile, file: str) -> zipfile.ZipInfo:
    found = [member for member in archive.infolist() if _is_data(member)]
    unsafe = [member for member in archive.infolist() if _leaves(member.filename)]
    if unsafe:
        raise ExportError(file, "a name in the archive leads out of it", "do not use this archive")
    if len(found) != 1:
        raise ExportError(
            file,
            f"the archive holds {len(found)} data files instead of one",
            "unpack it, and declare an export for each file that the study needs",
        )
    return found[0]


def _is_data(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    is_folder = member.filename.endswith("/")
    return not is_folder and not hidden and name.suffix.lower() in _DATA


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) is not None


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, file: str) -> None:
    """Copy a member in pieces, never more than it says it holds."""
    left = member.file_size
    try:
        with archive.open(member) as source, target.open("wb") as copy:
            while piece := source.read(min(1024**2, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise _damaged(file, "it holds more than it says")
                copy.write(piece)
    except ExportError:
        raise
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise ExportError(file, "there is no room on the disk to unpack it", "make room") from error
        raise _damaged(file, "a file in it cannot be unpacked") from error


def _check_xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: str) -> None:
    try:
        with archive.open(member) as source:
            before = b""
            while piece := source.read(1024**2).replace(b"\0", b""):
                if _ENTITY.search(before + piece):
                    raise ExportError(
                        file, "it declares XML entities, as no survey export does", "do not use it"
                    )
                before = piece[-_ENTITY_REACH:]
    except ExportError:
        raise
    except DAMAGE as error:
        raise _damaged(file, "a part of it cannot be unpacked") from error


def _rows(sheet: Any, file: str) -> Iterator[list[str]]:
    """The rows of a sheet as text, without the blank cells at their end."""
    sheet.reset_dimensions()
    cells = 0
    for row in sheet.iter_rows(values_only=True):
        told = [_cell(value) for value in row]
        while told and not told[-1]:
            told.pop()
        cells += len(told)
        if cells > MOST_CELLS:
            raise ExportError(file, f"a sheet holds more than {MOST_CELLS:,} cells", "export it as CSV")
        yield told


def _records(sheet: Any, file: str) -> Records:
    rows = list(_rows(sheet, file))
    while rows and not rows[-1]:
        rows.pop()
    first = next((i for i, row in enumerate(rows) if row), len(rows))
    rows = rows[first:]
    width = max((len(row) for row in rows), default=0)
    even = [row + [""] * (width - len(row)) if row else [] for row in rows]
    lines = list(range(first + 1, first + 1 + len(rows)))
    return Records(Rows.of(even), lines, "xlsx", "", (), first)


def _cell(value: object) -> str:
    """A cell as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def _damaged(file: str, why: str) -> ExportError:
    return ExportError(
        file, f"cannot be opened, it is cut short or damaged: {why}", "export or copy it again"
    )
