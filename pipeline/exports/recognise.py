"""What a file looks like, told from its first bytes and its headers, and what to declare instead.

The readers ask before they read, so that a file of another platform is answered with a name and a line
for study.yaml rather than with a parser's complaint. Only the file itself is touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.exports.export import ExportError

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"$FL2", "spss"),
    (b"$FL3", "spss"),
    (b"PK\x03\x04", "workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old workbook"),
    (b"<stata_dta>", "stata"),
    (b"HEADER RECORD*******LIB", "sas"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf\xbd\x92\x08\x00\x09\xc7\x31\x8c\x18\x1f\x10\x11", "sas"),
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "compressed"),
    (b"Rar!", "compressed"),
    (b"7z\xbc\xaf\x27\x1c", "compressed"),
    (b"%PDF", "pdf"),
    (b"RDX", "r"),
)

LOOKS: Mapping[str, tuple[str, str]] = {
    "spss": ("an SPSS file", "write `platform: spss`"),
    "qualtrics": ("a Qualtrics CSV export", "write `platform: qualtrics`"),
    "csv": ("a plain delimited text file", "write `platform: csv`"),
    "workbook": (
        "an Excel workbook or a zip archive",
        "write `platform: xlsx`, or the platform that made it",
    ),
    "xlsx": ("an Excel workbook", "write `platform: xlsx`"),
    "old workbook": ("an old Excel workbook", "save it as .xlsx and write `platform: xlsx`"),
    "portable": (
        "an SPSS portable file",
        "its missing codes could not be told apart; save it as .sav in SPSS and write `platform: spss`",
    ),
    "stata": ("a Stata file", "write `platform: stata`"),
    "sas": ("a SAS file", "write `platform: sas`"),
    "parquet": ("a parquet file", "write `platform: parquet`"),
    "r": ("an R data file", "write it from R as CSV and write `platform: csv`"),
    "compressed": ("a compressed archive", "unpack it first"),
    "pdf": ("a PDF", "export the answers as CSV or SPSS"),
    "html": ("a web page", "the download probably needed a login: export again"),
    "json": ("a JSON file", "export the answers as CSV or SPSS"),
    "redcap": ("a REDCap export", "write `platform: redcap`"),
    "limesurvey": ("a LimeSurvey export", "write `platform: limesurvey`"),
    "surveymonkey": ("a SurveyMonkey export", "write `platform: surveymonkey`"),
    "kobo": ("a Kobo or ODK export", "write `platform: kobo`"),
    "google_forms": ("an export of Google Forms", "write `platform: google_forms`"),
    "microsoft_forms": ("an export of Microsoft Forms", "write `platform: microsoft_forms`"),
}

CONTAINERS: Mapping[str, frozenset[str]] = {
    "spss": frozenset({"qualtrics"}),
    "workbook": frozenset(
        {
            "xlsx",
            "surveymonkey",
            "kobo",
            "google_forms",
            "microsoft_forms",
            "limesurvey",
            "qualtrics",
            "redcap",
        }
    ),
}
"""What a file may be by its first bytes, and the platforms that export such files."""

_ROLES = {
    "responseid": "response_id",
    "startdate": "started",
    "enddate": "ended",
    "status": "status",
    "progress": "progress",
    "durationinseconds": "seconds",
    "finished": "finished",
    "recordeddate": "recorded",
    "distributionchannel": "channel",
    "userlanguage": "language",
}
_IMPORT_ID = re.compile(r"\s*\{\s*['\"]ImportId['\"]")
_REDCAP = re.compile(r"redcap_(event_name|repeat_instrument|repeat_instance|data_access_group|survey_.*)$")
_REDCAP_LABEL = re.compile(r".* \(choice=.*\)|repeat instrument|data access group")
_STAMPS = frozenset(
    {"timestamp", "zeitstempel", "horodateur", "marca temporal", "tijdstempel", "carimbo de data/hora"}
)
_LIMESURVEY = re.compile(r".*\[(SQ\d+|other)\]|\d+X\d+X\d+.*", re.IGNORECASE)
_KOBO = {"_uuid", "_submission_time", "_index", "_validation_status", "__version__", "deviceid"}


def check_readable(path: Path, platform: str) -> None:
    """Raise where the file is absent, empty, or by its first bytes of another platform."""
    if not path.is_file():
        raise ExportError(path.name, "there is no such file")
    if path.stat().st_size == 0:
        raise ExportError(path.name, "the file is empty", "export it again")
    with path.open("rb") as file:
        found = of_bytes(file.read(4096))
    if found is not None and found != platform and platform not in CONTAINERS.get(found, ()):
        raise of_another_platform(path.name, platform, found)


def of_another_platform(file: str, declared: str, found: str) -> ExportError:
    """The error that names what a file looks like and what to write."""
    name, advice = LOOKS[found]
    return ExportError(file, f"declared as `platform: {declared}`, but it looks like {name}", advice)


def of_bytes(head: bytes) -> str | None:
    """What the first bytes of a file give away, or None for text."""
    for signature, name in SIGNATURES:
        if head.startswith(signature):
            return name
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if b"ascii spss port file" in head.lower():
        return "portable"
    if is_old_stata(head):
        return "stata"
    return "json" if re.match(rb'\{\s*"|\[\s*[\{\[]', start) else None


def is_old_stata(head: bytes) -> bool:
    """Whether the first bytes are those of Stata 8 to 12: version, byte order, file type, a zero."""
    return len(head) > 109 and head[0] in (113, 114, 115) and head[1] in (1, 2) and head[2:4] == b"\x01\x00"


def of_headers(rows: Sequence[Sequence[str]]) -> str | None:
    """The platform that the first rows of a delimited file give away, or None."""
    if is_qualtrics(rows):
        return "qualtrics"
    names = [cell.strip() for cell in rows[0]] if rows else []
    lowered = {name.lower() for name in names}
    signs = {
        "redcap": any(
            _REDCAP.match(name) or "___" in name or _REDCAP_LABEL.fullmatch(name) for name in lowered
        )
        or _has_status(names, rows[1:]),
        "surveymonkey": {"respondent id", "collector id"} <= lowered,
        "limesurvey": any(map(_LIMESURVEY.fullmatch, names))
        or {"submitdate", "lastpage"} <= lowered
        or {"date submitted", "last page"} <= lowered
        or {"response id", "last page seen"} <= lowered,
        "kobo": len(lowered & _KOBO) >= 2,
        "microsoft_forms": {"start time", "completion time"} <= lowered,
        "google_forms": bool(names) and names[0].lower() in _STAMPS and _is_dated(rows[1:]),
    }
    return next((platform for platform, found in signs.items() if found), None)


def _has_status(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the file ends in the status of a REDCap form: 0, 1, 2 or blank."""
    places = [i for i, name in enumerate(names) if name.endswith("_complete") or name == "Complete?"]
    seen = {row[i].strip() for row in rows for i in places if i < len(row)}
    words = {"", "0", "1", "2", "Incomplete", "Unverified", "Complete"}
    return bool(places) and bool(seen - {""}) and seen <= words


