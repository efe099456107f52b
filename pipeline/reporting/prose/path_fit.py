"""Sentences on how the path was measured and how well the model of it fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Record

LEAST_CFI, MOST_RMSEA = 0.90, 0.10
WORDS = {"scores": "scale scores", "latent": "latent variables behind the items"}


def fit(record: Record) -> list[str]:
    """Whether the path model as a whole reproduces the data, or why that cannot be told."""
    if not record.slopes:
        return []
    found: Mapping[str, Any] = record.part("model", "fit")
    if not found:
        return [
            "Each outcome was fitted with an equation of its own, so there is no fit of the path model as a "
            "whole to judge."
        ]
    if not found.get("df"):
        return [
            "The path model is saturated (*df* = 0): it has as many free parameters as there are means, "
            "variances, and covariances, and reproduces them whatever they are. Its fit cannot be judged, "
            "and speaks neither for nor against the path."
        ]
    if found["kind"] == "not tested":
        return [f"{_capital(markup.literal(str(note)))}." for note in found.get("notes") or ()]
    parts = [_whole(record, found), *(_alone(record, one) for one in found.get("levels") or ())]
    return [" ".join([*parts, *_judged(found["shown"])])]


def measured(record: Record) -> list[str]:
    """Scale scores or latent variables: which, why, and how much it matters."""
    options = record.part("model", "options")
    used, reason = options.get("measurement"), options.get("measurement_reason")
    if used not in WORDS or not record.slopes:
        return []
    told = f"The report rests on {WORDS[used]}: {markup.literal(str(reason))}."
    return [" ".join(part for part in (told, _beside(record, used)) if part)]


def _beside(record: Record, used: str) -> str:
    other: Mapping[str, Any] = record.part("model", "other")
    name = WORDS["scores" if used == "latent" else "latent"]
    if not other.get("paths"):
        why = record.stage("model").get("why_no_other")
        is_told = str(record.part("model", "options").get("measurement_reason")).endswith(str(why))
        if not why or is_told:
            return ""
        return f"A model of {name} does not stand beside it: {markup.literal(str(why))}."
    own = {_key(r): r for r in record.slopes if r.get("beta") is not None}
    pairs = [(own[_key(r)], r) for r in other["paths"] if _key(r) in own and r.get("role", "path") == "path"]
    if not pairs:
        return ""
    main, second = max(pairs, key=lambda pair: abs(float(pair[0]["beta"]) - float(pair[1]["beta"])))
    route = record.route(ARROW.join((str(main["predictor"]), str(main["outcome"]))))
    level = record.level_words(str(main["level"])).lower()
    where = f" {level}" if record.is_clustered else ""
    return (
        f"Beside it stands the path with {name} ([@measured]). The standardized slope that differs most is "
        f"that of {route}{where}: {numbers.number(main['beta'])} here, {numbers.number(second['beta'])} with "
        f"{name}. {_same_conclusions(record, other)}"
    )


def _same_conclusions(record: Record, other: Mapping[str, Any]) -> str:
    """Indirect effects whose interval excludes zero in one of the two only."""
    kinds = {"specific"}
    theirs = {(r["route"], r["level"]): r for r in other.get("indirect") or () if r["kind"] in kinds}
    told = [
        f"{record.route(str(r['route']))}{_where(record, r)}"
        for r in record.effects
        if r["kind"] in kinds
        and (r["route"], r["level"]) in theirs
        and r.get("est") is not None
        and _clear(r) != _clear(theirs[r["route"], r["level"]])
    ]
    if not told:
        return "The intervals of all indirect effects agree on whether zero is among them."
    return f"Whether the interval holds zero depends on the measurement for {'; '.join(told)}."


def _where(record: Record, r: Mapping[str, Any]) -> str:
    return f" {record.level_words(str(r['level'])).lower()}" if record.is_clustered else ""


def _clear(r: Mapping[str, Any]) -> int:
    """1 or -1 where the interval lies on one side of zero, else 0."""
    lower, upper = float(r["ci_lower"]), float(r["ci_upper"])
    return (lower > 0) - (upper < 0)


def _whole(record: Record, found: Mapping[str, Any]) -> str:
    shown: Mapping[str, Any] = found["shown"]
    robust = found["kind"] == "scaled and robust"
    how = " (scaled; the indices are robust)" if robust else ""
    within, between = found.get("srmr_within"), found.get("srmr_between")
    srmr = f"SRMR = {numbers.statistic('srmr', found.get('srmr'))}"
    if within is not None and record.cluster is not None:
        srmr = (
            f"SRMR = {numbers.statistic('srmr', within)} within and {numbers.statistic('srmr', between)} "
            f"between {record.many(record.cluster)}"
        )
    interval = numbers.interval(shown.get("rmsea_lower"), shown.get("rmsea_upper"))
    return (
        f"Fit of the path model: χ²({numbers.count(found['df'])}) = {numbers.number(shown.get('chisq'))}, "
        f"{numbers.p_phrase(shown.get('pvalue'))}, CFI = {numbers.statistic('cfi', shown.get('cfi'))}, "
        f"TLI = {numbers.statistic('tli', shown.get('tli'))}, RMSEA = "
        f"{numbers.number(shown.get('rmsea'))}, 90% CI {interval}, {srmr}{how}."
    )


def _judged(shown: Mapping[str, Any]) -> list[str]:
    cfi, rmsea = shown.get("cfi"), shown.get("rmsea")
    if cfi is None or rmsea is None or (cfi >= LEAST_CFI and rmsea <= MOST_RMSEA):
        return []
    return [
        f"By common cut-offs (CFI of at least {numbers.statistic('cfi', LEAST_CFI)}, RMSEA of at most "
        f"{numbers.number(MOST_RMSEA)}) the whole does not fit, and its slopes are to be read with that in "
        "mind."
    ]


def _alone(record: Record, one: Mapping[str, Any]) -> str:
    level = record.level_words(str(one["level"]))
    p = (
        numbers.p_phrase(one["pvalue"])
        if one.get("pvalue") is not None
        else "below zero and so without a *p*"
    )
    return (
        f"{level} alone (the other level unrestricted; Ryu & West, 2009), χ²({numbers.count(one['df'])}) = "
        f"{numbers.number(one['chisq'])}, {p}, CFI = "
        f"{numbers.statistic('cfi', one['cfi'])}, RMSEA = {numbers.number(one['rmsea'])}."
    )


def _key(r: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(r["predictor"]), str(r["outcome"]), str(r["level"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
