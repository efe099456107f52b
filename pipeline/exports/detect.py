"""Which platform made a file, and how sure that is.

`inspection` asks. The readers themselves go by what a study declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.containers import first_rows, is_workbook
from pipeline.exports.export import ExportError
from pipeline.exports.recognise import (
    LOOKS,
    import_id_row,
    is_legacy,
    of_bytes,
    of_headers,
    qualtrics_roles,
)
from pipeline.exports.text import first_records

FIRST = 6
_READ = frozenset({"spss", "stata", "sas", "parquet"})


@dataclass(frozen=True)
class Finding:
    """A platform, how sure that is (from 0 to 1), and by which sign."""

    platform: str
    confidence: float
    sign: str


def detect(path: Path) -> Finding:
    """The platform whose marks a file's beginning bears; ExportError where it is none that can be read."""
    if is_workbook(path):
        found = [_of_rows(rows, "xlsx") for rows in first_rows(path, FIRST) if rows]
        return max(
            found, key=lambda finding: finding.confidence, default=Finding("xlsx", 0.5, "an empty book")
        )
    with path.open("rb") as file:
        kind = of_bytes(file.read(4096))
    if kind is not None and kind not in _READ:
        name, advice = LOOKS[kind]
        raise ExportError(path.name, f"it looks like {name}", advice)
    if kind is not None:
        return Finding(kind, 1.0, "its first bytes")
    return _of_rows(first_records(path, FIRST), "csv")


def of_names(finding: Finding, names: Sequence[str]) -> Finding:
    """What the names of an SPSS file's columns add to what its first bytes told."""
    if finding.platform == "spss" and qualtrics_roles(names):
        return Finding("qualtrics", 0.9, "an SPSS file with the columns that Qualtrics adds")
    return finding


def _of_rows(rows: Sequence[Sequence[str]], plain: str) -> Finding:
    platform = of_headers(rows)
    if platform is None:
        return Finding(plain, 0.6, "no platform's marks: one header row, then answers")
    if platform == "qualtrics":
        return _qualtrics(rows)
    names = {name.strip().lower() for name in rows[0]}
    weak = {
        "google_forms": (0.75, "a Timestamp in the first column"),
        "microsoft_forms": (0.95, "Start time and Completion time"),
        "surveymonkey": (0.95, "Respondent ID and Collector ID"),
        "limesurvey": (0.9, "LimeSurvey's own columns or question codes"),
        "kobo": (0.95, "the columns that Kobo and ODK add"),
        "redcap": (0.7, "the names of REDCap's checkboxes or form status"),
    }
    if platform == "redcap" and any(name.startswith("redcap_") for name in names):
        return Finding("redcap", 1.0, "columns named redcap_...")
    confidence, sign = weak[platform]
    return Finding(platform, confidence, sign)


def _qualtrics(rows: Sequence[Sequence[str]]) -> Finding:
    if import_id_row(rows) is not None:
        return Finding("qualtrics", 1.0, "a row of import ids")
    if is_legacy(rows):
        return Finding("qualtrics", 0.95, "the old header V1 to V10")
    return Finding("qualtrics", 0.85, "a column of response ids (R_...)")
