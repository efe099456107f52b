"""Versions of one form: told where a file mixes them, joined from several files as a study declares.

`stages/sources` joins the files of an export that declares `versions`, and with the Kobo reader tells the
versions within a file. Nothing is merged that was not declared: a column that a version lacks, a code that
means something else in it and moments of another time zone are refused with what to write.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.exports.export import Column, Export, ExportError, code_text
from pipeline.exports.frame import Frame, Held, hold

if TYPE_CHECKING:
    import pandas as pd

MOST_OPTIONS = 15
COMMON = 0.1
SHOWN = 8


@dataclass(frozen=True)
class Version:
    """How a file's version of the form differs from the first one, as declared.

    `renamed`: column in this file -> column of the first; `recoded`: column of the first -> answer in this
    file -> the answer that it stands for; `without`: columns that this version did not ask.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    recoded: Mapping[str, Mapping[int | str, int | str]] = field(default_factory=dict)
    without: Collection[str] = ()


def joined(
    exports: Sequence[Export],
    versions: Sequence[Version],
    wanted: Collection[str],
    ids: Collection[str] = (),
) -> Export:
    """One export of the files of several versions of a form, rows in the order of the files.

    `wanted` are the columns, by their names in the first file, that the study takes; `ids` those of them that
    name people and groups. ExportError names the file and what it lacks or says otherwise.
    """
    told = [_as_in_first(one, version) for one, version in zip(exports, versions, strict=True)]
    for one, version in zip(told, versions, strict=True):
        _check_columns(one, version, [name for name in wanted if _is_known(name, told)])
    names = list(dict.fromkeys(name for one in told for name in one.columns))
    columns = {name: _column(name, told, checked=name in wanted) for name in names}
    starts = _starts(told)
    frame = Frame(_index(told, starts), {name: _held(name, told) for name in names})
    first = exports[0].provenance
    origins = tuple(one.provenance for one in exports)
    origin = replace(
        first,
        file=" + ".join(one.file for one in origins),
        sha256=hashlib.sha256("".join(one.sha256 for one in origins).encode()).hexdigest(),
        rows=sum(one.rows for one in origins),
        notes=(*_notes(told), *_differences(told, [name for name in wanted if name not in ids])),
        versions=origins,
    )
    return Export(
        frame,
        columns,
        origin,
        _missing_counts(told),
        elsewhere=sum(one.elsewhere for one in told),
        starts=tuple(starts),
    )


def told_versions(export: Export, column: str, ids: Collection[str] = ()) -> Export:
    """The export with notes on the versions of the form that its rows were answered on.

    They name the questions that only some versions hold answers to, and those of few options of which one
    is common in a version and never met in another; no answer is repeated. `ids` are not compared.
    """
    versions = export.frame[column]
    counts = versions.dropna().map(code_text).value_counts(sort=False)
    if len(counts) < 2:
        return export
    rows = ", ".join(str(int(n)) for n in counts)
    notes = [
        f"answered on {len(counts)} versions of the form ({rows} rows): "
        "look whether its questions or choices changed"
    ]
    asked = {
        name: export.frame[name].notna().groupby(versions).any().sum()
        for name, known in export.columns.items()
        if known.kind in {"answer", "multiple"} and name != column and name not in ids
    }
    partly = [name for name, n in asked.items() if 0 < n < len(counts)]
    notes += [f"answered on some versions only: {_listed(partly)}"] if partly else []
    kept = [name for name, n in asked.items() if n == len(counts)]
    changed = [name for name in kept if _differs([part for _, part in export.frame[name].groupby(versions)])]
    notes += [f"not the same answers on every version: {_listed(changed)}"] if changed else []
    origin = replace(export.provenance, notes=(*export.provenance.notes, *notes))
    return replace(export, provenance=origin)


def _is_known(name: str, exports: Sequence[Export]) -> bool:
    """Whether any file has a column; one that none has is told elsewhere."""
    return any(name in one.columns for one in exports)


def _as_in_first(export: Export, version: Version) -> Export:
    """The export under the names and answers of the first file."""
    file = export.provenance.file
    for old, new in version.renamed.items():
        if old not in export.columns:
            raise ExportError(file, f"`renamed` names a column '{old}' that is not there")
        if new in export.columns and new not in version.renamed:
            raise ExportError(file, f"`renamed` makes '{old}' to '{new}', and there is a '{new}' already")
    names = {name: version.renamed.get(name, name) for name in export.columns}
    held = {names[name]: column for name, column in export.frame.held.items()}
    columns = {names[name]: replace(column, name=names[name]) for name, column in export.columns.items()}
    counts = {names[name]: found for name, found in export.missing_counts.items()}
    renamed = replace(export, frame=replace(export.frame, held=held), columns=columns, missing_counts=counts)
    for name, answers in version.recoded.items():
        renamed = _recoded(renamed, name, answers)
    return renamed


def _recoded(export: Export, name: str, answers: Mapping[int | str, int | str]) -> Export:
    """A column with the answers of this version as the first one has them; each change is noted."""
    import pandas as pd

    file = export.provenance.file
    if name not in export.columns:
        raise ExportError(file, f"`recoded` names a column '{name}' that is not there")
    spelled = {code_text(old): new for old, new in answers.items()}
    cells = export.frame[name]
    changed = cells.map(lambda cell: code_text(cell) in spelled).astype(bool)
    values = [spelled.get(code_text(cell), cell) for cell in cells.tolist()]
    text = any(isinstance(value, str) for value in values)
    told = [_as_text(value) for value in values] if text else values
    series = pd.Series(told, index=cells.index, dtype=object if text else "float64")
    labels = {spelled.get(code_text(code), code): label for code, label in _labels(export, name).items()}
    column = replace(export.columns[name], value_labels=labels)
    note = f"'{name}': {int(changed.sum())} answers taken for those of the first version, as declared"
    origin = replace(export.provenance, notes=(*export.provenance.notes, note))
    columns = {**export.columns, name: column}
    return replace(export, frame=export.frame.having({name: series}), columns=columns, provenance=origin)


