"""Sentences about the power of the design: what it could have found, and what its silence is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.prose.references import in_text
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.power import power_words


def power(record: Record) -> list[str]:
    """How to read the table, then one sentence a level."""
    found: Mapping[str, Any] = record.part("model", "power")
    rows: Entries = found.get("rows") or ()
    if not rows:
        return []
    asked = [r for r in rows if r.get("power") is not None]
    levels = dict.fromkeys(str(r["level"]) for r in asked)
    return [_opening(asked), *(_at(record, level, asked, found["target"]) for level in levels)]


def _opening(asked: Entries) -> str:
    told = (
        "[@power] tells which effects a study of this design can find. Power is asked for sizes that were "
        "named without looking at the estimates: power at an estimate would only say its *p* value again "
        "(Hoenig & Heisey, 2001)."
    )
    return told if asked else f"{told} No size was declared or published for any effect."


def _at(record: Record, level: str, asked: Entries, target: float) -> str:
    own = [r for r in asked if r["level"] == level]
    weak = [r for r in own if float(r["power"]) < target]
    opening = f"{record.level_words(level)}, power" if record.is_clustered else "Power"
    told = f"{opening} was {listed(_size(record, r) for r in own)}."
    if not weak:
        return told
    which = "these effects" if len(weak) == len(own) else "those with less"
    if len(own) == 1:
        which = "this effect"
    return (
        f"{told} The usual standard is {numbers.bounded(target)}: for {which}, a result that is not clear "
        "may well come about although the effect is there, and says little against it."
    )


def _size(record: Record, r: Mapping[str, Any]) -> str:
    what = record.route(str(r["effect"]))
    if r["kind"] == "smallest":
        size = f"{numbers.number(r['unstandardized'], _decimals(r))}, the smallest of interest"
    else:
        size = f"β = {numbers.number(r['standardized'], 3)}, as in {in_text(str(r['source']))}"
    power = power_words(float(r["power"]))
    told = {"> .99": "practically 1", "< .01": "practically 0"}.get(power, power)
    return f"{told} for {what} ({size})"


def _decimals(r: Mapping[str, Any]) -> int:
    return 3 if str(r["effect"]).count(ARROW) > 1 else 2
