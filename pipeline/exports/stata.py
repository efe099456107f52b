"""Stata .dta: raw codes, value labels, and the extended missing values .a to .z counted one by one.

`read_export` reads `platform: stata` through here.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipeline.exports.apart import Program, read_apart
from pipeline.exports.export import WHOLE, Export, Part
from pipeline.exports.recognise import is_old_stata, of_another_platform, of_bytes

STATA = Program(
    platform="stata",
    form="dta",
    title="a Stata file",
    epoch=datetime(1960, 1, 1),
    dates=("%TD", "%D", "%-TD", "%-D"),
    moments=("%TC", "%-TC"),
    per_second=1000.0,
)


def read_stata(path: Path, part: Part = WHOLE) -> Export:
    """Read a .dta file; extended missing values are counted by letter."""
    with path.open("rb") as file:
        head = file.read(4096)
    if of_bytes(head) != "stata" and not is_old_stata(head):
        raise of_another_platform(path.name, "stata", of_bytes(head) or "csv")
    return read_apart(path, STATA, part)
