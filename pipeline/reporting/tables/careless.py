"""Careless answering: how many people each index speaks of, and the hypotheses without those flagged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import count, group, header, row, sentences, spanners, stub
from pipeline.reporting.values import Cell, Row, Table

Found = Mapping[str, Any]

INDICES = {
    "synonyms": "alike items answered unlike",
    "even_odd": "even-odd consistency",
    "mahalanobis": "Mahalanobis distance",
}


def table(record: Record) -> Table | None:
    """One group a level, one row an index, flagged people last."""
    found: Mapping[str, Found] = record.part("validate", "careless")
    if not found:
        return None
    body: list[Row] = []
    for level, told in found.items():
        body.append(group(f"{record.many(level).capitalize()} (*n* = {numbers.count(told['n'])})", 3))
        body += [
            _row(_capital(markup.literal(str(one["rule"]))), one["n"], one["share"])
            for one in told["indices"]
        ]
        body.append(
            _row(f"Flagged: {numbers.count(told['needed'])} indices or more", told["flagged"], told["share"])
        )
    skipped = [
        f"{record.many(level)}: {markup.literal('; '.join(map(_skipped, told['skipped'])))}."
        for level, told in found.items()
        if told["skipped"]
    ]
    return Table(
        id="careless",
        title="Signs of Careless Answering Among Those Kept by Screening",
        header=(header("Index", "*n*", "Share"),),
        body=tuple(body),
        widths=(5.0, 0.9, 0.9),
        general=sentences(
            "An index speaks of careless answering and does not prove it: unusual people are also flagged "
            "(Curran, 2016; Meade & Craig, 2012). Nobody was left out for this.",
            f"Not computed for {' '.join(skipped)}" if skipped else None,
        ),
        alt="Number and share of people that each index of careless answering flags.",
    )


def _skipped(reason: str) -> str:
    """Why an index was not computed, under the name that readers know it by."""
    index, _, why = reason.partition(": ")
    return f"{INDICES.get(index, index)} ({why.replace('1 pairs correlate ', '1 pair correlates ')})"


def sensitivity_table(record: Record) -> Table | None:
    """One row a hypothesis: with everybody, and without those flagged."""
    found: Found = record.part("model", "careless")
    rows: Entries = found.get("rows") or ()
    if not rows:
        return None
    ci = f"{numbers.confidence(record.confidence)} CI"
    each = ("Estimate", ci, "Verdict")
    flagged = [f"{numbers.count(n)} {record.many(level)}" for level, n in found["flagged"].items() if n]
    return Table(
        id="careless_hypotheses",
        title="Hypotheses With and Without Those Whose Answers Look Careless",
        header=(
            spanners(1, ("Everybody", 3), ("Without those flagged", 3)),
            header("Hypothesis", *each, *each),
        ),
        body=tuple(_hypothesis(record, one) for one in rows),
        widths=(3.0, 0.9, 1.5, 1.1, 0.9, 1.5, 1.1),
        general=sentences(
            f"Left out on the right: {' and '.join(flagged)}; otherwise the same model.",
            "Both sides rest on scale scores with latent means."
            if found["kind"] == "latent_variables"
            else None,
        ),
        alt="Estimates, intervals and verdicts of the hypotheses with and without flagged people.",
    )


def _row(name: str, n: int, share: float) -> Row:
    return row(name, count(n), numbers.percent(share, 1), indent=1)


def _hypothesis(record: Record, one: Found) -> Row:
    decimals = record.decimals_of(str(one["effect"]))
    cells: list[Cell | str] = []
    for side in (one["with"], one["without"]):
        cells += [
            numbers.number(side["est"], decimals),
            numbers.interval(side["ci_lower"], side["ci_upper"], decimals),
            stub(markup.literal(_capital(str(side["verdict"] or numbers.MISSING)))),
        ]
    name = f"{markup.literal(str(one['hypothesis']))}: {record.route(str(one['effect']))}"
    return row(name, *cells)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
