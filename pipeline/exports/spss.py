"""SPSS .sav and .zsav: raw codes, value labels, and the user-missing codes counted one by one.

`read_export` reads `platform: spss` through here; Qualtrics' own .sav files come the same way.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.exports.apart import Program, damaged, read_apart
from pipeline.exports.export import WHOLE, Export, ExportError, Part
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.text import read_records

SPSS = Program(
    platform="spss",
    form="sav",
    title="an SPSS file",
    epoch=datetime(1582, 10, 14),
    dates=("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "MOYR", "QYR", "WKYR"),
    moments=("DATETIME", "YMDHMS"),
    day=1.0,
)


def read_spss(path: Path, part: Part = WHOLE) -> Export:
    """Read a .sav or .zsav file; user-missing codes are counted by code and become missing."""
    if not is_sav(path):
        raise _not_spss(path)
    return read_apart(path, SPSS, part)


def read_sav_of(platform: str, path: Path, part: Part) -> Export:
    """Read a .sav file that a survey platform made, in the platform's name."""
    export = read_spss(path, part)
    return replace(export, provenance=replace(export.provenance, platform=platform))


def is_sav(path: Path) -> bool:
    """Whether a file begins as SPSS files do."""
    with path.open("rb") as file:
        return file.read(4) in (b"$FL2", b"$FL3")


def _not_spss(path: Path) -> ExportError:
    try:
        rows = read_records(path).rows[:4]
    except ExportError:
        return damaged(path.name, SPSS.title, "it does not begin as SPSS files do")
    return of_another_platform(path.name, "spss", of_headers(rows) or "csv")
