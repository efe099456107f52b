"""Sentences on moderated mediation and on congruence: direction, size, interval and level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose.results import at_level, excludes_zero
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.congruence import surface_words

BESIDE = (
    " Scores within clusters are used so that what differs between clusters does not enter (for surfaces of "
    "clustered data see Nestler et al., 2019); those of whole scores stand beside them."
)


def moderation(record: Record) -> list[str]:
    """One paragraph a moderator and one an index; the reason where there is no model."""
    found: Mapping[str, Any] = record.part("model", "moderation")
    if found.get("reason"):
        return [markup.literal(f"Moderation is not reported: {found['reason']}.")]
    regions: Entries = found.get("johnson_neyman") or ()
    told = [
        _slope(record, r, region) for r, region in zip(found.get("moderators") or (), regions, strict=True)
    ]
    return [*told, *(_index(record, r) for r in found.get("index") or ())]


def congruence(record: Record) -> list[str]:
    """One paragraph a pair of variables."""
    return [_congruence(record, entry) for entry in record.part("model", "congruence") or ()]


def _slope(record: Record, r: Mapping[str, Any], region: Mapping[str, Any]) -> str:
    route = record.route(ARROW.join((str(r["predictor"]), str(r["outcome"]))))
    moderator = record.phrase(str(r["moderator"]))
    change = "did not clearly change with"
    if excludes_zero(r):
        change = "was higher with higher" if float(r["est"]) > 0 else "was lower with higher"
    opening = at_level(record, str(r["level"]))
    first = (
        f"the slope of {route} {change} {moderator}"
        if opening
        else f"The slope of {route} {change} {moderator}"
    )
    ci = numbers.ci_phrase(record.confidence, r["ci_lower"], r["ci_upper"], 3)
    shares = numbers.percent(region["share"])
    return (
        f"{opening}{first} (change a unit of {moderator} {numbers.number(r['est'], 3)}, {ci}, "
        f"{numbers.p_phrase(r['pvalue'])}). For {shares} of the observed values of {moderator} the interval "
        f"of the slope leaves out zero (Johnson-Neyman region; Bauer & Curran, 2005)."
        + (" Slopes within clusters are averages: the model has no random slopes." if opening else "")
    )


def _index(record: Record, r: Mapping[str, Any]) -> str:
    clear = "clearly differs from zero" if excludes_zero(r) else "does not clearly differ from zero"
    ci = numbers.ci_phrase(record.confidence, r["ci_lower"], r["ci_upper"], 3)
    name = "index of moderated mediation" if r["kind"] == "index" else "difference between the values"
    opening = at_level(record, str(r["level"]))
    article = "the" if opening else "The"
    route, moderator = record.route(str(r["route"])), record.phrase(str(r["moderator"]))
    return (
        f"{opening}{article} {name} of {route} by {moderator} "
        f"was {numbers.number(r['est'], 3)}, {ci}; it {clear}."
    )


def _congruence(record: Record, entry: Mapping[str, Any]) -> str:
    first, second = (record.phrase(str(name)) for name in entry["of"])
    outcome = record.phrase(str(entry["outcome"]))
    if not entry["surfaces"]:
        why = markup.literal("; ".join(str(text) for text in entry["reasons"]))
        return f"The surface of {outcome} over {first} and {second} could not be fitted: {why}."
    surface = entry["surfaces"][0]
    a = {row["name"]: row for row in surface["surface"]}
    agrees = excludes_zero(a["a4"]) and a["a4"]["est"] < 0 and not excludes_zero(a["a3"])
    verdict = "agree with" if agrees else "do not show"
    words = surface_words(record, str(surface["level"]))
    shares = entry["discrepancies"]
    return (
        f"{words}, the data {verdict} a congruence effect, in which {outcome} is highest where {first} and "
        f"{second} agree. Where they differ, the curve was {_told(record, a['a4'])}, the slope "
        f"{_told(record, a['a3'])}; where they agree, the slope was {_told(record, a['a1'])}, the curve "
        f"{_told(record, a['a2'])}. Of {numbers.count(shares['n'])} people "
        f"{numbers.percent(shares['agree'])} had both within half a standard deviation of each other; in "
        f"{numbers.percent(shares['first_higher'])} {first} was higher, in "
        f"{numbers.percent(shares['second_higher'])} {second}."
        + (BESIDE if surface["level"] == "within" else "")
    )


def _told(record: Record, r: Mapping[str, Any]) -> str:
    ci = numbers.ci_phrase(record.confidence, r["ci_lower"], r["ci_upper"])
    return f"{numbers.number(r['est'])}, {ci}"
