"""Sentences on the answers themselves: invariance, careless answering, and what is missing and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import missing as gaps
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.invariance import over, released

HOLDS = {
    None: "not even the form of the model could be fitted in all of them",
    "configural": "the form of the model is the same, but loadings are not: scores cannot be compared",
    "metric": "loadings are the same, so relations can be compared, but intercepts are not: means cannot",
    "scalar": "loadings and intercepts are the same: means can be compared",
    "thresholds": "thresholds are the same",
}
STRONG = "loadings, intercepts and residual variances are the same: scores can be compared in every respect"
HANDLED = {
    "fiml": "each row counts with the answers that it has (full information)",
    "listwise": "only rows with every variable of an equation count",
    "complete: no answers missing": "no score is missing",
}
Found = Mapping[str, Any]


def invariance(record: Record) -> list[str]:
    """How far each scale measures the same over its groups, and which parameters had to be released."""
    found: Entries = record.part("validate", "invariance") or ()
    return [_invariance(record, told) for told in found]


def careless(record: Record) -> list[str]:
    """How many are flagged, and whether a verdict hangs on them."""
    found: Mapping[str, Found] = record.part("validate", "careless")
    if not found:
        return []
    told = listed(
        f"{numbers.count(one['flagged'])} of {numbers.count(one['n'])} {record.many(level)} "
        f"({numbers.percent(one['share'], 1)})"
        for level, one in found.items()
    )
    words = f"Two indices or more speak of careless answering in {told}. They stay in the analysis."
    rows: Entries = record.part("model", "careless").get("rows") or ()
    if not rows:
        return [words]
    changed = [r for r in rows if r["with"]["verdict"] != r["without"]["verdict"]]
    if not changed:
        return [f"{words} Without them every hypothesis has the same verdict."]
    names = listed(
        f"{markup.literal(str(r['hypothesis']))} ({r['with']['verdict']} with them, "
        f"{r['without']['verdict']} without)"
        for r in changed
    )
    return [f"{words} Without them the verdict changes for {names}: it should be read with care."]


def missing(record: Record) -> list[str]:
    """How much is missing, whether completely at random, who lacks scores, and what was assumed."""
    found = gaps.entries(record)
    told = [_missing(record, level, one) for level, one in found.items() if one["missing"]]
    if not told:
        return ["No answer is missing among the rows that screening kept."] if found else []
    mechanism = (
        "Whether answers are missing at random, given what was observed, cannot be tested: it would take the "
        "answers that are not there (Rubin, 1976)."
    )
    return [*told, f"{mechanism} {_handled(record)}".strip()]


def _invariance(record: Record, told: Found) -> str:
    reached = told.get("reached")
    words = HOLDS.get(reached, STRONG)
    text = f"{record.label(str(told['scale']))} over {over(record, told)}: {words}."
    partial = [step for step in told["partial"] if step["freed"]]
    if partial:
        last = partial[-1]
        freed = listed(f"the {released(str(name))}" for name in dict.fromkeys(last["freed"]))
        outcome = "holds" if last.get("holds") else "still does not hold"
        text += f" With {freed} released the {last['name']} step {outcome}."
    effects: Entries = told.get("dmacs") or ()
    if effects:
        most = max(effects, key=lambda one: float(one["dmacs"]))
        text += (
            f" The largest effect size of non-invariance is {numbers.number(most['dmacs'])} "
            f"({markup.literal(str(most['item']))}; {most['size']})."
        )
    return text


def _missing(record: Record, level: str, told: Found) -> str:
    what = "answers to items" if told["of_items"] else "scores"
    words = (
        f"Of the {record.many(level)}’ {what}, {numbers.percent(told['share'], 1)} are missing; "
        f"{numbers.count(told['complete'])} of {numbers.count(told['n'])} answered everything, in "
        f"{numbers.count(told['patterns'])} patterns."
    )
    against = [one for one in told["scales"] if _speaks(one.get("little"))]
    if against:
        names = listed(record.phrase(str(one["scale"])) for one in against)
        words += f" Little’s test speaks against answers missing completely at random in {names}."
    if _speaks(told.get("little")):
        words += " It also does so for the scores of the scales together."
    clear = [one for one in told["dropout"] if one["pvalue"] < 0.05]
    if clear:
        names = listed(record.phrase(str(one["score"])) for one in clear)
        words += f" Who lacks a score of {names} can partly be told from what else is known of them."
    return words


def _speaks(test: Found | None) -> bool:
    return bool(test) and test is not None and test.get("pvalue") is not None and test["pvalue"] < 0.05


def _handled(record: Record) -> str:
    how = record.part("model", "options").get("missing")
    return f"In the model of the path {HANDLED.get(str(how), markup.literal(str(how)))}." if how else ""
