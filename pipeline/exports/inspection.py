"""What a file holds, told before a study is declared: columns by kind, codings, missing codes, trouble.

The command `inspect` and the drafting of a study call `inspect_export`. Nothing that identifies a person
is repeated: such columns are named and counted only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports import read_whole
from pipeline.exports.containers import opened
from pipeline.exports.detect import detect, of_names
from pipeline.exports.export import Column, Export, ExportError, Part, code_text
from pipeline.exports.identifiers import without_identifiers
from pipeline.exports.memory import refuse_without_memory
from pipeline.exports.trouble import Trouble, trouble_in

if TYPE_CHECKING:
    import pandas as pd

MOST_CODES = 11
LONG_TEXT = 60
_USUAL_MISSING = frozenset(
    {-1, -2, -3, -4, -5, -6, -7, -8, -9, -66, -77, -88, -96, -97, -98, -99, -777, -888, -997, -998, -999}
    | {9, 66, 77, 88, 96, 97, 98, 99, 777, 888, 997, 998, 999, 9999, -9999}
)


@dataclass(frozen=True)
class Described:
    """One column: its kind, how many rows answered, the answers found where they are a coding."""

    name: str
    label: str | None
    kind: str
    answered: int
    distinct: int
    coding: tuple[str, ...]
    missing_codes: tuple[str, ...]
    unique: bool


@dataclass(frozen=True)
class Inspection:
    """What was found in a file."""

    file: str
    platform: str
    confidence: float
    sign: str
    encoding: str
    delimiter: str | None
    header_rows: int
    rows: int
    respondents: int
    columns: tuple[Described, ...]
    missing_codes: Mapping[str, int]
    parts: tuple[Mapping[str, str], ...]
    part: Part
    notes: tuple[str, ...]
    problems: tuple[Trouble, ...]
    export: Export

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The columns that identify people and would be dropped."""
        return tuple(column.name for column in self.columns if column.kind == "identifier")


def inspect_export(path: Path, part: Part | None = None, scratch: Path | None = None) -> Inspection:
    """Find the platform, read the file (of several parts the first), and say what is in it."""
    if not path.is_file():
        raise ExportError(path.name, "there is no such file")
    if path.stat().st_size == 0:
        raise ExportError(path.name, "the file is empty", "export it again")
    refuse_without_memory(path)
    with opened(path, scratch) as (file, _):
        finding = detect(file)
    wanted = part or Part()
    export = read_whole(path, finding.platform, wanted, scratch)
    finding = of_names(finding, list(export.columns))
    parts = export.parts
    if parts and not wanted.rows:
        wanted = Part(wanted.sheet, parts[-1], wanted.dictionary)
        export = read_whole(path, finding.platform, wanted, scratch)
    columns = tuple(_described(export, column) for column in export.columns.values())
    origin = export.provenance
    return Inspection(
        file=path.name,
        platform=finding.platform,
        confidence=finding.confidence,
        sign=finding.sign,
        encoding=origin.encoding,
        delimiter=origin.delimiter,
        header_rows=origin.header_rows,
        rows=origin.rows,
        respondents=_respondents(export, columns),
        columns=columns,
        missing_codes=_missing_codes(export, columns),
        parts=parts,
        part=wanted,
        notes=origin.notes,
        problems=trouble_in(export),
        export=export,
    )


def _described(export: Export, column: Column) -> Described:
    values = export.frame[column.name]
    distinct = int(values.nunique())
    answered = int(values.notna().sum())
    kind = _kind(column, values, distinct)
    coded = kind == "item"
    codes = sorted(values.dropna().unique().tolist()) if coded else []
    missing = _missing_among(codes)
    return Described(
        name=column.name,
        label=column.label,
        kind=kind,
        answered=answered,
        distinct=distinct,
        coding=tuple(_labelled(code, column) for code in codes if code not in missing),
        missing_codes=tuple(code_text(code) for code in missing),
        unique=answered > 1 and distinct == answered == len(values) and kind != "identifier",
    )


def _kind(column: Column, values: pd.Series, distinct: int) -> str:
    """Meta, item, multi-select, other text, free text, identifier; numbers that are no coding are meta."""
    if column.kind != "answer":
        return "multi-select" if column.kind == "multiple" else column.kind
    if not distinct:
        return "meta"
    if values.dtype != object:
        whole = bool((values.dropna() % 1 == 0).all())
        return "item" if whole and distinct <= MOST_CODES + 4 and distinct < max(len(values), 3) else "meta"
    longest = int(values.dropna().str.len().max())
    recurs = distinct <= 0.5 * len(values) or (distinct <= 5 and longest <= LONG_TEXT / 2)
    if distinct <= MOST_CODES and longest <= LONG_TEXT and recurs:
        return "item" if all(map(without_identifiers, values.dropna().unique())) else "free text"
    return "free text" if values.dropna().str.contains(" ").mean() > 0.5 else "meta"


def _labelled(code: object, column: Column) -> str:
    label = column.value_labels.get(code) if isinstance(code, (float, str)) else None
    text = code_text(code)
    return f"{text} {label}" if label else text


def _missing_among(codes: list[object]) -> list[float]:
    """Codes set apart from the others that people use for "no answer"."""
    numbers = sorted(float(code) for code in codes if isinstance(code, float))
    kept = [n for n in numbers if not (n < 0 and n in _USUAL_MISSING)] or numbers
    while len(kept) > 2 and kept[-1] in _USUAL_MISSING and kept[-1] - kept[-2] > 1:
        kept.pop()
    return [n for n in numbers if n not in kept]


def _missing_codes(export: Export, columns: tuple[Described, ...]) -> dict[str, int]:
    """Code -> answers, of the codes that the file declares and those that look like it."""
    found: dict[str, int] = {}
    for counts in export.missing_counts.values():
        for code, n in counts.items():
            found[code] = found.get(code, 0) + n
    for column in columns:
        for code in column.missing_codes:
            n = int((export.frame[column.name] == float(code)).sum())
            found[code] = found.get(code, 0) + n
    return found


def _respondents(export: Export, columns: tuple[Described, ...]) -> int:
    """Rows with an answer to any item or multi-select question; all rows where there is none."""
    answers = [column.name for column in columns if column.kind in {"item", "multi-select"}]
    if not answers:
        return len(export.frame)
    return int(export.frame.table(answers).notna().any(axis="columns").sum())
