"""Sentences on the validation of scales: agreement, structure, dimensions, validity, one idea each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import agreement as agreements
from pipeline.reporting.tables import dimensions, validity
from pipeline.reporting.tables.build import listed

CLOSE = 0.85
"""Heterotrait-monotrait ratio from which two scales can hardly be told apart (Henseler et al., 2015)."""
MARKED = 0.10
Found = Mapping[str, Any]


def agreement(record: Record) -> list[str]:
    """For each level, which scales may be averaged over its units and which may not, and why."""
    verdicts: dict[tuple[str, str], list[str]] = {}
    for scale, level, told in agreements.entries(record):
        if told.get("sentence"):
            verdicts.setdefault((level, str(told["sentence"])), []).append(record.phrase(scale))
    return [_verdict(record, level, sentence, names) for (level, sentence), names in verdicts.items()]


def structure(record: Record) -> list[str]:
    """Which of the competing models is to be preferred, scale by scale, and what goes with it."""
    found: Mapping[str, Any] = record.part("validate", "structure")
    told = [
        preferred_model(f"the items of {record.phrase(k)}", v) for k, v in (found.get("scales") or {}).items()
    ]
    told += [
        preferred_model(f"all scales of {record.many(k)} together", v)
        for k, v in (found.get("levels") or {}).items()
    ]
    return [text for text in told if text]


def dimensionality(record: Record) -> list[str]:
    """Where the rules agree on one dimension, and where they do not."""
    found = dimensions.entries(record)
    if not found:
        return []
    single = [k for k, v in found.items() if v["parallel"]["components"] == 1 and v["map"]["components"] == 1]
    others = [_dimensions(record, k, v) for k, v in found.items() if k not in single]
    least = min(float(v["kmo"]) for v in found.values())
    told = [f"Sampling adequacy (KMO) was at least {numbers.bounded(least)}."]
    if single:
        told.append(
            f"Parallel analysis and the minimum average partial both point to one component in "
            f"{listed(record.phrase(k) for k in single)}."
        )
    return [" ".join([*told, *others])]


def convergence(record: Record) -> list[str]:
    """Whether scales can be told apart, what a method factor changes, and the marker."""
    told = []
    for level, found in validity.entries(record):
        parts = [_apart(record, found), _method(found), _marker(found), _harman(found)]
        told.append(f"Scales of {record.many(level)}. {' '.join(part for part in parts if part)}")
    return told


def _verdict(record: Record, level: str, sentence: str, names: list[str]) -> str:
    where = f"{listed(names)} over {record.many(level)}"
    return markup.literal(sentence).replace("Averaging over groups", f"Averaging {where}", 1)


def preferred_model(what: str, told: Found) -> str:
    """Which of the competing models is to be preferred, with its fit."""
    preferred = told.get("preferred")
    if preferred is None:
        return f"For {what} no factor model is preferred: none converged to a proper solution."
    fits = {str(model["kind"]): model["fit"] for model in told["models"] if model.get("fit")}
    cfi, rmsea = (numbers.statistic(name, fits[preferred][name]) for name in ("cfi", "rmsea"))
    words = [
        f"For {what} the model to be preferred is that of {_kind(str(preferred))} "
        f"(CFI = {cfi}, RMSEA = {rmsea})"
    ]
    if preferred != "one factor" and "one factor" in fits:
        words.append(f"; one factor for all items has a CFI of {numbers.bounded(fits['one factor']['cfi'])}")
    return "".join(words) + "."


def _kind(kind: str) -> str:
    return {
        "one factor": "one factor",
        "correlated factors": "correlated factors",
        "second-order": "a second-order factor above the facets",
        "bifactor": "a general factor beside one for each facet (bifactor)",
    }[kind]


def _dimensions(record: Record, scale: str, told: Found) -> str:
    parallel, least = told["parallel"]["components"], told["map"]["components"]
    return (
        f"In {record.phrase(scale)} parallel analysis finds {_components(parallel)} and the minimum average "
        f"partial {numbers.count(least)}."
    )


def _components(count: int) -> str:
    return f"{numbers.count(count)} component{'s' * (count != 1)}"


def _apart(record: Record, found: Found) -> str:
    ratios = (found.get("htmt") or {}).get("pairs") or ()
    if not ratios:
        return ""
    largest = max(ratios, key=lambda r: float(r["est"]))
    pair = f"{record.phrase(str(largest['scale']))} and {record.phrase(str(largest['with']))}"
    ci = f"[{numbers.bounded(largest['ci_lower'])}, {numbers.bounded(largest['ci_upper'])}]"
    close = [r for r in ratios if float(r["ci_upper"]) >= CLOSE]
    opening = (
        f"The largest heterotrait-monotrait ratio is that of {pair}, {numbers.bounded(largest['est'])} {ci}"
    )
    if not close:
        return f"{opening}: every interval lies below .85, so the scales measure different things."
    names = listed(f"{record.phrase(str(r['scale']))} and {record.phrase(str(r['with']))}" for r in close)
    return f"{opening}: whether {names} measure different things is doubtful (interval reaches .85)."


def _method(found: Found) -> str:
    told: Found = found.get("method") or {}
    if not told:
        return ""
    change = float(told["largest_change"])
    size = "hardly changes" if change < MARKED else "changes"
    return (
        "A factor for what all answers share by their method, loading equally on every item (Podsakoff et "
        f"al., 2003), explains {numbers.percent(told['share'], 1)} of their variance and {size} the "
        f"correlations of the factors (largest change {numbers.bounded(change)})."
    )


def _marker(found: Found) -> str:
    told: Found = found.get("marker") or {}
    if not told:
        return ""
    change = numbers.bounded(told["largest_change"])
    return (
        f"With the declared marker in its place (Williams et al., 2010) the share is "
        f"{numbers.percent(told['share'], 1)} and the largest change {change}."
    )


def _harman(found: Found) -> str:
    told: Found = found.get("harman") or {}
    if not told:
        return ""
    return (
        f"One component of all items explains {numbers.percent(told['first_component'])} of their variance "
        "(Harman’s test, a weak one)."
    )
