"""Agreement within clusters: whether scores may be averaged over the units of a level above."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences, stub
from pipeline.reporting.values import Row, Table

COLUMNS = ("Groups", "ICC(1)", "CI", "ICC(2)", "CI", "Deff", "Average?")
INDICES = ("*r*~wg(J)~, uniform", "*r*~wg(J)~, skewed", r"*r*\*~wg(J)~", "*a*~wg~", "AD~M~", "By chance")
SHARES = ("icc1", "icc1_lower", "icc2", "icc2_lower")
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """Intraclass correlations: one group a level, one row a scale; None without clusters."""
    rows = _grouped(record, _row, len(COLUMNS))
    if not rows:
        return None
    ci = f"{numbers.confidence(_confidence(record))} CI"
    names = [ci if name == "CI" else name for name in COLUMNS]
    return drop_empty_columns(
        Table(
            id="aggregation",
            title="Whether Scores May Be Averaged Over Clusters",
            header=(header("Scale", *names),),
            body=tuple(rows),
            widths=(2.8, 0.9, 0.9, 1.4, 0.9, 1.4, 0.8, 1.3),
            general=sentences(
                "ICC(1): share of variance between groups; ICC(2): reliability of group means (Bliese, "
                "2000), both with exact intervals. Deff: how many times larger the variance of a mean is "
                "than without groups. Defensible: groups differ (*p* < .05) and members agree (mean "
                "*r*~wg(J)~ of at least .70 under the uniform null, or mean AD~M~ of at most one sixth of "
                "the number of answers).",
                bounds.below_zero(told.get(name) for _, _, told in entries(record) for name in SHARES),
            ),
            alt="Intraclass correlations with intervals and design effects, one row a scale and level.",
        )
    )


def indices_table(record: Record) -> Table | None:
    """Agreement of the members of a group, means over groups."""
    rows = _grouped(record, _indices, len(INDICES))
    if not rows:
        return None
    return drop_empty_columns(
        Table(
            id="agreement",
            title="Agreement Within Clusters, Means Over Clusters",
            header=(header("Scale", *INDICES),),
            body=tuple(rows),
            widths=(2.8, 1.2, 1.2, 1.0, 1.0, 1.0, 1.1),
            general=(
                "*r*~wg(J)~ against answers that spread evenly, and against slightly skewed ones (James et "
                r"al., 1984); *r*\*~wg(J)~ (Lindell et al., 1999); *a*~wg~ (Brown & Hauenstein, 2005); "
                "AD~M~, the average deviation from the group’s mean in points of the scale (Burke et al., "
                "1999). By chance: *r*~wg(J)~ under the uniform null that a group of the mean size passes "
                "in 5% of cases where its members answer at random."
            ),
            alt="Agreement indices within clusters, one row a scale and level.",
        )
    )


def entries(record: Record) -> Iterator[tuple[str, str, Found]]:
    """Scale, level over which it would be averaged, and what was found, in the order of the study."""
    found: Mapping[str, Mapping[str, Found] | None] = record.part("validate", "agreement")
    for scale, levels in found.items():
        for level, told in (levels or {}).items():
            yield scale, level, told


def _grouped(record: Record, make: Callable[[Record, str, Found], Row | None], columns: int) -> list[Row]:
    rows: list[Row] = []
    for level in record.levels:
        made = [make(record, scale, told) for scale, upper, told in entries(record) if upper == level]
        found = [one for one in made if one is not None]
        rows += [group(f"Over {record.many(level)}", columns + 1), *found] if found else []
    return rows


def _row(record: Record, scale: str, told: Found) -> Row:
    return row(
        record.label(scale),
        count(told.get("groups")),
        numbers.statistic("icc", told.get("icc1")),
        numbers.interval(told.get("icc1_lower"), told.get("icc1_upper"), name="icc"),
        numbers.statistic("icc", told.get("icc2")),
        numbers.interval(told.get("icc2_lower"), told.get("icc2_upper"), name="icc"),
        numbers.number(told.get("deff")),
        stub(_verdict(told.get("defensible"))),
        indent=1,
    )


def _indices(record: Record, scale: str, told: Found) -> Row | None:
    indices: Mapping[str, Found] = told.get("agreement") or {}
    if not indices:
        return None
    names = ("rwg_uniform", "rwg_skewed", "r_star", "a_wg")
    return row(
        record.label(scale),
        *(numbers.bounded((indices.get(name) or {}).get("mean")) for name in names),
        numbers.number((indices.get("ad_m") or {}).get("mean")),
        numbers.bounded((told.get("null") or {}).get("rwg_95")),
        indent=1,
    )


def _verdict(defensible: bool | None) -> str:
    return numbers.MISSING if defensible is None else "Defensible" if defensible else "Not defensible"


def _confidence(record: Record) -> float:
    return next((float(told["confidence"]) for _, _, told in entries(record)), record.confidence)
