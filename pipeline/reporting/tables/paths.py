"""Paths of the model: within and between side by side, each with interval, standardized slope and p."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import group, header, listed, row, sentences, spanners
from pipeline.reporting.values import Row, Table

LEVELS = ("within", "between")
NEGATIVE = (
    "The residual variance of the outcome at this level is estimated below zero (a Heywood case): the "
    f"solution is improper. {bounds.CAUSES} It must not be interpreted, nor what rests on it."
)
STEEP = (
    "A standardized slope beyond ±1 can be proper where predictors go together closely (Deegan, 1978); it is "
    "then no correlation, and its size says little."
)


def table(record: Record) -> Table | None:
    """One group an outcome, one row a predictor, one spanner a level."""
    rows: Entries = record.slopes
    if not rows:
        return None
    levels = levels_of(rows)
    ci = numbers.confidence(record.confidence)
    each = ("*B*", "*SE*", f"{ci} CI", "β", "*p*")
    over = [spanners(1, *((record.level_words(level), 5) for level in levels))] if record.is_clustered else []
    columns = 1 + 5 * len(levels)
    body = tuple(_body(record, rows, levels, columns))
    return Table(
        id="paths",
        title=_title(record),
        header=(*over, header("Outcome and predictor", *(name for _ in levels for name in each))),
        body=body,
        widths=(2.8, *(w for _ in levels for w in (0.75, 0.7, 1.5, 0.75, 0.85))),
        general=_note(record, rows),
        specific=(*_withheld(record), *bounds.note(body, "b", NEGATIVE), *bounds.note(body, "c", STEEP)),
        alt="Unstandardized and standardized path coefficients by level.",
    )


def levels_of(rows: Entries) -> list[str]:
    """Levels with at least one slope, within first."""
    found = {str(row["level"]) for row in rows}
    return [level for level in LEVELS if level in found] or sorted(found)


def equation_words(record: Record, outcome: str, equation: Mapping[str, Any]) -> str:
    """Sample of one equation: `1,234 clients of 200 staff in 40 teams`."""
    level = str(equation.get("level") or record.level_of(outcome))
    clusters = equation.get("clusters")
    words = f"{numbers.count(equation.get('n'))} {record.many(level)}"
    if isinstance(clusters, Mapping) and clusters:
        parts = [f"{numbers.count(n)} {record.many(str(upper))}" for upper, n in clusters.items()]
        return f"{words} in {listed(parts)}"
    return words


def _title(record: Record) -> str:
    if not record.is_clustered or record.cluster is None:
        return "Path Coefficients"
    return f"Path Coefficients Within and Between {record.many(record.cluster).title()}"


def _body(record: Record, rows: Entries, levels: Sequence[str], columns: int) -> list[Row]:
    laid: list[Row] = []
    for outcome in dict.fromkeys(str(r["outcome"]) for r in rows):
        mark = "^a^" if outcome in record.withheld else ""
        laid.append(group(record.label(outcome) + mark, columns))
        own = [r for r in rows if r["outcome"] == outcome]
        for predictor in dict.fromkeys(str(r["predictor"]) for r in own):
            found = {str(r["level"]): r for r in own if r["predictor"] == predictor}
            cells = [cell for level in levels for cell in _cells(record, found.get(level))]
            laid.append(row(record.label(predictor), *cells, indent=1))
    return laid


def _cells(record: Record, found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return [numbers.MISSING] * 5
    ends = {(str(found["outcome"]), str(found["level"])), (str(found["outcome"]), "residual")}
    improper = bool(ends & record.improper)
    steep = bounds.beyond(found.get("beta")) and not improper
    return [
        numbers.number(found.get("est")) + "^b^" * improper,
        numbers.number(found.get("se")),
        numbers.interval(found.get("ci_lower"), found.get("ci_upper")),
        numbers.number(found.get("beta")) + "^c^" * steep,
        numbers.p_value(found.get("pvalue")),
    ]


def _withheld(record: Record) -> tuple[str, ...]:
    if not record.withheld:
        return ()
    return ("^a^ The equation did not converge; its numbers, and all that rest on them, are withheld.",)


def _note(record: Record, rows: Entries) -> str:
    equations: Mapping[str, Any] = record.part("model", "equations")
    outcomes = dict.fromkeys(str(r["outcome"]) for r in rows)
    samples = [
        f"{record.label(outcome)}: {equation_words(record, outcome, equations[outcome])}."
        for outcome in outcomes
        if equations.get(outcome)
    ]
    means = record.part("model", "labels").get("between")
    return sentences(
        "*B* is unstandardized; β is standardized at its own level.",
        f"Latent variables have the unit of their scale scores: loadings are scaled to the score"
        f"{_equal(record)} (Little et al., 2006)."
        if record.part("model", "options").get("measurement") == "latent"
        else None,
        "A dash marks a path that does not exist at a level: a variable that is measured once a cluster "
        "does not vary within it."
        if _has_gap(rows)
        else None,
        f"Slopes between rest on {markup.literal(str(means))}." if means else None,
        *samples,
    )


def _equal(record: Record) -> str:
    return " and equal at both levels" if record.is_clustered else ""


def _has_gap(rows: Entries) -> bool:
    """Whether some path exists at one level only."""
    levels = levels_of(rows)
    slopes = {(r["outcome"], r["predictor"], r["level"]) for r in rows}
    return any((o, p, level) not in slopes for o, p, _ in slopes for level in levels)
