"""Agreement within clusters: whether scores may be averaged over the units of a level above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences, stub
from pipeline.reporting.values import Row, Table

COLUMNS = ("Groups", "ICC(1)", "CI", "ICC(2)", "CI", "Deff", "Uniform", "Skewed", r"*r*\*~wg(J)~", "*a*~wg~")
LAST = ("AD~M~", "Average?")
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a level, one row a scale; None without clusters."""
    rows = [one for level in record.levels for one in _level(record, level)]
    if not rows:
        return None
    ci = f"{numbers.confidence(_confidence(record))} CI"
    names = [ci if name == "CI" else name for name in (*COLUMNS, *LAST)]
    return drop_empty_columns(
        Table(
            id="agreement",
            title="Agreement and Reliability of Cluster Means",
            header=(header("Scale", *names),),
            body=tuple(rows),
            widths=(2.6, 0.9, 0.9, 1.4, 0.9, 1.4, 0.8, 0.9, 0.9, 0.9, 0.8, 0.8, 1.1),
            general=_note(record),
            landscape=True,
            alt="Intraclass correlations, design effects and agreement indices, one row a scale and level.",
        )
    )


def entries(record: Record) -> Iterator[tuple[str, str, Found]]:
    """Scale, level over which it would be averaged, and what was found, in the order of the study."""
    found: Mapping[str, Mapping[str, Found] | None] = record.part("validate", "agreement")
    for scale, levels in found.items():
        for level, told in (levels or {}).items():
            yield scale, level, told


def _level(record: Record, level: str) -> list[Row]:
    rows = [_row(record, scale, told) for scale, upper, told in entries(record) if upper == level]
    return [group(f"Over {record.many(level)}", len(COLUMNS) + len(LAST) + 1), *rows] if rows else []


def _row(record: Record, scale: str, told: Found) -> Row:
    indices: Mapping[str, Found] = told.get("agreement") or {}

    def mean(name: str) -> str:
        return numbers.bounded((indices.get(name) or {}).get("mean"))

    return row(
        record.label(scale),
        count(told.get("groups")),
        numbers.statistic("icc", told.get("icc1")),
        numbers.interval(told.get("icc1_lower"), told.get("icc1_upper"), name="icc"),
        numbers.statistic("icc", told.get("icc2")),
        numbers.interval(told.get("icc2_lower"), told.get("icc2_upper"), name="icc"),
        numbers.number(told.get("deff")),
        mean("rwg_uniform"),
        mean("rwg_skewed"),
        mean("r_star"),
        mean("a_wg"),
        numbers.number((indices.get("ad_m") or {}).get("mean")),
        stub(_verdict(told.get("defensible"))),
        indent=1,
    )


def _verdict(defensible: bool | None) -> str:
    return numbers.MISSING if defensible is None else "Defensible" if defensible else "Not defensible"


def _confidence(record: Record) -> float:
    return next((float(told["confidence"]) for _, _, told in entries(record)), record.confidence)


def _note(record: Record) -> str:
    indices = [told for _, _, told in entries(record) if told.get("agreement")]
    return sentences(
        "ICC(1): share of variance between groups; ICC(2): reliability of group means (Bliese, 2000), both "
        "with exact intervals. Deff: how many times larger the variance of a mean is than without groups.",
        "Means over groups of *r*~wg(J)~ against a uniform and a slightly skewed null (James et al., 1984), "
        r"*r*\*~wg(J)~ (Lindell et al., 1999), *a*~wg~ (Brown & Hauenstein, 2005), and AD~M~, the average "
        "deviation from the group’s mean in points of the scale (Burke et al., 1999). Defensible: groups "
        "differ (*p* < .05) and members agree (mean *r*~wg(J)~ of at least .70 under the uniform null, or "
        "mean AD~M~ of at most one sixth of the number of answers)."
        if indices
        else None,
        _chance(indices[0]) if indices else None,
        "A scale that came as a ready score has no answers to items and so no agreement."
        if any(told.get("agreement") is None for _, _, told in entries(record))
        else None,
    )


def _chance(told: Found) -> str | None:
    """What members who answer at random would reach."""
    null: Found | None = told.get("null")
    if not null:
        return None
    return (
        f"By chance alone, groups of {numbers.count(null['size'])} reach *r*~wg(J)~ of "
        f"{numbers.bounded(null['rwg_95'])} in 5% of cases, with the first scale’s items."
    )
