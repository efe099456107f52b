"""Missing answers: shares by scale and person, Little's test, and who lacks a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = ("Items", "Missing answers", "Most in an item", "Without score", "Little’s χ²", "*df*", "*p*")
DROPOUT = ("*OR*", "CI", "*p*")
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a level, one row a scale, the scores together last; None where nothing is missing."""
    found = entries(record)
    if not any(told["missing"] for told in found.values()):
        return None
    return drop_empty_columns(
        Table(
            id="missing",
            title="Missing Answers and Little’s Test",
            header=(header("Scale", *COLUMNS),),
            body=tuple(one for level, told in found.items() for one in _level(record, level, told)),
            widths=(3.0, 0.7, 1.1, 1.1, 1.0, 1.3, 0.8, 0.9),
            general=sentences(
                "Rows that screening kept. Little’s test (Little, 1988) asks whether answers are missing "
                "completely at random; a small *p* speaks against that, a large one does not show it. "
                "Scores: the test of the scale scores of the level together."
            ),
            alt="Shares of missing answers and Little's test, one row a scale.",
        )
    )


def dropout_table(record: Record) -> Table | None:
    """One group a score that some lack, one row what it was predicted from."""
    models = [one for told in entries(record).values() for one in told["dropout"]]
    if not models:
        return None
    ci = f"{numbers.confidence(record.confidence)} CI"
    body: list[Row] = []
    for one in models:
        lacking = f"{numbers.count(one['lacking'])} of {numbers.count(one['n'])} lack it"
        chisq = f"χ²({numbers.count(one['df'])}) = {numbers.number(one['chisq'])}"
        test = f"{chisq}, {numbers.p_phrase(one['pvalue'])}"
        body.append(group(f"{record.label(str(one['score']))}: {lacking}; {test}", len(DROPOUT) + 1))
        body += [
            row(
                record.label(str(r["name"])),
                numbers.number(r["odds_ratio"]),
                numbers.interval(r["ci_lower"], r["ci_upper"]),
                numbers.p_value(r["pvalue"]),
                indent=1,
            )
            for r in one["rows"]
        ]
    return Table(
        id="dropout",
        title="Who Lacks a Score",
        header=(header("Predictor", *(ci if name == "CI" else name for name in DROPOUT)),),
        body=tuple(body),
        widths=(4.0, 1.0, 1.8, 1.0),
        general="Logistic regression of lacking the score; *OR*: odds ratio of one standard deviation. Rows "
        "that lack a predictor are left out.",
        alt="Odds ratios of lacking a score by what else is known.",
    )


def entries(record: Record) -> dict[str, Found]:
    """What was found, by level, lowest first."""
    found: Mapping[str, Found] = record.part("validate", "missing_answers")
    return {level: found[level] for level in record.levels if found.get(level)}


def _level(record: Record, level: str, told: Found) -> list[Row]:
    rows = [group(f"{record.many(level).capitalize()} (*n* = {numbers.count(told['n'])})", len(COLUMNS) + 1)]
    for one in told["scales"]:
        shares = numbers.percent(one["share"], 1), numbers.percent(one["most"], 1)
        lead = (count(one["items"] or None), *shares, count(one["without_score"]))
        rows.append(row(record.label(str(one["scale"])), *lead, *_little(one.get("little")), indent=1))
    if told.get("little"):
        dashes = [numbers.MISSING] * 4
        rows.append(row("Scores", *dashes, *_little(told["little"]), indent=1))
    return rows


def _little(told: Found | None) -> tuple[str, str, str]:
    told = told or {}
    df = told.get("df")
    return (
        numbers.number(told.get("chisq")),
        numbers.number(df, 0),
        numbers.p_value(told.get("pvalue")),
    )
