"""One reader a platform, behind one `Export` value: typed answers, codebook and provenance.

`stages/ingest` and the command line read files through `read_export`. Nothing of ours is imported, no
file is written, and nothing in a file is evaluated. A file that cannot be read raises `ExportError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.exports.containers import opened, sweep
from pipeline.exports.delimited import NO_ANSWER, read_csv
from pipeline.exports.export import (
    WHOLE,
    Code,
    Column,
    Export,
    ExportError,
    Part,
    Provenance,
    code_text,
    mark_missing,
    sha256_of,
)
from pipeline.exports.google_forms import read_google_forms
from pipeline.exports.identifiers import (
    holds_identifiers,
    is_identifier,
    mark_identifiers,
    never_an_answer,
    without_identifiers,
)
from pipeline.exports.kobo import read_kobo
from pipeline.exports.limesurvey import read_limesurvey
from pipeline.exports.machine import too_much
from pipeline.exports.memory import refuse_without_memory
from pipeline.exports.microsoft_forms import read_microsoft_forms
from pipeline.exports.parquet import read_parquet
from pipeline.exports.qualtrics import read_qualtrics
from pipeline.exports.recognise import check_readable
from pipeline.exports.redcap import read_redcap
from pipeline.exports.sas import read_sas
from pipeline.exports.spss import read_spss
from pipeline.exports.stata import read_stata
from pipeline.exports.surveymonkey import read_surveymonkey
from pipeline.exports.table import read_xlsx
from pipeline.exports.versions import Version, joined, told_versions

READERS: Mapping[str, Callable[[Path, Part], Export]] = {
    "qualtrics": read_qualtrics,
    "redcap": read_redcap,
    "limesurvey": read_limesurvey,
    "surveymonkey": read_surveymonkey,
    "kobo": read_kobo,
    "google_forms": read_google_forms,
    "microsoft_forms": read_microsoft_forms,
    "spss": read_spss,
    "stata": read_stata,
    "sas": read_sas,
    "csv": read_csv,
    "xlsx": read_xlsx,
    "parquet": read_parquet,
}


def read_export(
    path: Path,
    platform: str,
    missing_codes: Sequence[Code] = (),
    part: Part = WHOLE,
    scratch: Path | None = None,
) -> Export:
    """Read a survey platform's file, or the part of it that `part` names.

    User-missing codes that the file itself declares are counted by code and become missing;
    `missing_codes` do the same in every column of answers. Direct identifiers are marked, not dropped.
    A zip archive is read as the one data file in it, unpacked into `scratch` meanwhile. A file that mixes
    several kinds of rows is refused until `part.rows` says which are meant, and so is a file that changes
    while it is read.
    """
    export = read_whole(path, platform, part, scratch)
    if export.parts and not part.rows:
        raise several_parts(path.name, export.parts)
    if not missing_codes:
        return export
    answers = [name for name, column in export.columns.items() if column.kind == "answer"]
    return mark_missing(export, dict.fromkeys(answers, tuple(missing_codes)))


def read_whole(path: Path, platform: str, part: Part = WHOLE, scratch: Path | None = None) -> Export:
    """Read a file with all the kinds of rows that it may mix."""
    if platform not in READERS:
        raise ExportError(
            path.name, f"no reader for platform '{platform}'", f"one of {', '.join(sorted(READERS))}"
        )
    if not path.is_file():
        raise ExportError(path.name, "there is no such file")
    before = _state(path)
    refuse_without_memory(path)
    with opened(path, scratch) as (file, member):
        try:
            check_readable(file, platform)
            refuse_without_memory(file)
            export = mark_identifiers(READERS[platform](file, part))
        except ExportError as error:
            raise ExportError(path.name, error.message, error.hint) from error
        except MemoryError as error:
            raise too_much(path.name, None) from error
    if _state(path) != before:
        raise ExportError(path.name, "the file changed while it was read", "wait until it is complete")
    if member is None:
        return export
    notes = (*export.provenance.notes, f"read from {member!r} in the archive")
    origin = replace(export.provenance, file=path.name, sha256=sha256_of(path), notes=notes)
    return replace(export, provenance=origin)


def several_parts(file: str, parts: Sequence[Mapping[str, str]]) -> ExportError:
    """The error that lists the kinds of rows of a file, each as study.yaml selects it."""
    lines = [", ".join(f"{name}: '{value}'" for name, value in part.items()) for part in parts[:12]]
    return ExportError(
        file,
        f"it mixes {len(parts)} kinds of rows, several a record",
        "declare an export for each that the study needs, with one of: "
        + "; ".join(f"rows: {{{line}}}" for line in lines),
    )


def _state(path: Path) -> tuple[int, int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns, told.st_ino


__all__ = [
    "NO_ANSWER",
    "READERS",
    "WHOLE",
    "Code",
    "Column",
    "Export",
    "ExportError",
    "Part",
    "Provenance",
    "Version",
    "code_text",
    "holds_identifiers",
    "is_identifier",
    "joined",
    "mark_identifiers",
    "mark_missing",
    "never_an_answer",
    "read_export",
    "read_whole",
    "sweep",
    "told_versions",
    "without_identifiers",
]
