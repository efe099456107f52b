"""Indirect, direct and total effects, one group a level and pair of variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import group, header, row, sentences, spanners
from pipeline.reporting.values import Row, Table

NEGATIVE = (
    "Rests on a residual variance that is estimated below zero (a Heywood case): the solution is improper. "
    "It must not be interpreted."
)
KINDS = ("specific", "total_indirect", "direct", "total")


def table(record: Record) -> Table | None:
    """Effects of the path's predictors on its outcomes."""
    rows = shown(record)
    if not rows:
        return None
    body = tuple(_body(record, rows))
    return Table(
        id="indirect",
        title="Indirect, Direct, and Total Effects" + (" by Level" if record.is_clustered else ""),
        header=heads(record, "Effect", *(("Joint *p*",) if _has_joint(rows) else ())),
        body=body,
        widths=(4.2, *columns(record), *((0.9,) if _has_joint(rows) else ())),
        general=_note(record, rows),
        specific=bounds.note(body, "a", NEGATIVE),
        alt="Indirect, direct and total effects with Monte Carlo and bootstrap intervals.",
    )


def heads(record: Record, first: str, *last: str) -> tuple[Row, ...]:
    """Headings of a table with `intervals`: Monte Carlo and, where there are any, bootstrap ones."""
    ci = f"{numbers.confidence(record.confidence)} CI"
    lead = header(first, "Estimate", "*SE*", ci, "*p*", *last)
    if not record.is_bootstrapped:
        return (lead,)
    above = spanners(3, ("Monte Carlo", 2), (f"Bootstrap, {ci}", 2), *((("", len(last)),) if last else ()))
    return (above, header(first, "Estimate", "*SE*", ci, "*p*", "Percentile", "BC", *last))


def columns(record: Record) -> tuple[float, ...]:
    """Widths of the columns of `intervals`."""
    return (1.0, 0.9, 1.7, 0.9) + ((1.7, 1.7) if record.is_bootstrapped else ())


def intervals(record: Record, r: Mapping[str, Any]) -> tuple[str, ...]:
    """Estimate, delta error, Monte Carlo interval and p, and bootstrap intervals where there are any."""
    decimals = record.effect_decimals
    told = (
        numbers.number(r.get("est"), decimals),
        numbers.number(r.get("se"), decimals),
        numbers.interval(r.get("ci_lower"), r.get("ci_upper"), decimals),
        numbers.p_value(r.get("pvalue"), is_bound=bool(r.get("pvalue_is_bound"))),
    )
    if not record.is_bootstrapped:
        return told
    return (
        *told,
        numbers.interval(r.get("boot_lower"), r.get("boot_upper"), decimals),
        numbers.interval(r.get("bc_lower"), r.get("bc_upper"), decimals),
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
        f"Monte Carlo intervals are from {numbers.count(draws)} draws of the path coefficients "
        f"(MacKinnon et al., 2004), seed {options.get('seed')}; *p* comes from the same draws. *SE* is the "
        f"delta-method standard error and does not enter the interval."
    )


def bootstrap_note(record: Record) -> str | None:
    """How the bootstrap went: draws, units, what was usable, or why there are no intervals."""
    return bootstrap_words(record, record.part("model", "bootstrap"))


def bootstrap_words(record: Record, told: Mapping[str, Any]) -> str | None:
    """The same of any model's bootstrap."""
    if not told.get("draws"):
        return f"There are no bootstrap intervals: {markup.literal(str(told['reason']))}." if told else None
    units = f"{numbers.count(told['units'])} {record.many(str(told['level']))}"
    drawn = f"{numbers.count(told['draws'])} resamples of the {units}, seed {told['seed']}"
    if told.get("reason"):
        return f"Bootstrap intervals ({drawn}) are withheld: {markup.literal(str(told['reason']))}."
    improper = told.get("inadmissible") or 0
    kept = (
        f" ({numbers.count(improper)} of them hold a variance below zero or covariances that cannot be; they "
        "are kept, since dropping them would bias the intervals)"
        if improper
        else ""
    )
    caution = f" Caution: {markup.literal(str(told['caution']))}." if told.get("caution") else ""
    return (
        f"Bootstrap intervals (percentile; BC = bias-corrected) are from {drawn}; "
        f"{numbers.percent(told['usable'], 1)} were usable{kept}.{caution}"
    )


def _body(record: Record, rows: Entries) -> list[Row]:
    laid: list[Row] = []
    heading = None
    for effect in rows:
        words = record.level_words(str(effect["level"]))
        if words != heading and record.is_clustered:
            laid.append(group(words, 1 + len(columns(record)) + _has_joint(rows)))
        heading = words
        laid.append(_row(record, effect, has_joint=_has_joint(rows)))
    return laid


def _row(record: Record, effect: Mapping[str, Any], *, has_joint: bool) -> Row:
    est, *others = intervals(record, effect)
    return row(
        effect_words(record, effect),
        est + "^a^" * record.rests_on_improper(effect),
        *others,
        *((numbers.p_value(effect.get("joint_pvalue")),) if has_joint else ()),
        indent=int(record.is_clustered),
    )


def _note(record: Record, rows: Entries) -> str:
    return sentences(
        "Effects are unstandardized: products of the coefficients along a route.",
        method_note(record),
        bootstrap_note(record),
        "Joint *p* is the largest *p* of the slopes along a route: where it is small, every slope is clear "
        "of zero (MacKinnon et al., 2002; Yzerbyt et al., 2018)."
        if _has_joint(rows)
        else None,
        "A direct effect is a single slope and has that slope’s own interval and *p* in place of a Monte "
        "Carlo one."
        if any(r.get("interval") == "wald" for r in rows)
        else None,
    )


def _has_joint(rows: Entries) -> bool:
    return any(r.get("joint_pvalue") is not None for r in rows)
