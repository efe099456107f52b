"""How many dimensions each scale has, by several rules side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, drop_empty_columns, header, row, sentences, spanners
from pipeline.reporting.values import Row, Table

COLUMNS = (
    *("Items", "KMO", "χ²", "*df*", "*p*", "MAP"),
    *("Comp.", "Factors", "Comp.", "Factors"),
)
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One row a scale of at least four items."""
    found = entries(record)
    if not found:
        return None
    over = spanners(3, ("Bartlett’s test", 3), ("", 1), ("Parallel", 2), ("Polychoric", 2))
    return drop_empty_columns(
        Table(
            id="dimensions",
            title="Sampling Adequacy and Number of Dimensions of Each Scale",
            header=(over, header("Scale", *COLUMNS)),
            body=tuple(_row(record, scale, told) for scale, told in found.items()),
            widths=(2.8, 0.6, 0.7, 1.3, 0.6, 0.8, 0.7, 1.2, 0.9, 1.2, 0.9),
            general=_note(found),
            alt="Sampling adequacy, Bartlett's test and the number of dimensions by several rules.",
        )
    )


def entries(record: Record) -> dict[str, Found]:
    """Scale -> what was found, where there is something."""
    found: Mapping[str, Found | None] = record.part("validate", "dimensionality")
    return {scale: told for scale, told in found.items() if told}


def _row(record: Record, scale: str, told: Found) -> Row:
    bartlett, parallel, poly = told["bartlett"], told["parallel"], told.get("polychoric") or {}
    return row(
        record.label(scale),
        count(told["k"]),
        numbers.bounded(told["kmo"]),
        numbers.number(bartlett["chisq"]),
        count(bartlett["df"]),
        numbers.p_value(bartlett["p"]),
        count(told["map"]["components"]),
        count(parallel["components"]),
        count(parallel["factors"]),
        count(poly.get("components")),
        count(poly.get("factors")),
    )


def _note(found: Mapping[str, Found]) -> str:
    draws = numbers.count(next(iter(found.values()))["parallel"]["replicates"])
    return sentences(
        "KMO: how far the items’ correlations are shared by all of them (Kaiser, 1974); .80 and "
        "more is good. Bartlett’s test asks whether there is any correlation at "
        "all.",
        "MAP: components by the minimum average partial (Velicer, 1976).",
        "Parallel: components (comp.) and factors whose eigenvalue passes the 95th percentile of those of "
        f"independent random items, {draws} sets (Horn, 1965; Glorfeld, 1995). Its count of factors is "
        "often too high in large samples; the count of components and MAP are the more careful ones.",
        "Polychoric: the same with correlations of the normal variables taken to lie behind ordered answers."
        if any(told.get("polychoric") for told in found.values())
        else None,
    )
