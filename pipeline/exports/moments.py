"""Moments as platforms write them, brought to ISO where the order of day and month can be told.

The readers call this for the columns that say when somebody answered. Nothing is guessed: a column whose
days and months could be read both ways stays as written, and the reader's note says so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pipeline.exports.export import Export

if TYPE_CHECKING:
    import pandas as pd

Order = Literal["month first", "day first"]
_SLASHED = re.compile(
    r"(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})[/.-](?P<year>\d{4}|\d{2})"
    r"(?:[ T,]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"(?:\s+(?:GMT|UTC|EST|EDT|CST|CDT|MST|MDT|PST|PDT|CET|CEST)?(?P<zone>[+-]\d{1,2}(?::?\d{2})?)?)?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[/.-](?P<a>\d{1,2})[/.-](?P<b>\d{1,2})"
    r"(?:[ T,]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
    r"(?:\s+(?:GMT|UTC)?(?P<zone>[+-]\d{1,2}(?::?\d{2})?)?)?"
)


def with_iso_moments(export: Export, usual: Order | None = None) -> Export:
    """Columns of moments as ISO text; `usual` is the platform's own order, where it has one."""
    import pandas as pd

    read_anew: dict[str, pd.Series] = {}
    notes = list(export.provenance.notes)
    for name, column in export.columns.items():
        if column.role not in {"started", "ended", "recorded"} or not export.frame.is_text(name):
            continue
        texts = export.frame.held[name].different(len(export.frame))
        if all(_is_iso(text) for text in texts):
            continue
        order = _order(texts, usual)
        if order is None:
            notes.append(f"'{name}': day and month could be read both ways, so no moment was read")
            continue
        read = {text: _iso(text, order) for text in set(texts)}
        cells = export.frame[name]
        told = [_told(cell, read) for cell in cells.tolist()]
        read_anew[name] = pd.Series(told, index=cells.index, dtype=object)
        if not any("+" in (moment or "")[19:] for moment in read.values()):
            notes.append(f"'{name}' names no time zone")
    origin = replace(export.provenance, notes=tuple(notes))
    return replace(export, frame=export.frame.having(read_anew), provenance=origin)


def _told(cell: object, read: dict[str, str | None]) -> object:
    return (read.get(str(cell)) or cell) if isinstance(cell, str) else None


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _order(texts: list[str], usual: Order | None) -> Order | None:
    """The order of day and month that every moment allows; the usual one where both do."""
    pairs = [
        (int(found["a"]), int(found["b"])) for text in texts if (found := _SLASHED.fullmatch(text.strip()))
    ]
    if not pairs:
        return "month first"
    day_first, month_first = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    if day_first and month_first:
        return None
    if day_first or month_first:
        return "day first" if day_first else "month first"
    return "month first" if all(a == b for a, b in pairs) else usual


def _iso(text: str, order: Order) -> str | None:
    slashed = _SLASHED.fullmatch(text.strip())
    found = slashed or _YEAR_FIRST.fullmatch(text.strip())
    if found is None:
        return None
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    month, day = int(found["a"]), int(found["b"])
    if slashed and order == "day first":
        month, day = day, month
    hour = int(found["h"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    try:
        moment = datetime(year, month, day, hour, int(found["m"] or 0), int(found["s"] or 0))
    except ValueError:
        return None
    return moment.isoformat(sep=" ") + _offset(found["zone"])


def _offset(zone: str | None) -> str:
    if not zone:
        return ""
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "00")
    return f"{zone[0]}{int(hours):02}:{minutes}"
