"""Qualtrics CSV: one, two or three header rows, told apart by what is in them and never by counting.

`read_export` reads `platform: qualtrics` through here. The row of import ids also names the time zone;
the row of question text gives the labels, verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.delimited import headers, tabulate
from pipeline.exports.export import Column, Export, Provenance, sha256_of
from pipeline.exports.recognise import (
    import_id_row,
    is_legacy,
    is_qualtrics,
    of_another_platform,
    of_headers,
    qualtrics_roles,
    response_id_place,
)
from pipeline.exports.text import read_records

_TIME_ZONE = re.compile(r"['\"]timeZone['\"]\s*:\s*['\"]([A-Za-z0-9_+/-]{1,64})['\"]")
_MOMENTS = frozenset({"started", "ended", "recorded"})


@dataclass(frozen=True)
class _Header:
    rows: int
    text: Sequence[str]
    import_ids: Sequence[str]


def read_qualtrics(path: Path) -> Export:
    """Read a Qualtrics CSV or TSV, coded by numbers or by choice text."""
    records = read_records(path)
    first = records.rows[:4]
    if not is_qualtrics(first) and not qualtrics_roles(headers(first[0], path.name)):
        raise of_another_platform(path.name, "qualtrics", of_headers(first) or "csv")
    header = _header(first)
    table = tabulate(records, header.rows, path.name)
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform="qualtrics",
        encoding=records.encoding,
        delimiter=records.delimiter,
        header_rows=header.rows + records.skipped,
        rows=len(table.frame),
        notes=(*records.notes, *table.notes),
    )
    columns = _columns(headers(first[0], path.name), header, legacy=is_legacy(first))
    kept = {name: columns.get(name, Column(name)) for name in table.frame.columns}
    return Export(table.frame, kept, provenance, table.missing_counts)


def _header(rows: Sequence[Sequence[str]]) -> _Header:
    """Find the rows above the answers: names, then question text and import ids where they are."""
    ids = import_id_row(rows)
    if ids is not None:
        return _Header(ids + 1, rows[1] if ids > 1 else (), rows[ids])
    if is_legacy(rows) or _is_question_text(rows):
        return _Header(2, rows[1], ())
    return _Header(1, (), ())


def _is_question_text(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second row is question text: its response id is a title, not `R_...`."""
    place = response_id_place(rows[0])
    if place is None or len(rows) < 2 or place >= len(rows[1]):
        return False
    return re.sub(r"[^a-z]", "", rows[1][place].lower()) == "responseid"


def _columns(names: Sequence[str], header: _Header, *, legacy: bool) -> dict[str, Column]:
    roles = qualtrics_roles(names)
    if legacy:
        roles = {names[i]: role for i, role in enumerate(_legacy_roles(header.text[:10])) if role}
    columns = {}
    for position, name in enumerate(names):
        label = header.text[position] if position < len(header.text) else ""
        role = roles.get(name)
        zone = None
        if role in _MOMENTS and position < len(header.import_ids):
            found = _TIME_ZONE.search(header.import_ids[position])
            zone = found.group(1) if found else None
        columns[name] = Column(
            name, label.strip() or None, "meta" if role else "answer", role=role, time_zone=zone
        )
    return columns


def _legacy_roles(titles: Sequence[str]) -> list[str | None]:
    roles = qualtrics_roles(titles)
    return [roles.get(title) for title in titles]
