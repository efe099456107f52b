"""The memory of the machine: how much there is, how much is free, and how much a file may take.

`memory` and the readers of files that unfold ask. Nothing of ours is imported but the error.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.exports.export import ExportError

SHARE = 0.75
LEAST = 512 * 1024**2
"""Bytes that any file may take, however little is free."""


def machine_memory() -> int | None:
    """Bytes of memory that the machine has, where the system tells."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def free_memory() -> int | None:
    """Bytes of memory that programs can still have, where the system tells."""
    told = Path("/proc/meminfo")
    if not told.is_file():
        return None
    for line in told.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def most_memory() -> int | None:
    """Bytes that what unfolds out of a file may take: most of what is free, else of what there is."""
    free = free_memory()
    found = machine_memory() if free is None else free
    return None if found is None else max(int(found * SHARE), LEAST)


def check_unfolded(size: int, most: int | None, file: str) -> None:
    """ExportError where what a file has unfolded to is more than it may take."""
    if most is not None and size > most:
        raise too_much(file, most)


def too_much(file: str, most: int | None) -> ExportError:
    """The error for a file that unfolds to more than there is memory for."""
    there = "the machine has" if most is None else f"the {most / 1024**3:.1f} GB that may be used for it"
    return ExportError(
        file,
        f"reading it takes more memory than {there}",
        "close other programs, export fewer columns, or read it on a larger machine",
    )
