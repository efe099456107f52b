"""Sensitivity to unmeasured confounding: the residual correlations at which indirect effects meet zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, listed, row, sentences
from pipeline.reporting.values import Row, Table

UNCLEAR, NONE_FOUND, AGAIN = "^a^", "^b^", "^c^"
ONE_LEVEL = ("rv", "rv_alpha", "e_value")


def table(record: Record) -> Table | None:
    """One row an effect and level, by its last arrow."""
    rows = shown(record)
    if not rows:
        return None
    ci = numbers.confidence(record.confidence)
    slope = all(name in r for r in rows for name in ONE_LEVEL)
    names = ("Estimate 0", f"{ci} CI meets 0", "*R*² left", "*R*² whole", *(("RV", "RV~α~", "*E*") * slope))
    return Table(
        id="sensitivity",
        title="Residual Correlations of Mediator and Outcome at Which Indirect Effects Meet Zero",
        header=(header("Effect", *names),),
        body=tuple(_body(record, rows, len(names) + 1, slope)),
        widths=(4.6, 1.1, 1.3, 0.9, 0.9, *((0.8, 0.8, 0.8) * slope)),
        general=_note(slope),
        specific=tuple(_marks(record, rows)),
        alt="For each indirect effect the residual correlations at which estimate and interval meet zero.",
    )


def shown(record: Record) -> Entries:
    """Rows within before between, without those that rest on an equation which did not converge."""
    rows: Entries = record.part("model", "sensitivity").get("rows") or ()
    order = {"within": 0, "between": 1}
    usable = [r for r in rows if not record.withheld & set(str(r["route"]).split(ARROW)[1:])]
    return sorted(usable, key=lambda r: order.get(str(r["level"]), 2))


def is_clear(r: Mapping[str, Any]) -> bool:
    """Whether the interval leaves zero out as long as nothing is left out of the model."""
    return r.get("rho_interval") != 0


def _body(record: Record, rows: Entries, columns: int, slope: bool) -> list[Row]:
    laid: list[Row] = []
    heading = None
    for r in rows:
        words = record.level_words(str(r["level"]))
        if words != heading and record.is_clustered:
            laid.append(group(words, columns))
        heading = words
        laid.append(_row(record, r, slope))
    return laid


def _row(record: Record, r: Mapping[str, Any], slope: bool) -> Row:
    again = AGAIN if r.get("how") == "refitted" else ""
    own = (
        numbers.bounded(r.get("rv")),
        numbers.bounded(r.get("rv_alpha")),
        numbers.number(r.get("e_value")),
    )
    return row(
        f"{record.route(str(r['route']))}{again}",
        _correlation(r.get("rho_zero")),
        _correlation(r.get("rho_interval")) if is_clear(r) else f"{numbers.MISSING}{UNCLEAR}",
        numbers.bounded(r.get("r2_residual")),
        numbers.bounded(r.get("r2_total")),
        *(own * slope),
        indent=int(record.is_clustered),
    )


def _correlation(value: float | None) -> str:
    return f"{numbers.MISSING}{NONE_FOUND}" if value is None else numbers.bounded(value)


def _note(slope: bool) -> str:
    return sentences(
        "Correlations are between what the model leaves unexplained in the last mediator of a route and in "
        "its outcome (Imai et al., 2010). *R*² left is the product of the shares that a confounder would "
        "explain of what is left of the two, *R*² whole that of their whole variances, at the correlation "
        "where the estimate is zero.",
        "RV is the robustness value of the mediator’s slope: the share of what is left of mediator and "
        "outcome that a confounder would explain in both, for a slope of zero, and RV~α~ for an interval "
        "that meets zero (Cinelli & Hazlett, 2020); *E* is the *E* value of one standard deviation of the "
        "mediator (VanderWeele & Ding, 2017)."
        if slope
        else None,
    )


def _marks(record: Record, rows: Entries) -> list[str]:
    furthest = numbers.bounded(record.part("model", "sensitivity").get("options", {}).get("furthest"))
    told = []
    if not all(is_clear(r) for r in rows):
        told.append(f"{UNCLEAR} The interval holds zero without any residual correlation.")
    if any(r.get(name) is None for r in rows for name in ("rho_zero", "rho_interval")):
        told.append(f"{NONE_FOUND} Not met between −{furthest} and {furthest}, or no solution on the way.")
    again = [r for r in rows if r.get("how") == "refitted"]
    if again:
        told.append(f"{AGAIN} {_refitted(record, again)}")
    return told


def _refitted(record: Record, rows: Entries) -> str:
    """Arrows whose models were fitted again, and how these fit at the correlation shown."""
    found = {(str(r["mediator"]), str(r["outcome"]), str(r["level"])): r for r in reversed(rows)}
    told = [
        f"{record.phrase(one)} and {record.phrase(other)}, {numbers.number(r['misfit'])}"
        for (one, other, _), r in found.items()
        if r.get("misfit") is not None
    ]
    opening = (
        "Fitted again at each correlation: the path leaves out arrows from predictors of the mediator to the "
        "outcome, so that correlations do not all fit alike."
    )
    change = f" Rise of −2 log-likelihood where the estimate is zero: {listed(told)}." if told else ""
    return opening + change
