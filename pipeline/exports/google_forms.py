"""Google Forms CSV and XLSX: a Timestamp, then whole questions as headings.

`read_export` reads `platform: google_forms` through here. Checkbox answers are joined in one cell; they are
split where the separator can be told from a comma in an answer. Repeated questions are numbered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.exports.delimited import assembled, renamed, told_apart
from pipeline.exports.export import WHOLE, Column, Export, Part
from pipeline.exports.moments import with_iso_moments
from pipeline.exports.multiple import joined_lists, split
from pipeline.exports.recognise import of_another_platform, of_headers
from pipeline.exports.table import read_table

if TYPE_CHECKING:
    import pandas as pd

_JOIN = "\u241e"


def read_google_forms(path: Path, part: Part = WHOLE) -> Export:
    """Read the answers of a Google form, as the form or its sheet gives them."""
    records = read_table(path, part)
    names, notes = told_apart(records.rows[0])
    if of_headers(records.rows[:4]) != "google_forms":
        raise of_another_platform(path.name, "google_forms", of_headers(records.rows[:4]) or "csv")
    known = {name: Column(name, name) for name in names}
    known[names[0]] = Column(names[0], None, "meta", role="ended")
    for name in ("Email Address", "Username", "Email address"):
        if name in known:
            known[name] = Column(name, None, "identifier")
    if "Score" in known:
        known["Score"] = Column("Score", None, "meta")
    export = assembled(path, "google_forms", renamed(records, names), 1, known, part=part, notes=notes)
    return _with_choices(with_iso_moments(export))


def _with_choices(export: Export) -> Export:
    for name, column in list(export.columns.items()):
        cells = export.frame[name]
        if column.kind != "answer" or cells.dtype != object:
            continue
        if joined_lists(cells, ";"):
            export = split(export, name, ";")
        elif (parted := _parted(cells)) is not None:
            export = split(_with(export, name, parted), name, _JOIN)
    return export


def _with(export: Export, name: str, cells: pd.Series) -> Export:
    return replace(export, frame=export.frame.having({name: cells}))


def _parted(cells: pd.Series) -> pd.Series | None:
    """Cells joined by a comma, parted between choices but not within a choice that holds a comma.

    Two pieces belong to one choice where neither is ever met without the other beside it.
    """
    texts = [str(cell) for cell in cells.dropna()]
    lists = [text.split(", ") for text in texts]
    if sum(len(row) > 1 for row in lists) < 2:
        return None
    bound = _bound(lists)
    joined = cells.map(lambda cell: _JOIN.join(_merge(str(cell).split(", "), bound)), na_action="ignore")
    merged = joined.astype(object).where(cells.notna(), None)
    return merged if joined_lists(merged, _JOIN) else None


def _bound(lists: Sequence[Sequence[str]]) -> frozenset[tuple[str, str]]:
    """Pairs of pieces that only ever stand side by side."""
    after: dict[str, set[str]] = {}
    before: dict[str, set[str]] = {}
    for row in lists:
        for one, other in zip(["", *row], [*row, ""], strict=True):
            after.setdefault(one, set()).add(other)
            before.setdefault(other, set()).add(one)
    return frozenset(
        (one, next(iter(followers)))
        for one, followers in after.items()
        if one and len(followers) == 1 and before[next(iter(followers))] == {one} and "" not in followers
    )


def _merge(pieces: Sequence[str], bound: frozenset[tuple[str, str]]) -> list[str]:
    found = [pieces[0]]
    for one, other in pairwise(pieces):
        if (one, other) in bound:
            found[-1] = f"{found[-1]}, {other}"
        else:
            found.append(other)
    return found
