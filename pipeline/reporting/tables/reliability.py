"""Reliability of each scale: omega first, by level and by factor, alpha and the lower bounds beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import count, drop_empty_columns, header, row, sentences, spanners
from pipeline.reporting.values import Row, Table

Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One row a scale, its facets below it; None where no scale was scored from items."""
    found = {name: told for name, told in record.part("validate", "reliability").items() if told}
    if not found:
        return None
    ci = f"{numbers.confidence(record.confidence)} CI"
    names = ("Items", "*n*", "ω", ci, "ω~h~", "Within", "Between", "Categories", "α", ci)
    body = tuple(one for scale, told in found.items() for one in _rows(record, scale, told))
    laid = Table(
        id="reliability",
        title="Reliability of Each Scale",
        header=(spanners(6, ("ω by level", 2), ("", 3)), header("Scale", *names)),
        body=body,
        widths=(2.8, 0.7, 0.9, 0.7, 1.4, 0.7, 1.05, 1.15, 1.3, 0.7, 1.4),
        general=_note(found),
        specific=bounds.note(body, "a"),
        alt="Omega and alpha of each scale, one row a scale.",
    )
    return drop_empty_columns(laid)


def headline(told: Found | None) -> tuple[str, Found]:
    """The coefficient to be shown first, by its letter: omega where there is one, else alpha."""
    told = told or {}
    omega: Found | None = told.get("omega")
    return ("ω", omega) if omega else ("α", told)


def _rows(record: Record, scale: str, told: Found) -> list[Row]:
    facets: Mapping[str, Any] = record.part("validate", "facets").get(scale) or {}
    parts = [
        _row(markup.literal(str(facet["title"])), facet["reliability"], 1)
        for facet in facets.values()
        if facet.get("reliability")
    ]
    return [_row(record.label(scale), told, 0), *parts]


def _row(name: str, told: Found, indent: int) -> Row:
    omega: Found = told.get("omega") or {}
    levels: Found = next(iter((told.get("levels") or {}).values()), {})
    return row(
        name,
        count(told.get("k")),
        count(omega.get("n") or told.get("n")),
        _of(omega),
        _interval(omega),
        _of((told.get("higher") or {}).get("hierarchical")),
        _of(levels.get("within")),
        _of(levels.get("between")),
        _of(told.get("categorical")),
        _of(told),
        _interval(told),
        indent=indent,
    )


def _of(told: Found | None) -> str:
    return bounds.marked((told or {}).get("est"), "a")


def _interval(told: Found) -> str:
    return numbers.interval(told.get("ci_lower"), told.get("ci_upper"), name="omega")


def _note(found: Mapping[str, Found]) -> str:
    def any_of(name: str) -> bool:
        return any(told.get(name) for told in found.values())

    return sentences(
        "ω is the share of a score’s variance that its one factor explains (McDonald, 1999); α is Cronbach’s "
        "alpha (Cronbach, 1951), which agrees with ω only where all items measure equally well."
        if any_of("omega")
        else "α is Cronbach’s alpha (Cronbach, 1951).",
        "ω~h~ counts only what all facets share (Flora, 2020)." if any_of("higher") else None,
        "ω by level: of deviations from cluster means (within) and of true cluster means (between; Geldhof "
        "et al., 2014)."
        if any_of("levels")
        else None,
        "Categories: ω of answers as ordered categories (Green & Yang, 2009)."
        if any_of("categorical")
        else None,
    )
