"""What every reader returns: an `Export` of typed columns, their codebook and where they came from.

The readers of this room make it, `stages/ingest` takes it. Numbers are float64, text is str or None, and
nothing is coerced without a count or a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.exports.frame import Frame, Resting

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Code = float | int | str
Missing = float | int | str | tuple[float, float]
Kind = Literal["meta", "answer", "multiple", "other text", "identifier"]


class ExportError(ValueError):
    """A file that cannot be read as declared: which, what is wrong, what to do."""

    def __init__(self, file: str, message: str, hint: str | None = None) -> None:
        self.file = file
        self.message = message
        self.hint = hint
        super().__init__(f"{file}: {message}" + (f" ({hint})" if hint else ""))


@dataclass(frozen=True)
class Column:
    """One column of an export: its question, its value labels, and the codes that mean "no answer".

    `kind` is "multiple" for one choice of a multi-select question (1, 0, or missing where it was never
    reached) and "other text" for what was written beside a choice. `role` says what a platform's own
    column records: response_id, started, ended, seconds, status, channel, finished, progress, recorded,
    language, version. `time_zone` is the zone of its moments.
    """

    name: str
    label: str | None = None
    kind: Kind = "answer"
    value_labels: Mapping[float | str, str] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    role: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True)
class Part:
    """What of a file is to be read: a sheet, the rows with these values, with which data dictionary."""

    sheet: str | None = None
    rows: Mapping[str, str] = field(default_factory=dict)
    dictionary: Path | None = None


WHOLE = Part()


@dataclass(frozen=True)
class Provenance:
    """Where an export came from and how it was read. `file` is the name only.

    `header_rows` counts every row above the answers, as a spreadsheet shows them; SPSS files have none.
    `versions` tells of each file, where several were joined.
    """

    file: str
    sha256: str
    platform: str
    encoding: str
    delimiter: str | None
    header_rows: int
    rows: int
    notes: tuple[str, ...] = ()
    versions: tuple[Provenance, ...] = ()


@dataclass(frozen=True, eq=False)
class Export:
    """A file as read. The frame's index is the data row in the file, from 1 (SPSS: case number).

    `parts` names the kinds of rows that a file mixes (events, repeating forms), as `Part.rows` selects
    them; `elsewhere` counts the rows of parts that were not selected. `starts` says, where several files
    were joined, how many rows are numbered before those of each.
    """

    frame: Frame
    columns: Mapping[str, Column]
    provenance: Provenance
    missing_counts: Mapping[str, Mapping[str, int]]
    parts: tuple[Mapping[str, str], ...] = ()
    elsewhere: int = 0
    starts: tuple[tuple[str, int], ...] = ()

    def role(self, role: str) -> Column | None:
        """The column that plays a role, or None."""
        return next((column for column in self.columns.values() if column.role == role), None)


def mark_missing(export: Export, codes: Mapping[str, tuple[Missing, ...]]) -> Export:
    """Turn codes that mean "no answer" into missing values, counted by column and code."""
    new: dict[str, Resting] = {}
    counts = {name: dict(found) for name, found in export.missing_counts.items()}
    columns = dict(export.columns)
    for name, missing in codes.items():
        known = columns[name].missing
        more = tuple(code for code in missing if code not in known)
        columns[name] = replace(columns[name], missing=known + more)
        kept, found = export.frame.held[name].without(partial(_hits, missing=missing))
        if found:
            new[name] = kept
            told = counts.setdefault(name, {})
            for code, n in found.items():
                told[code_text(code)] = told.get(code_text(code), 0) + n
    return replace(export, frame=export.frame.having(new), columns=columns, missing_counts=counts)


def code_text(code: object) -> str:
    """A code as people write it: -99, not -99.0."""
    return str(int(code)) if isinstance(code, float) and code.is_integer() else str(code)


def sha256_of(path: Path) -> str:
    """The hash of a file, read in pieces."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hits(values: pd.Series, missing: tuple[Missing, ...]) -> np.ndarray:
    import numpy as np

    hit = np.zeros(len(values), dtype=bool)
    text = values.dtype == object
    for code in missing:
        if isinstance(code, tuple):
            if not text:
                hit |= values.between(*code).to_numpy()
        elif text:
            hit |= values.isin([code_text(code)]).to_numpy()
        elif not isinstance(code, str):
            hit |= values.eq(float(code)).to_numpy()
    return hit
