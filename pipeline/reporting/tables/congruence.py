"""Congruence: what the response surface does along the lines of agreement and of disagreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import group, header, row
from pipeline.reporting.values import Row, Table

MEANINGS = {
    "a1": "*a*~1~, slope where both agree",
    "a2": "*a*~2~, curve where both agree",
    "a3": "*a*~3~, slope where they differ",
    "a4": "*a*~4~, curve where they differ",
    "a5": "*a*~5~, *b*~3~ − *b*~5~",
}


def table(record: Record) -> Table | None:
    """Rows a1 to a5, a group for each surface."""
    found: Entries = record.part("model", "congruence") or ()
    body = [r for entry in found for surface in entry["surfaces"] for r in _rows(record, entry, surface)]
    if not body:
        return None
    ci = numbers.confidence(record.confidence)
    return Table(
        id="congruence",
        title="Response Surface of Congruence",
        header=(header("Along the surface", "Estimate", "*SE*", f"{ci} CI", "*p*"),),
        body=tuple(body),
        widths=(4.6, 1.0, 0.9, 1.7, 0.9),
        general=(
            "From the outcome’s regression on both variables, their squares and their product (Edwards & "
            "Parry, 1993; Shanock et al., 2010). Agreement goes with a higher outcome where *a*~4~ is "
            "clearly below zero and *a*~3~ is not clearly different from it. Errors are robust to "
            "clusters. Within clusters, scores count from cluster means; whole scores count from the "
            "midpoint of the scale."
        ),
        alt="Slopes and curves of the response surface along its two lines, with intervals.",
    )


def surface_words(record: Record, level: str) -> str:
    """Which surface, in words."""
    return record.level_words(level) if level == "within" else "Whole scores"


def _rows(record: Record, entry: Mapping[str, Any], surface: Mapping[str, Any]) -> list[Row]:
    both = " and ".join(record.label(str(name)) for name in entry["of"])
    words = f"{record.label(str(entry['outcome']))} by {both}: {surface_words(record, surface['level'])}"
    return [
        group(f"{words} (n = {numbers.count(surface['n'])})", 5),
        *(
            row(
                MEANINGS[r["name"]],
                numbers.number(r["est"]),
                numbers.number(r["se"]),
                numbers.interval(r["ci_lower"], r["ci_upper"]),
                numbers.p_value(r["pvalue"]),
                indent=1,
            )
            for r in surface["surface"]
        ),
    ]
