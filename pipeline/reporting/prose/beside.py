"""Sentences about what stands beside indirect effects: agreement of intervals, shares, differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose.results import at_level, excludes_zero
from pipeline.reporting.record import ARROW, Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.contrasts import route_words
from pipeline.reporting.tables.indirect import effect_words, without_repeats

KINDS = {
    "Monte Carlo": ("ci_lower", "ci_upper"),
    "bootstrap percentile": ("boot_lower", "boot_upper"),
    "bias-corrected bootstrap": ("bc_lower", "bc_upper"),
}


def sentences(record: Record) -> list[str]:
    """Where intervals disagree about zero, what share is indirect, which effects differ."""
    return [*_agreement(record), *_shares(record), *_contrasts(record), *_levels(record)]


def _agreement(record: Record) -> list[str]:
    if not record.is_bootstrapped:
        return []
    rows = [r for r in without_repeats(record.effects) if r.get("boot_lower") is not None]
    apart = [text for r in rows if (text := _apart(record, r))]
    if apart:
        return apart
    return ["Monte Carlo and bootstrap intervals agree about zero for every effect in the table."]


def _apart(record: Record, r: Mapping[str, Any]) -> str | None:
    """How the intervals of an effect differ about zero; None where they do not."""
    found = {name: _ends(r, ends) for name, ends in KINDS.items() if r.get(ends[0]) is not None}
    if r.get("interval") == "wald":
        found = {"normal-theory" if name == "Monte Carlo" else name: told for name, told in found.items()}
    clear = [name for name, told in found.items() if excludes_zero(told)]
    if not clear or len(clear) == len(found):
        return None
    held = [name for name in found if name not in clear]
    what = effect_words(record, r)
    opening = _capital(f"{at_level(record, str(r['level']))}the intervals of the effect {what}")
    return (
        f"{opening} disagree about zero: "
        f"{_told(record, clear, found)} {_verb(clear, 'excludes', 'exclude')} it, "
        f"{_told(record, held, found)} {_verb(held, 'holds', 'hold')} it. "
        "Whether this effect differs from zero is best left open."
    )


def _ends(r: Mapping[str, Any], names: tuple[str, str]) -> dict[str, Any]:
    return dict(zip(("ci_lower", "ci_upper"), (r.get(name) for name in names), strict=True))


def _told(record: Record, names: list[str], found: Mapping[str, Mapping[str, Any]]) -> str:
    decimals = record.effect_decimals
    return listed(
        f"the {name} interval {numbers.interval(found[name]['ci_lower'], found[name]['ci_upper'], decimals)}"
        for name in names
    )


def _verb(names: list[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many


def _shares(record: Record) -> list[str]:
    return [_share(record, r) for r in record.proportions]


def _share(record: Record, r: Mapping[str, Any]) -> str:
    opening = at_level(record, str(r["level"]))
    what = f"the total effect of {record.phrase(str(r['source']))} on {record.phrase(str(r['target']))}"
    if r.get("est") is None:
        why = markup.literal(str(r["reason"]))
        return _capital(f"{opening}no share of {what} is called mediated: {why} (MacKinnon, 2008).")
    ends = f"[{numbers.percent(r['ci_lower'])}, {numbers.percent(r['ci_upper'])}]"
    ci = f"{numbers.confidence(record.confidence)} CI {ends}".replace(" ", "\u00a0")
    return _capital(f"{opening}{numbers.percent(r['est'])} of {what} was indirect, {ci}.")


def _contrasts(record: Record) -> list[str]:
    rows = record.contrasts
    if not rows:
        return []
    clear = [r for r in rows if excludes_zero(r)]
    if not clear:
        return ["No two routes of one level had indirect effects that differed clearly."]
    told = listed(
        f"{record.route(ARROW.join((str(r['source']), str(r['target']))))} {_level(record, r)}"
        f"{route_words(record, str(r['first']))} less {route_words(record, str(r['second']))} "
        f"({_difference(record, r)})"
        for r in clear
    )
    rest = " The other pairs did not differ clearly." if len(clear) < len(rows) else ""
    return [f"Indirect effects differed between routes for {told}.{rest}"]


def _level(record: Record, r: Mapping[str, Any]) -> str:
    words = at_level(record, str(r["level"]))
    return words[:1].lower() + words[1:]


def _levels(record: Record) -> list[str]:
    rows = [r for r in record.contextual_indirect if r["kind"] == "specific"]
    if not rows or record.cluster is None:
        return []
    clear = [r for r in rows if excludes_zero(r)]
    cluster = record.many(record.cluster)
    if not clear:
        return [f"No indirect effect between {cluster} differed clearly from the one within them."]
    told = listed(f"{record.route(str(r['route']))} ({_difference(record, r)})" for r in clear)
    return [f"The indirect effect between {cluster} differed from the one within them for {told}."]


def _difference(record: Record, r: Mapping[str, Any]) -> str:
    decimals = record.effect_decimals
    ci = numbers.ci_phrase(record.confidence, r.get("ci_lower"), r.get("ci_upper"), decimals)
    p = numbers.p_phrase(r.get("pvalue"), is_bound=bool(r.get("pvalue_is_bound")))
    return f"difference {numbers.number(r.get('est'), decimals)}, {ci}, {p}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