def _labels(export: Export, name: str) -> Mapping[float | str, str]:
    return export.columns[name].value_labels


def _as_text(value: object) -> str | None:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return None if missing else code_text(value)


def _check_columns(export: Export, version: Version, wanted: Sequence[str]) -> None:
    """Columns that the study takes are there, or declared as not asked."""
    file = export.provenance.file
    lacking = [name for name in wanted if name not in export.columns and name not in version.without]
    if lacking:
        raise ExportError(
            file,
            f"this version of the form lacks {_listed(lacking)}",
            "write under `renamed` what they are called in it, or under `without` that it did not ask them",
        )
    there = [name for name in version.without if name in export.columns]
    if there:
        raise ExportError(file, f"`without` names {_listed(there)}, and this version has them")


def _column(name: str, exports: Sequence[Export], *, checked: bool) -> Column:
    """What is known of a column in all files; where they contradict each other it is refused."""
    having = [one for one in exports if name in one.columns]
    found = having[0].columns[name]
    labels = dict(found.value_labels)
    for one in having[1:]:
        other = one.columns[name]
        for code, label in other.value_labels.items():
            if checked and _spelled(labels.get(code, label)) != _spelled(label):
                raise ExportError(
                    one.provenance.file,
                    f"'{name}': {code_text(code)} means '{label}', in another version '{labels[code]}'",
                    "write under `recoded` which answer of the first version each one stands for",
                )
            labels.setdefault(code, label)
        if found.role and other.time_zone != found.time_zone:
            message = f"'{name}' is told in the time zone {other.time_zone}, before in {found.time_zone}"
            raise ExportError(one.provenance.file, message, "export all versions in one time zone")
        identifies = "identifier" in {found.kind, other.kind}
        found = replace(
            found,
            kind="identifier" if identifies else found.kind,
            missing=tuple(dict.fromkeys((*found.missing, *other.missing))),
        )
    return replace(found, value_labels=labels)


def _spelled(label: str) -> str:
    return " ".join(label.casefold().split())


def _starts(exports: Sequence[Export]) -> list[tuple[str, int]]:
    """File and how many rows are numbered before its own."""
    starts, last = [], 0
    for one in exports:
        starts.append((one.provenance.file, last))
        last += int(one.frame.index.max()) if len(one.frame) else 0
    return starts


def _index(exports: Sequence[Export], starts: Sequence[tuple[str, int]]) -> pd.Index:
    import numpy as np
    import pandas as pd

    pieces = [one.frame.index.to_numpy() + before for one, (_, before) in zip(exports, starts, strict=True)]
    found: pd.Index = pd.Index(np.concatenate(pieces))
    return found


def _held(name: str, exports: Sequence[Export]) -> Held:
    """A column over all files; missing where a file lacks it, text where one holds text."""
    import numpy as np

    text = any(name in one.columns and one.frame.is_text(name) for one in exports)
    pieces = []
    for one in exports:
        if name not in one.columns:
            pieces.append(np.full(len(one.frame), None if text else np.nan, object if text else "float64"))
        elif text and not one.frame.is_text(name):
            cells = [_as_text(value) for value in one.frame[name].tolist()]
            pieces.append(np.array([*cells, None], dtype=object)[:-1])
        else:
            pieces.append(one.frame.held[name].rows())
    return hold(np.concatenate(pieces))


def _missing_counts(exports: Sequence[Export]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in exports:
        for name, counts in one.missing_counts.items():
            told = found.setdefault(name, {})
            for code, n in counts.items():
                told[code] = told.get(code, 0) + n
    return found


def _notes(exports: Sequence[Export]) -> list[str]:
    return [f"{one.provenance.file}: {note}" for one in exports for note in one.provenance.notes]


def _differences(exports: Sequence[Export], wanted: Collection[str]) -> list[str]:
    """What the versions do not share, and which of the study's questions have other answers in one."""
    notes = []
    names = dict.fromkeys(name for one in exports for name in one.columns)
    for one in exports:
        lacking = [name for name in names if name not in one.columns]
        if lacking:
            n = len(one.frame)
            notes.append(f"{one.provenance.file} ({n} rows) does not have: {_listed(lacking)}")
    there = [name for name in wanted if all(name in one.columns for one in exports)]
    changed = [name for name in there if _differs([one.frame[name] for one in exports])]
    notes += [f"not the same answers in every version: {_listed(changed)}"] if changed else []
    return notes


def _differs(parts: Sequence[pd.Series]) -> bool:
    """Whether a question of few options has one that is common in a part and never met in another."""
    counts = [part.dropna().map(code_text).value_counts() for part in parts]
    options = set().union(*(found.index for found in counts))
    rows = sum(int(found.sum()) for found in counts)
    if not all(map(len, counts)) or len(options) > min(MOST_OPTIONS, rows / 2):
        return False
    common = set().union(*(found.index[found >= COMMON * found.sum()] for found in counts))
    return any(option not in found.index for option in common for found in counts)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more
