"""SPSS .sav and .zsav: raw codes, value labels, and the user-missing codes counted one by one.

`read_export` reads `platform: spss` through here. The file is read in a process of its own (`sav_child`),
because a damaged one can crash the library that reads it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.exports import sav_child
from pipeline.exports.export import (
    Column,
    Export,
    ExportError,
    Missing,
    Provenance,
    mark_missing,
    sha256_of,
)
from pipeline.exports.recognise import of_another_platform, of_headers, qualtrics_roles
from pipeline.exports.text import read_records

if TYPE_CHECKING:
    import pandas as pd

_EPOCH = datetime(1582, 10, 14)
_LAST = (datetime.max - _EPOCH).total_seconds()
_DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "MOYR", "QYR", "WKYR")
_DATETIMES = ("DATETIME", "YMDHMS")
_PATIENCE = 900.0


def read_spss(path: Path) -> Export:
    """Read a .sav or .zsav file; user-missing codes are counted by code and become missing."""
    with path.open("rb") as file:
        if file.read(4) not in (b"$FL2", b"$FL3"):
            raise _not_spss(path)
    header, numbers = _unpack(_read_apart(path), path.name)
    frame = _frame(header, numbers, path.name)
    columns = _columns(header)
    notes = ("not valid in its own encoding: read as Windows-1252",) if header.get("guessed") else ()
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform="spss",
        encoding=str(header["encoding"]),
        delimiter=None,
        header_rows=0,
        rows=len(frame),
        notes=notes,
    )
    missing = {name: column.missing for name, column in columns.items() if column.missing}
    return _with_dates(mark_missing(Export(frame, columns, provenance, {}), missing), header["formats"])


def _not_spss(path: Path) -> ExportError:
    try:
        rows = read_records(path).rows[:4]
    except ExportError:
        return _damaged(path.name, "it does not begin as SPSS files do")
    return of_another_platform(path.name, "spss", of_headers(rows) or "csv")


def _read_apart(path: Path) -> bytes:
    command = [sys.executable, "-P", str(Path(sav_child.__file__)), str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise _damaged(path.name, f"reading it took more than {_PATIENCE / 60:.0f} minutes") from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise _damaged(path.name, last[0] if last else "the library that reads SPSS files crashed on it")
    return done.stdout


def _unpack(data: bytes, file: str) -> tuple[dict[str, Any], bytes]:
    size = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    if "error" in header:
        raise _damaged(file, str(header["error"]).rstrip("."))
    return header, data[8 + size :]


def _damaged(file: str, why: str) -> ExportError:
    return ExportError(
        file, f"cannot be read as an SPSS file, it is cut short or damaged: {why}", "export or copy it again"
    )


def _frame(header: Mapping[str, Any], numbers: bytes, file: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    names = header["names"]
    if not names:
        raise ExportError(file, "the file holds no variables")
    if len(set(names)) < len(names):
        raise _damaged(file, "two variables have the same name")
    rows = len(numbers) // 8 // max(len(header["numeric"]), 1)
    rows = rows if header["numeric"] else len(next(iter(header["text"].values())))
    matrix = np.frombuffer(numbers, dtype="float64").reshape(len(header["numeric"]), rows)
    place = {name: i for i, name in enumerate(header["numeric"])}
    index = pd.RangeIndex(1, rows + 1)
    columns = {
        name: pd.Series(matrix[place[name]].copy(), index=index)
        if name in place
        else pd.Series([_text(cell) for cell in header["text"][name]], index=index, dtype=object)
        for name in names
    }
    return pd.DataFrame(columns, index=index)


def _text(cell: str | None) -> str | None:
    return cell.rstrip() if cell and cell.strip() else None


def _columns(header: Mapping[str, Any]) -> dict[str, Column]:
    roles = qualtrics_roles(header["names"])
    return {
        name: Column(
            name,
            header["labels"].get(name) or None,
            "meta" if name in roles else "answer",
            value_labels=dict(header["value_labels"].get(name, ())),
            missing=tuple(_missing(*span) for span in header["missing"].get(name, ())),
            role=roles.get(name),
        )
        for name in header["names"]
    }


def _missing(low: float | str, high: float | str) -> Missing:
    if isinstance(low, str) or isinstance(high, str):
        return str(low).rstrip()
    return low if low == high else (low, high)


def _with_dates(export: Export, formats: Mapping[str, str | None]) -> Export:
    """Write dates and moments, which SPSS keeps as seconds since 1582, as ISO text."""
    import pandas as pd

    frame = export.frame
    for name, spelled in formats.items():
        kind = (spelled or "").rstrip("0123456789.")
        if kind in _DATES + _DATETIMES and frame[name].dtype != object:
            moments = [_moment(seconds, kind) for seconds in frame[name].tolist()]
            frame[name] = pd.Series(moments, index=frame.index, dtype=object)
    return export


def _moment(seconds: float, kind: str) -> str | None:
    if not 0 <= seconds <= _LAST:
        return None
    moment = _EPOCH + timedelta(seconds=round(seconds))
    return moment.isoformat() if kind in _DATETIMES else moment.date().isoformat()
