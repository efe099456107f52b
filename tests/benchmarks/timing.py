"""How a case of the benchmarks is timed and printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One case: seconds of both programs (lavaan's None where it was not timed)."""

    case: str
    ours: float
    lavaan: float | None
    note: str = ""

    def __str__(self) -> str:
        theirs = "-" if self.lavaan is None else f"{self.lavaan:.3f}"
        ratio = "-" if self.lavaan is None else f"{self.lavaan / self.ours:.0f}"
        return f"{self.case:<62} {self.ours:>9.3f} {theirs:>10} {ratio:>6}  {self.note}"


def median(work: Callable[[], object], repeat: int) -> float:
    """Return the median seconds of some runs; short ones are warmed up and run for a second or so."""
    start = time.perf_counter()
    work()
    first = time.perf_counter() - start
    taken = [first] if first > 1 else []
    repeat = repeat - len(taken) if first > 0.2 else max(repeat, 21)
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return sorted(taken)[len(taken) // 2]
