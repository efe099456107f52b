"""Files of statistics programs, read in a process of its own and brought to an `Export`.

`spss`, `stata` and `sas` call `read_apart`: a damaged file can crash the library that reads it, and takes
down `statistics_child` only. Codes that the file declares as missing are counted by code.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.exports import statistics_child
from pipeline.exports.cells import Packed, packed_strings
from pipeline.exports.export import (
    Column,
    Export,
    ExportError,
    Missing,
    Part,
    Provenance,
    mark_missing,
    sha256_of,
)
from pipeline.exports.frame import Frame, joined_numbers, joined_texts, packed_numbers
from pipeline.exports.parts import rows_not_of_part
from pipeline.exports.recognise import qualtrics_roles

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_PATIENCE = 900.0


@dataclass(frozen=True)
class Program:
    """A statistics program: what the file is called, how it is read, and how it keeps days and moments.

    `dates` and `moments` are the beginnings of the formats of columns that count days and seconds (times
    `per_second`) since `epoch`; SPSS counts days in seconds.
    """

    platform: str
    form: str
    title: str
    epoch: datetime
    dates: tuple[str, ...]
    moments: tuple[str, ...]
    day: float = 86400.0
    per_second: float = 1.0


def read_apart(path: Path, program: Program, part: Part) -> Export:
    """Read a file; user-missing codes are counted by code and become missing."""
    import pandas as pd

    with tempfile.TemporaryDirectory(prefix="survey-pipeline-") as folder:
        _run_child(path, program, Path(folder))
        header, frame = _unpack(Path(folder), path.name, program)
    letters = _letters(header, frame)
    skip = rows_not_of_part(frame, part, path.name)
    rows = pd.Series([i not in skip for i in range(len(frame))], index=frame.index, dtype=bool)
    frame = frame if not skip else frame.taken(rows.to_numpy())
    columns = _columns(header)
    guessed = "not valid in its own encoding: read as Windows-1252"
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform=program.platform,
        encoding=str(header["encoding"]),
        delimiter=None,
        header_rows=0,
        rows=len(frame),
        notes=(guessed,) if header.get("guessed") else (),
    )
    missing = {name: column.missing for name, column in columns.items() if column.missing}
    export = mark_missing(Export(frame, columns, provenance, {}, elsewhere=len(skip)), missing)
    counts = {**export.missing_counts, **_counted(letters, rows)}
    return _with_moments(
        replace(export, missing_counts=counts),
        header["formats"],
        program,
    )


def damaged(file: str, title: str, why: str) -> ExportError:
    """The error for a file that its library cannot read."""
    return ExportError(
        file, f"cannot be read as {title}, it is cut short or damaged: {why}", "export or copy it again"
    )


def _run_child(path: Path, program: Program, folder: Path) -> None:
    script = str(Path(statistics_child.__file__))
    command = [sys.executable, "-P", script, str(path.resolve()), program.form, str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        why = f"reading it took more than {_PATIENCE / 60:.0f} minutes"
        raise damaged(path.name, program.title, why) from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        why = last[0] if last else "the library that reads such files crashed on it"
        raise damaged(path.name, program.title, why)


def _unpack(folder: Path, file: str, program: Program) -> tuple[dict[str, Any], Frame]:
    header: dict[str, Any] = json.loads((folder / "header.json").read_text(encoding="ascii"))
    if "error" in header:
        raise damaged(file, program.title, str(header["error"]).rstrip("."))
    if not header["names"]:
        raise ExportError(file, "the file holds no variables")
    if len(set(header["names"])) < len(header["names"]):
        raise damaged(file, program.title, "two variables have the same name")
    return header, _frame(header, folder / "values.arrow")


def _frame(header: Mapping[str, Any], values: Path) -> Frame:
    """The columns that the child wrote, packed a stretch of rows at a time."""
    import pandas as pd
    import pyarrow as pa

    names, numeric = header["names"], set(header["numeric"])
    numbers: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in names if name in numeric}
    texts: dict[str, list[Packed]] = {name: [] for name in names if name not in numeric}
    rows = 0
    with values.open("rb") as source, pa.ipc.open_stream(source) as batches:
        for batch in batches:
            rows += batch.num_rows
            for name, cells in zip(names, batch.columns, strict=True):
                if name in numeric:
                    numbers[name].append(packed_numbers(cells))
                else:
                    texts[name].append(packed_strings(_trimmed(cells)))
    held = {
        name: joined_numbers(numbers.pop(name)) if name in numeric else joined_texts(texts.pop(name))
        for name in names
    }
    return Frame(pd.RangeIndex(1, rows + 1), held)


def _trimmed(cells: Any) -> Any:
    """Text without the space after it; what is missing is blank."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = cells.fill_null("")
    padded = pc.match_substring_regex(cells, "[^!-~]$").to_numpy(zero_copy_only=False)
    if not padded.any():
        return cells
    trimmed = [str(cells[i].as_py()).rstrip() for i in np.flatnonzero(padded).tolist()]
    return pc.replace_with_mask(cells, pa.array(padded), pa.array(trimmed, pa.string()))


def _letters(header: Mapping[str, Any], frame: Frame) -> dict[str, pd.Series]:
    """The extended missing values (.a to .z) of numeric columns, by row."""
    import pandas as pd

    found: dict[str, pd.Series] = {}
    for name, cells in header["letters"].items():
        values = {frame.index[i]: f".{letter.lstrip('.')}" for i, letter in cells}
        found[name] = pd.Series(values, dtype=object).reindex(frame.index)
    return found


def _counted(letters: Mapping[str, pd.Series], rows: pd.Series) -> dict[str, dict[str, int]]:
    counts = {
        name: {str(code): int(n) for code, n in cells[rows].value_counts().sort_index().items()}
        for name, cells in letters.items()
    }
    return {name: found for name, found in counts.items() if found}


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


def _with_moments(export: Export, formats: Mapping[str, str | None], program: Program) -> Export:
    """Write days and moments, which these programs keep as counts since a day long ago, as ISO text."""
    import pandas as pd

    frame = export.frame
    for name, spelled in formats.items():
        kind = (spelled or "").upper()
        whole = kind.startswith(program.moments)
        if (whole or kind.startswith(program.dates)) and not frame.is_text(name):
            unit = 1 / program.per_second if whole else program.day
            moments = [_moment(count * unit, program.epoch, whole=whole) for count in frame[name].tolist()]
            frame = frame.having({name: pd.Series(moments, index=frame.index, dtype=object)})
    return Export(frame, export.columns, export.provenance, export.missing_counts, elsewhere=export.elsewhere)


def _moment(seconds: float, epoch: datetime, *, whole: bool) -> str | None:
    if math.isnan(seconds):
        return None
    try:
        moment = epoch + timedelta(seconds=round(seconds))
    except OverflowError:
        return None
    return moment.isoformat() if whole else moment.date().isoformat()
