"""What was locked beforehand, when, and whether the analysis kept to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.reporting.record import Record
from pipeline.reporting.tables.deviations import TITLES

SHOWN = 16
NOT_LOCKED = (
    "Nothing was locked before the analysis: this report cannot show that model, hypotheses, and rules were "
    "set before the results were seen."
)


def locked(record: Record) -> list[str]:
    """One paragraph on the last lock and the deviations since; one on earlier locks."""
    found: Mapping[str, Any] = record.results.get("lock") or {}
    locks: Sequence[Mapping[str, Any]] = found.get("locks") or ()
    if not locks:
        return [NOT_LOCKED]
    last = locks[-1]
    start = (
        "Model, hypotheses, instruments, scoring and screening rules, options, and seed were locked on "
        f"{last['date']} (SHA-256 {str(last['sha256'])[:SHOWN]}…)."
    )
    return [f"{start} {_kept(len(found.get('deviations') or ()))}", *_earlier(locks)]


def _kept(deviations: int) -> str:
    if not deviations:
        return "The analysis reported here is the locked one: nothing was changed afterwards."
    count = "One thing was" if deviations == 1 else f"{deviations} things were"
    return f"{count} changed afterwards: [@deviations] shows each as it was locked and as it was analysed."


def _earlier(locks: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(locks) == 1:
        return []
    told = [
        f"on {lock['date']} ({', '.join(TITLES[part].lower() for part in lock['changed']) or 'no change'})"
        for lock in locks[1:]
    ]
    again = "; ".join(told)
    return [f"It was first locked on {locks[0]['date']} and locked again {again}; in brackets, what changed."]
