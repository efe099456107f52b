"""In which columns of an export the items of a scale sit: `{n}`, `{nn}`, `{id}`, `{ID}` in a pattern."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.instrument import Instrument, Item

PLACEHOLDERS = ("{n}", "{nn}", "{id}", "{ID}")


def columns_of(columns: str | Mapping[str, str], instrument: Instrument) -> Mapping[str, str]:
    """Item id -> column, in the order of the items' numbers."""
    if not isinstance(columns, str):
        return {item_id: columns[item_id] for item_id in instrument.item_ids}
    return {item_id: column_of(columns, instrument.item(item_id)) for item_id in instrument.item_ids}


def column_of(pattern: str, item: Item) -> str:
    """The column that a pattern gives for an item."""
    values = (str(item.number), f"{item.number:02d}", item.id, item.id.upper())
    for placeholder, value in zip(PLACEHOLDERS, values, strict=True):
        pattern = pattern.replace(placeholder, value)
    return pattern


def unknown_placeholders(pattern: str) -> tuple[str, ...]:
    """What stands in braces and means nothing."""
    return tuple(part for part in re.findall(r"\{[^{}]*\}", pattern) if part not in PLACEHOLDERS)


def varies(pattern: str) -> bool:
    """Whether the pattern gives each item a column of its own."""
    return any(placeholder in pattern for placeholder in PLACEHOLDERS)
