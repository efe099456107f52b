"""Indirect, direct and total effects, one group a level and pair of variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, row, sentences
from pipeline.reporting.values import Row, Table

KINDS = ("specific", "total_indirect", "direct", "total")


def table(record: Record) -> Table | None:
    """Effects of the path's predictors on its outcomes."""
    rows = shown(record)
    if not rows:
        return None
    ci = numbers.confidence(record.confidence)
    return Table(
        id="indirect",
        title="Indirect, Direct, and Total Effects" + (" by Level" if record.is_clustered else ""),
        header=(header("Effect", "Estimate", "*SE*", f"{ci} CI", "*p*"),),
        body=tuple(_body(record, rows)),
        widths=(5.2, 1.0, 0.9, 1.7, 0.9),
        general=_note(record, rows),
        alt="Indirect, direct and total effects with Monte Carlo intervals.",
    )


def shown(record: Record) -> Entries:
    """Rows of the effects in the order in which they are read: by level, by pair, by kind."""
    return without_repeats(record.effects)


def without_repeats(effects: Entries) -> Entries:
    """Effects in reading order; a total indirect effect over a single route says nothing new."""
    routes: dict[tuple[Any, ...], int] = {}
    for r in effects:
        routes[_pair(r)] = routes.get(_pair(r), 0) + (r.get("kind") == "specific")
    rows = [r for r in effects if r.get("kind") != "total_indirect" or routes[_pair(r)] > 1]
    levels = {"within": 0, "between": 1}
    pairs = list(dict.fromkeys((r.get("source"), r.get("target")) for r in rows))
    return sorted(
        (r for r in rows if r.get("kind") in KINDS),
        key=lambda r: (
            levels.get(str(r["level"]), 2),
            pairs.index((r.get("source"), r.get("target"))),
            KINDS.index(r["kind"]),
        ),
    )


def _pair(r: Mapping[str, Any]) -> tuple[Any, ...]:
    return r.get("source"), r.get("target"), r.get("level")


def effect_words(record: Record, effect: Mapping[str, Any]) -> str:
    """An effect in words: its route, or what is summed over routes."""
    kind = str(effect.get("kind"))
    if kind == "specific":
        return record.route(str(effect["route"]))
    name = {"total_indirect": "Total indirect", "direct": "Direct", "total": "Total"}[kind]
    return f"{name}: {record.route(ARROW.join((str(effect['source']), str(effect['target']))))}"


def method_note(record: Record) -> str:
    """How the intervals were made: draws, seed, and what the p value comes from."""
    options = record.part("model", "options")
    draws = options.get("draws")
    if not draws:
        return ""
    return (
        f"Intervals are Monte Carlo intervals from {numbers.count(draws)} draws of the path coefficients "
        f"(MacKinnon et al., 2004), seed {options.get('seed')}; *p* comes from the same draws. *SE* is the "
        f"delta-method standard error and does not enter the interval."
    )


def _body(record: Record, rows: Entries) -> list[Row]:
    laid: list[Row] = []
    heading = None
    for effect in rows:
        words = record.level_words(str(effect["level"]))
        if words != heading and record.is_clustered:
            laid.append(group(words, 5))
        heading = words
        laid.append(_row(record, effect))
    return laid


def _row(record: Record, effect: Mapping[str, Any]) -> Row:
    decimals = record.effect_decimals
    return row(
        effect_words(record, effect),
        numbers.number(effect.get("est"), decimals),
        numbers.number(effect.get("se"), decimals),
        numbers.interval(effect.get("ci_lower"), effect.get("ci_upper"), decimals),
        numbers.p_value(effect.get("pvalue"), is_bound=bool(effect.get("pvalue_is_bound"))),
        indent=int(record.is_clustered),
    )


def _note(record: Record, rows: Entries) -> str:
    return sentences(
        "Effects are unstandardized: products of the coefficients along a route.",
        method_note(record),
        "A direct effect is a single slope and has that slope’s own interval and *p*."
        if any(r.get("interval") == "wald" for r in rows)
        else None,
    )
