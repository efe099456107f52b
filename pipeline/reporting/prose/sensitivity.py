"""Sentences on sensitivity: what an unmeasured confounder would have to be like, one sentence an effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.sensitivity import is_clear, shown

OPENING = (
    "An indirect effect rests on the assumption that nothing outside the model goes with both its mediator "
    "and its outcome. These data cannot test that; they can tell how strong such a confounder would have to "
    "be (Imai et al., 2010). It would show as a correlation between what the model leaves unexplained in the "
    "two."
)
LAST_STEP = (
    "One step was examined at a time, the last of each route; confounders of earlier steps were not examined."
)


def sensitivity(record: Record) -> list[str]:
    """The idea, one sentence a clear effect, the unclear ones together, and notes."""
    rows = shown(record)
    notes = [
        markup.literal(_sentence(str(n))) for n in record.part("model", "sensitivity").get("notes") or ()
    ]
    if not rows:
        return notes
    clear, unclear = [r for r in rows if is_clear(r)], [r for r in rows if not is_clear(r)]
    told = [OPENING, *(_clear(record, r) for r in clear)]
    if unclear:
        told.append(_unclear(record, unclear))
    if any(str(r["route"]).count("->") > 2 for r in rows):
        told.append(LAST_STEP)
    return [*told, *notes]


def _clear(record: Record, r: Mapping[str, Any]) -> str:
    ends = listed((record.phrase(str(r["mediator"])), record.phrase(str(r["outcome"]))))
    opening = f"the indirect effect {record.route(str(r['route']))}{_at(record, r)}"
    if r.get("rho_zero") is None:
        return f"{_capital(opening)} met zero at no residual correlation of {ends} that was tried."
    already = (
        f"; its interval would hold zero already from {numbers.bounded(r['rho_interval'])} on"
        if r.get("rho_interval") is not None
        else ""
    )
    return (
        f"For {opening} to vanish, an unmeasured confounder would have to leave a residual correlation of "
        f"{numbers.bounded(r['rho_zero'])} between {ends}, as one that explains "
        f"{numbers.percent(r['share_each'])} of what is left of each{already}.{_beside(record, r)}"
    )


def _unclear(record: Record, rows: Entries) -> str:
    told = [f"{record.route(str(r['route']))}{_at(record, r)}" for r in rows]
    if len(told) == 1:
        return (
            f"The interval of {told[0]} holds zero as it is, so that no confounder is needed to call the "
            "effect into question."
        )
    return (
        f"The intervals of {len(told) if len(told) > 3 else listed(told)}"
        f"{' further effects' if len(told) > 3 else ''} hold zero as they are, so that no confounder is "
        "needed to call these effects into question."
    )


def _beside(record: Record, r: Mapping[str, Any]) -> str:
    """What leaving out a covariate as strong as the observed ones would bring."""
    found = r.get("benchmarks") or ()
    if not found:
        return ""
    told = [f"{record.phrase(str(b['covariate']))} ({numbers.bounded(b['rho'])})" for b in found]
    strongest = max(abs(float(b["rho"])) for b in found)
    relation = "less than that" if strongest < abs(float(r["rho_zero"])) else "at least that in one case"
    return (
        f" Leaving out a variable as strong as {listed(told, 'or')} would leave {relation} (in brackets: the "
        "residual correlation)."
    )


def _at(record: Record, r: Mapping[str, Any]) -> str:
    words = record.level_words(str(r["level"]))
    return f" {words[:1].lower()}{words[1:]}" if record.is_clustered else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return f"{_capital(text.rstrip('.'))}."
