"""Measurement invariance: one row a step, partial models and what they release below."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, listed, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = (
    *("χ²", "*df*", "CFI", "RMSEA", "SRMR"),
    *("Δχ²", "Δ*df*", "*p*", "ΔCFI", "ΔRMSEA", "ΔSRMR", "*d*~MACS~"),
)
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a scale and grouping; None where no grouping is declared or could be compared."""
    found: Entries = record.part("validate", "invariance") or ()
    if not found:
        return None
    return drop_empty_columns(
        Table(
            id="invariance",
            title="Measurement Invariance",
            header=(header("Scale and step", *COLUMNS),),
            body=tuple(one for told in found for one in _rows(record, told)),
            widths=(3.0, 1.1, 0.6, 0.7, 0.9, 0.8, 1.1, 0.6, 0.8, 0.9, 1.0, 0.9, 0.9),
            general=_note(record, found),
            alt="Fit of the steps of measurement invariance and what each costs.",
        )
    )


def over(record: Record, told: Found) -> str:
    """What the scale is compared over, within a sentence."""
    return "waves" if told.get("waves") else record.phrase(str(told["grouping"]))


def released(name: str) -> str:
    """A parameter in words: `a1 ~ 1` is the intercept of a1, `f =~ a1` the loading of a1."""
    left, _, right = name.partition(" =~ ")
    return markup.literal(f"loading of {right}" if right else f"intercept of {left.removesuffix(' ~ 1')}")


def _rows(record: Record, told: Found) -> list[Row]:
    sizes = listed(f"{markup.literal(str(g['name']))} ({numbers.count(g['n'])})" for g in told["groups"])
    rows = [group(f"{record.label(str(told['scale']))} over {over(record, told)}: {sizes}", len(COLUMNS) + 1)]
    rows += [
        _row(_name(step), step, largest(told) if step["name"] == "configural" else None)
        for step in told["steps"]
    ]
    for step in told["partial"]:
        freed = listed(released(str(name)) for name in step["freed"])
        rows.append(_row(f"Partial {step['name']}: {freed} released", step, _of_freed(told, step)))
    for step in (told.get("ordinal") or {}).get("steps") or ():
        rows.append(_row(f"Ordered answers: {step['name']}", step))
    return rows


def _name(step: Found) -> str:
    return f"{str(step['name']).capitalize()}"


def largest(told: Found, items: Collection[str] | None = None) -> float | None:
    """The largest effect size of non-invariance, among all items or these."""
    sizes = [one["dmacs"] for one in told.get("dmacs") or () if items is None or one["item"] in items]
    return max(sizes, default=None)


def _of_freed(told: Found, step: Found) -> float | None:
    """That of the items of which something was released."""
    names = (str(name) for name in step["freed"])
    return largest(told, {name.partition(" =~ ")[2] or name.removesuffix(" ~ 1") for name in names})


def _row(name: str, step: Found, dmacs: float | None = None) -> Row:
    fit: Found = step.get("fit") or {}
    return row(
        name,
        numbers.number(fit.get("chisq")),
        count(fit.get("df")),
        numbers.statistic("cfi", fit.get("cfi")),
        numbers.statistic("rmsea", fit.get("rmsea")),
        numbers.statistic("srmr", fit.get("srmr")),
        numbers.number(step.get("statistic")),
        count(step.get("df")),
        numbers.p_value(step.get("pvalue")),
        numbers.bounded(step.get("delta_cfi"), 3),
        numbers.bounded(step.get("delta_rmsea"), 3),
        numbers.bounded(step.get("delta_srmr"), 3),
        numbers.number(dmacs),
        indent=1,
    )


def _note(record: Record, found: Entries) -> str:
    reasons = dict.fromkeys(
        f"{record.label(str(told['scale']))}, {step['name']}: {markup.literal(str(step['reason']))}."
        for told in found
        for step in told["steps"]
        if step.get("reason")
    )
    notes = dict.fromkeys(
        f"{record.label(str(told['scale']))}: {markup.literal(str(told['note']))}."
        for told in found
        if told.get("note")
    )
    return sentences(
        "Equal over groups are, step by step, the form of the model (configural), loadings (metric), "
        "intercepts (scalar), residual variances (strict), factor variances, and factor means. Δ: beside "
        "the step above; a step is taken to hold where CFI falls by at most .01 and RMSEA rises by at most "
        ".015 (Chen, 2007, for more than 300 rows; for fewer, .005 and .010). Δχ² is scaled (Satorra & "
        "Bentler, 2001; where that has no answer, Satorra & Bentler, 2010). In brackets: rows.",
        "A partial model releases, one by one, the equalities that cost most; it was found by search in "
        "these data."
        if any(told["partial"] for told in found)
        else None,
        "*d*~MACS~: largest effect size of an item in the configural model, or of those released (Nye & "
        "Drasgow, 2011)."
        if any(told.get("dmacs") for told in found)
        else None,
        "Ordered answers: thresholds first (Wu & Estabrook, 2016), complete rows."
        if any(told.get("ordinal") for told in found)
        else None,
        *reasons,
        *notes,
    )