def _is_dated(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column holds dates, or nothing at all."""
    cells = [row[0].strip() for row in rows if row and row[0].strip()]
    return all(re.match(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}", cell) for cell in cells)


def is_qualtrics(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the rows carry import ids, the old `V1` header, or a column of Qualtrics' response ids."""
    if import_id_row(rows) is not None or is_legacy(rows):
        return True
    place = response_id_place(rows[0]) if rows else None
    return place is not None and any(row[place : place + 1] and row[place][:2] == "R_" for row in rows[1:])


def is_legacy(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the header is of the old kind: `V1` to `V10`, with their meaning in the second row."""
    return len(rows) > 1 and rows[0][:1] == ["V1"] and rows[1][:1] == ["ResponseID"]


def response_id_place(names: Sequence[str]) -> int | None:
    """The position of the column of response ids."""
    return next((i for i, name in enumerate(names) if name.strip().lower() == "responseid"), None)


def import_id_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The position, among the first rows, of the one that holds Qualtrics' import ids."""
    for position, row in enumerate(rows[1:4], start=1):
        if any(_IMPORT_ID.match(cell) for cell in row):
            return position
    return None


def qualtrics_roles(names: Sequence[str]) -> dict[str, str]:
    """Name -> role of the columns that Qualtrics adds, also as SPSS spells them."""
    found = {name: _ROLES.get(re.sub(r"[^a-z]", "", name.lower())) for name in names}
    roles = {name: role for name, role in found.items() if role is not None}
    return roles if len(roles) >= 3 else {}
