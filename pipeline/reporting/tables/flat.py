"""The flat model beside the one within and between: what ignoring clusters would have said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, row, sentences, spanners
from pipeline.reporting.tables.indirect import effect_words, without_repeats
from pipeline.reporting.values import Row, Table

LABEL = "Flat (single-level): ignores clusters"


def table(record: Record) -> Table | None:
    """Slopes and effects of the flat model, with the estimates by level to their right."""
    flat: Mapping[str, Any] = record.part("model", "flat")
    if not record.is_clustered or not flat.get("paths"):
        return None
    ci = numbers.confidence(record.confidence)
    return Table(
        id="flat",
        title="The Flat Model Beside the Model by Level",
        header=(
            spanners(1, (LABEL, 4), ("By level", 2)),
            header("Path or effect", "Estimate", "*SE*", f"{ci} CI", "*p*", "Within", "Between"),
        ),
        body=(*_paths(record, flat["paths"]), *_effects(record, without_repeats(flat.get("indirect") or ()))),
        widths=(3.6, 1.0, 0.8, 1.6, 0.9, 0.9, 1.0),
        general=_note(record),
        alt="Estimates of a single-level model that ignores clusters, beside those by level.",
    )


def _paths(record: Record, rows: Entries) -> list[Row]:
    laid = [group("Paths", 7)]
    for slope in rows:
        key = {name: slope[name] for name in ("outcome", "predictor")}
        words = record.route(ARROW.join((str(slope["predictor"]), str(slope["outcome"]))))
        laid.append(_row(words, slope, _by_level(record.slopes, key), 2))
    return laid


def _effects(record: Record, rows: Entries) -> list[Row]:
    laid = [group("Indirect, direct, and total effects", 7)] if rows else []
    for effect in rows:
        key = {name: effect.get(name) for name in ("route", "source", "target", "kind")}
        found = _by_level(record.effects, key)
        laid.append(_row(effect_words(record, effect), effect, found, record.effect_decimals))
    return laid


def _row(words: str, flat: Mapping[str, Any], by_level: Mapping[str, Any], decimals: int) -> Row:
    return row(
        words,
        numbers.number(flat.get("est"), decimals),
        numbers.number(flat.get("se"), decimals),
        numbers.interval(flat.get("ci_lower"), flat.get("ci_upper"), decimals),
        numbers.p_value(flat.get("pvalue"), is_bound=bool(flat.get("pvalue_is_bound"))),
        numbers.number(by_level.get("within"), decimals),
        numbers.number(by_level.get("between"), decimals),
        indent=1,
    )


def _by_level(rows: Entries, key: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(r["level"]): r.get("est")
        for r in rows
        if all(r.get(name) == value for name, value in key.items())
    }


def _note(record: Record) -> str:
    told = (record.part("model", "labels") or {}).get("flat")
    return sentences(
        "The flat model treats every row as independent and mixes the slopes within and between clusters; "
        "its standard errors are too small where clusters differ. It is shown for comparison and is not "
        "interpreted.",
        markup.literal(str(told)) if told and str(told).lower() != LABEL.lower() else None,
    )
