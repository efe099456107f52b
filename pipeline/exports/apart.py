"""Files of statistics programs, read in a process of its own and brought to an `Export`.

`spss`, `stata` and `sas` call `read_apart`: a damaged file can crash the library that reads it, and takes
down `statistics_child` only. Codes that the file declares as missing are counted by code.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline.exports import statistics_child
from pipeline.exports.cells import packed_strings, size_of
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
from pipeline.exports.frame import Frame, PackedNumbers, joined_numbers, joined_texts, packed_numbers
from pipeline.exports.machine import check_unfolded, too_much
from pipeline.exports.memory import memory_allowed
from pipeline.exports.parts import rows_not_of_part
from pipeline.exports.recognise import qualtrics_roles

if TYPE_CHECKING:
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

    header, frame = _received(path, program, part.dictionary if program.platform == "sas" else None)
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


def _received(path: Path, program: Program, catalogue: Path | None) -> tuple[dict[str, Any], Frame]:
    """What the child makes of a file; nothing of it touches the disk on the way."""
    most = memory_allowed(path)
    gathered, expired = _Gathered(path.name, most), threading.Event()
    with tempfile.TemporaryFile() as complaints, _child(path, program, most, catalogue, complaints) as child:

        def give_up() -> None:
            expired.set()
            child.kill()

        watch = threading.Timer(_PATIENCE, give_up)
        watch.start()
        try:
            header = gathered.read(child.stdout or complaints)
        finally:
            watch.cancel()
            child.kill()
        complaints.seek(0)
        last = complaints.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    if expired.is_set():
        why = f"reading it took more than {_PATIENCE / 60:.0f} minutes"
        raise damaged(path.name, program.title, why)
    if header is None and "MemoryError" in "".join(last):
        raise too_much(path.name, most)
    if header is None:
        raise damaged(path.name, program.title, _failure("".join(last)))
    if "memory" in header:
        raise too_much(path.name, most)
    _check(header, path.name, program)
    return header, gathered.frame(header["names"])


def _failure(last: str) -> str:
    """Why the child broke off, by its last words: the name of an error, for what follows may be answers."""
    error = re.match(r"[\w.]*?(\w+(?:Error|Exception))\b", last)
    failed = f"failed on it ({error[1]})" if error else "crashed on it"
    return f"the library that reads such files {failed}"


def _child(
    path: Path, program: Program, most: int | None, catalogue: Path | None, complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    script = str(Path(statistics_child.__file__))
    more = [str(catalogue.resolve())] if catalogue is not None else []
    command = [sys.executable, "-P", script, str(path.resolve()), program.form, str(most or 0), *more]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints)


def _check(header: Mapping[str, Any], file: str, program: Program) -> None:
    if "error" in header:
        raise damaged(file, program.title, str(header["error"]).rstrip("."))
    if not header["names"]:
        raise ExportError(file, "the file holds no variables")
    if not all(header["names"]):
        raise damaged(file, program.title, "a variable has no name")
    if len(set(header["names"])) < len(header["names"]):
        raise damaged(file, program.title, "two variables have the same name")


@dataclass
class _Gathered:
    """The columns that the child sends, packed a stretch of rows at a time, and no more bytes than `most`."""

    file: str
    most: int | None
    size: int = 0
    columns: dict[int, list[Any]] = field(default_factory=dict)

    def read(self, source: IO[bytes]) -> dict[str, Any] | None:
        """Take every message; what is known of the columns, or None where the child broke off."""
        while len(head := source.read(16)) == 16:
            content = source.read(int.from_bytes(head[8:], "little"))
            kind = head[:8].strip()
            if kind == b"header":
                known: dict[str, Any] = json.loads(content)
                return known
            if kind == b"again":
                self.columns, self.size = {}, 0
            elif kind == b"column":
                self._take(content)
        return None

    def _take(self, content: bytes) -> None:
        import pyarrow as pa

        with pa.ipc.open_stream(pa.py_buffer(content)) as batches:
            place, cells = int(batches.schema.names[0]), batches.read_next_batch().column(0)
        number = pa.types.is_floating(cells.type)
        packed = packed_numbers(cells) if number else packed_strings(_trimmed(cells))
        self.size += size_of(packed)
        check_unfolded(self.size, self.most, self.file)
        self.columns.setdefault(place, []).append(packed)

    def frame(self, names: Sequence[str]) -> Frame:
        """The columns under their names."""
        import pandas as pd

        held = {
            name: joined_numbers(pieces) if isinstance(pieces[0], PackedNumbers) else joined_texts(pieces)
            for name, pieces in zip(names, (self.columns.pop(i) for i in range(len(names))), strict=True)
        }
        rows = next(len(column.values if column.codes is None else column.codes) for column in held.values())
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
