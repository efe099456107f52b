"""One reader a platform, behind one `Export` value: typed answers, codebook and provenance.

`stages/ingest` and the command line read files through `read_export`. Nothing of ours is imported, no
file is written, and nothing in a file is evaluated. A file that cannot be read raises `ExportError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.exports.delimited import NO_ANSWER, read_csv
from pipeline.exports.export import (
    Code,
    Column,
    Export,
    ExportError,
    Provenance,
    code_text,
    mark_missing,
)
from pipeline.exports.identifiers import holds_identifiers, is_identifier, mark_identifiers, never_an_answer
from pipeline.exports.qualtrics import read_qualtrics
from pipeline.exports.recognise import check_readable
from pipeline.exports.spss import read_spss

READERS: Mapping[str, Callable[[Path], Export]] = {
    "qualtrics": read_qualtrics,
    "spss": read_spss,
    "csv": read_csv,
}


def read_export(path: Path, platform: str, missing_codes: Sequence[Code] = ()) -> Export:
    """Read a survey platform's file.

    User-missing codes that the file itself declares are counted by code and become missing;
    `missing_codes` do the same in every column of answers. Direct identifiers are marked, not dropped.
    """
    if platform not in READERS:
        raise ExportError(
            path.name, f"no reader for platform '{platform}'", f"one of {', '.join(sorted(READERS))}"
        )
    check_readable(path, platform)
    export = mark_identifiers(READERS[platform](path))
    if not missing_codes:
        return export
    answers = [name for name, column in export.columns.items() if column.kind == "answer"]
    return mark_missing(export, dict.fromkeys(answers, tuple(missing_codes)))


__all__ = [
    "NO_ANSWER",
    "READERS",
    "Code",
    "Column",
    "Export",
    "ExportError",
    "Provenance",
    "code_text",
    "holds_identifiers",
    "is_identifier",
    "mark_identifiers",
    "mark_missing",
    "never_an_answer",
    "read_export",
]
