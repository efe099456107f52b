"""Moderated mediation: slopes and indirect effects at values of a moderator, and the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, row, sentences
from pipeline.reporting.tables.indirect import bootstrap_words
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """Simple slopes, then conditional indirect effects, by moderator."""
    found: Mapping[str, Any] = record.part("model", "moderation")
    slopes: Entries = found.get("simple_slopes") or ()
    if not slopes:
        return None
    ci = numbers.confidence(record.confidence)
    extra = _bootstrap_head(found, ci)
    return Table(
        id="conditional",
        title="Slopes and Indirect Effects at Values of the Moderator",
        header=(header("Effect and value", "Estimate", "*SE*", f"{ci} CI", "*p*", *extra),),
        body=tuple(_body(record, slopes, found.get("conditional_indirect") or (), bootstrapped=bool(extra))),
        widths=(5.0, 1.0, 0.9, 1.7, 0.9, *(1.7 for _ in extra)),
        general=sentences(
            "Intervals of slopes are those of the estimates, intervals of indirect effects Monte Carlo ones.",
            bootstrap_words(record, found.get("bootstrap") or {}) if extra else None,
            *(f"{markup.literal(_capital(str(text)))}." for text in found.get("notes") or ()),
        ),
        alt="Simple slopes and conditional indirect effects with intervals.",
    )


def index_table(record: Record) -> Table | None:
    """Product terms and the index of moderated mediation."""
    found: Mapping[str, Any] = record.part("model", "moderation")
    if not found.get("moderators"):
        return None
    ci = numbers.confidence(record.confidence)
    extra = _bootstrap_head(found, ci)
    products = [_row(product_words(record, r), r, bootstrapped=bool(extra)) for r in found["moderators"]]
    changes = [_row(index_words(record, r), r, bootstrapped=bool(extra)) for r in found.get("index") or ()]
    return Table(
        id="moderation_index",
        title="Product Terms and Index of Moderated Mediation",
        header=(header("Effect", "Estimate", f"{ci} CI", "*p*", *extra),),
        body=(*products, *changes),
        widths=(5.6, 1.0, 1.7, 0.9, *(1.7 for _ in extra)),
        general=(
            "A product term says how much a slope changes with one unit of the moderator; the index says the "
            "same of an indirect effect (Hayes, 2015), with a Monte Carlo interval. Where the moderator "
            "changes more than one slope of a route, the difference between the effects at its highest and "
            "lowest value stands in place of the index."
        ),
        alt="Product terms and index of moderated mediation with intervals.",
    )


def product_words(record: Record, r: Mapping[str, Any]) -> str:
    """A product term in words."""
    predictor, moderator = record.label(str(r["predictor"])), record.label(str(r["moderator"]))
    return f"{predictor} × {moderator} → {record.label(str(r['outcome']))}{_level(record, r)}"


def index_words(record: Record, r: Mapping[str, Any]) -> str:
    """An index, or a difference, in words."""
    name = "Index" if r.get("kind") == "index" else "Difference, highest minus lowest value"
    moderator = record.label(str(r["moderator"]))
    return f"{name}: {record.route(str(r['route']))}, by {moderator}{_level(record, r)}"


def value_words(r: Mapping[str, Any], *, plain: bool = False) -> str:
    """A declared value in words: `+1 SD`, `Mean`, `16th percentile`, `3.00`."""
    value = float(r["value"])
    if r.get("unit") == "sd":
        size = f"{abs(value):g} " + ("SD" if plain else "*SD*")
        return "Mean" if value == 0 else f"{'+' if value > 0 else numbers.MINUS}{size}"
    return f"Percentile {value:g}" if r.get("unit") == "percentile" else numbers.number(value)


def _bootstrap_head(found: Mapping[str, Any], ci: str) -> tuple[str, ...]:
    """Heading of the bootstrap's column; none where there are no such intervals."""
    told = found.get("bootstrap") or {}
    return (f"Bootstrap, {ci} CI",) if told.get("draws") and not told.get("reason") else ()


def _bootstrapped(r: Mapping[str, Any], decimals: int, *, bootstrapped: bool) -> tuple[str, ...]:
    return (numbers.interval(r.get("boot_lower"), r.get("boot_upper"), decimals),) if bootstrapped else ()


def _body(record: Record, slopes: Entries, effects: Entries, *, bootstrapped: bool) -> list[Row]:
    laid: list[Row] = []
    heads: list[str] = []
    for r in (*slopes, *effects):
        what = str(r["route"]) if "route" in r else ARROW.join((str(r["predictor"]), str(r["outcome"])))
        kind = "Indirect effect" if "route" in r else "Slope"
        words = f"{kind}: {record.route(what)}, by {record.label(str(r['moderator']))}{_level(record, r)}"
        if words not in heads:
            heads.append(words)
            laid.append(group(words, 5 + bootstrapped))
        decimals = 3 if "route" in r else 2
        laid.append(
            row(
                f"{value_words(r)} ({numbers.number(r['at'])})",
                numbers.number(r["est"], decimals),
                numbers.number(r["se"], decimals),
                numbers.interval(r["ci_lower"], r["ci_upper"], decimals),
                numbers.p_value(r["pvalue"], is_bound=bool(r.get("pvalue_is_bound"))),
                *_bootstrapped(r, decimals, bootstrapped=bootstrapped),
                indent=1,
            )
        )
    return laid


def _row(words: str, r: Mapping[str, Any], *, bootstrapped: bool) -> Row:
    return row(
        words,
        numbers.number(r["est"], 3),
        numbers.interval(r["ci_lower"], r["ci_upper"], 3),
        numbers.p_value(r["pvalue"], is_bound=bool(r.get("pvalue_is_bound"))),
        *_bootstrapped(r, 3, bootstrapped=bootstrapped),
    )


def _level(record: Record, r: Mapping[str, Any]) -> str:
    words = record.level_words(str(r["level"]))
    return f" ({words[:1].lower()}{words[1:]})" if record.is_clustered else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
