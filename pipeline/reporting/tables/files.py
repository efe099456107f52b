"""Input files: what was read, in which form, and its hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, header, row, stub
from pipeline.reporting.values import Row, Table

HASH_SHOWN = 16


def table(record: Record) -> Table | None:
    """One row a file."""
    exports: Mapping[str, Any] = record.part("ingest", "exports")
    if not exports:
        return None
    return Table(
        id="files",
        title="Input Files",
        header=(header("File", "Platform", "Encoding", "Rows", "SHA-256 (first 16 digits)"),),
        body=tuple(_row(e) for e in exports.values()),
        widths=(2.4, 1.1, 1.0, 0.8, 2.2),
        general="results.json holds the hashes in full. A file with the same hash is the same to the byte.",
        alt="Input files with platform, encoding, number of rows and hash.",
    )


def _row(e: Mapping[str, Any]) -> Row:
    return row(
        markup.literal(str(e["file"])),
        stub(markup.literal(str(e.get("platform", "")))),
        stub(markup.literal(str(e.get("encoding") or "—"))),
        count(e.get("rows")),
        stub(str(e.get("sha256", ""))[:HASH_SHOWN]),
    )
