"""Scale scores and latent variables side by side: the same path, measured in two ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, row, spanners
from pipeline.reporting.tables.indirect import effect_words, without_repeats
from pipeline.reporting.tables.model_fit import model_name
from pipeline.reporting.values import Row, Table

DECIMALS = 3
NOTE = (
    "The loadings of each latent variable are scaled so that it has the unit of the scale score (Little et "
    "al., 2006): estimates of the two compare directly. The report rests on the columns to the left; those "
    "to the right are for comparison. β of a latent variable is that of its error-free part, and larger "
    "where scores are less reliable."
)
Found = Mapping[tuple[str, ...], Mapping[str, Any]]


def table(record: Record) -> Table | None:
    """One row a slope or effect, the main model's columns first; None without a second way."""
    other: Mapping[str, Any] = record.part("model", "other")
    if not other.get("paths"):
        return None
    kinds = (str(record.stage("model")["kind"]), str(other["kind"]))
    ci = numbers.confidence(record.confidence)
    each = ("Estimate", f"{ci} CI", "β")
    return Table(
        id="measured",
        title="Scale Scores and Latent Variables Side by Side",
        header=(
            spanners(1, *((model_name(kind), 3) for kind in kinds)),
            header("Path or effect", *each, *each),
        ),
        body=tuple(_body(record, other)),
        widths=(3.6, 1.0, 1.7, 0.8, 1.0, 1.7, 0.8),
        general=NOTE,
        alt="Slopes and effects of the path with scale scores and with latent variables.",
    )


def _body(record: Record, other: Mapping[str, Any]) -> list[Row]:
    rows: list[Row] = []
    slopes, effects = _by_key(other["paths"]), _by_key(other.get("indirect") or ())
    for level in dict.fromkeys(str(r["level"]) for r in record.slopes):
        if record.is_clustered:
            rows.append(group(record.level_words(level), 7))
        own = [r for r in record.slopes if r["level"] == level]
        rows += [_row(_slope(record, r), r, slopes) for r in own]
        found = [r for r in without_repeats(record.effects) if r["level"] == level and r["kind"] != "direct"]
        rows += [_row(effect_words(record, r), r, effects) for r in found]
    return rows


def _by_key(rows: Entries) -> Found:
    return {_key(r): r for r in rows}


def _key(r: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("predictor", "outcome", "route", "source", "target", "kind", "level")
    return tuple(str(r.get(name)) for name in names)


def _row(words: str, main: Mapping[str, Any], others: Found) -> Row:
    return row(words, *_cells(main), *_cells(others.get(_key(main), {})), indent=1)


def _cells(r: Mapping[str, Any]) -> tuple[str, str, str]:
    return (
        numbers.number(r.get("est"), DECIMALS),
        numbers.interval(r.get("ci_lower"), r.get("ci_upper"), DECIMALS),
        numbers.number(r.get("beta")),
    )


def _slope(record: Record, r: Mapping[str, Any]) -> str:
    return record.route(ARROW.join((str(r["predictor"]), str(r["outcome"]))))
