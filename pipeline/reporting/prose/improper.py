"""What must not be read because the path model's solution is improper, in each place that would tempt to.

`results` and `summary` call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting.record import Record
from pipeline.reporting.tables.bounds import CAUSES

IN_PLAIN_WORDS = (
    "the calculation gave an impossible value (a variance below zero), as happens with little data, so that "
    "nothing can be read from the estimate"
)


def of_paths(record: Record) -> str:
    """The residual variances below zero, with what rests on them."""
    found = record.improper
    if not found:
        return ""
    told = " and ".join(
        f"of {record.phrase(outcome)}{_at(record, level)}" for outcome, level in sorted(found)
    )
    return (
        f"The solution is improper: the residual variance {told} is estimated below zero (a Heywood case). "
        f"{CAUSES} The slopes of that outcome at that level, and every indirect effect through or to it, "
        "stand in the tables for the record and must not be interpreted."
    )


def of_hypothesis(record: Record, h: Mapping[str, Any]) -> str:
    """A caution behind the verdict on a hypothesis."""
    if not record.rests_on_improper(h):
        return ""
    return " It rests on an improper solution (see Paths), so the verdict must not be relied on."


def _at(record: Record, level: str) -> str:
    words = record.level_words(level)
    return f" {words[:1].lower()}{words[1:]}" if record.is_clustered else ""
