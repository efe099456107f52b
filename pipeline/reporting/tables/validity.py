"""Whether scales measure different things: composite reliability, variance extracted, HTMT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

PAIRS = ("*r*", "CI", "HTMT", "CI", "HTMT2", "CI", "Δχ²", "ΔCFI", "*r*² < AVE")
RATIO = "A ratio above 1: items go together more closely across the two scales than within them."
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a level, one row a scale: reliability, variance extracted, HTMT below the diagonal."""
    levels = [pair for pair in entries(record) if pair[1].get("discriminant") or pair[1].get("htmt")]
    if not levels:
        return None
    most = max(len(told["scales"]) for _, told in levels)
    columns = ("CR", "ω", "AVE", *(str(k) for k in range(1, most + 1)))
    body: list[Row] = []
    for level, told in levels:
        if len(levels) > 1:
            body.append(group(f"Scales of {record.many(level)}", len(columns) + 1))
        body += _matrix(record, told, most, int(len(levels) > 1))
    return drop_empty_columns(
        Table(
            id="validity",
            title="Composite Reliability, Variance Extracted, and Heterotrait-Monotrait Ratios",
            header=(header("Scale", *columns),),
            body=tuple(body),
            widths=(3.4, 0.8, 0.8, 0.8, *(0.8 for _ in range(most))),
            general=(
                "CR: composite reliability, of items made equally wide; ω: the share of the observed "
                "variance of the sum of the items that their factor explains (McDonald, 1999); AVE: average "
                "variance extracted, the mean share of an item’s variance that its factor explains (Fornell "
                "& Larcker, 1981), all from the model of all scales together. Below the diagonal: "
                "heterotrait-monotrait ratios (HTMT; Henseler et al., 2015); from .85 on two scales can "
                "hardly be told apart. Above it: correlations of the factors."
            ),
            specific=(*bounds.note(body, "a"), *bounds.note(body, "b", RATIO)),
            alt="Composite reliability, average variance extracted and ratios of correlations by scale.",
        )
    )


def pairs_table(record: Record) -> Table | None:
    """One row a pair of scales, with the intervals and tests."""
    levels = [(level, told) for level, told in entries(record) if told.get("discriminant")]
    if not levels:
        return None
    ci = f"{numbers.confidence(record.confidence)} CI"
    names = [ci if name == "CI" else name for name in PAIRS]
    body = [one for level, told in levels for one in _pairs(record, level, told, several=len(levels) > 1)]
    return drop_empty_columns(
        Table(
            id="discriminant",
            title="Discriminant Validity of Each Pair of Scales",
            header=(header("Pair of scales", *names),),
            body=tuple(body),
            widths=(3.2, 0.6, 1.2, 0.7, 1.2, 0.7, 1.2, 1.1, 0.7, 0.8),
            general=_note(levels),
            specific=(*bounds.note(body, "a"), *bounds.note(body, "b", RATIO)),
            alt="Factor correlation, ratios with intervals and tests, one row a pair of scales.",
        )
    )


def entries(record: Record) -> Iterator[tuple[str, Found]]:
    """Level and what was found of its scales, lowest first."""
    found: Mapping[str, Found] = record.part("validate", "validity")
    for level in record.levels:
        if found.get(level):
            yield level, found[level]


def by_pair(rows: Any, first: str) -> dict[frozenset[str], Found]:
    """Rows by their two scales, whichever comes first."""
    return {frozenset((str(r[first]), str(r["with"]))): r for r in rows or ()}


def _matrix(record: Record, told: Found, most: int, indent: int) -> list[Row]:
    found: Found = told.get("discriminant") or {}
    extracted = {str(r["scale"]): r for r in found.get("extracted") or ()}
    related = by_pair(found.get("pairs"), "factor")
    ratios = by_pair((told.get("htmt") or {}).get("pairs"), "scale")
    rows = []
    for i, scale in enumerate(told["scales"]):
        cells = []
        for j, other in enumerate(told["scales"]):
            source, letter = (ratios, "b") if i > j else (related, "a")
            cells.append(bounds.marked(source.get(frozenset((scale, other)), {}).get("est"), letter))
        cells += [""] * (most - len(cells))
        lead = extracted.get(scale, {})
        rows.append(
            row(
                f"{i + 1}. {record.label(scale)}",
                *(bounds.marked(lead.get(name), "a") for name in ("cr", "omega", "ave")),
                *cells,
                indent=indent,
            )
        )
    return rows


def _pairs(record: Record, level: str, told: Found, *, several: bool) -> list[Row]:
    found, ratios = told["discriminant"], told.get("htmt") or {}
    first, second = by_pair(ratios.get("pairs"), "scale"), by_pair(ratios.get("pairs2"), "scale")
    holds = by_pair(found["fornell_larcker"], "factor")
    rows = [group(f"Scales of {record.many(level)}", len(PAIRS) + 1)] if several else []
    for one in found["pairs"]:
        names = str(one["factor"]), str(one["with"])
        key = frozenset(names)
        rows.append(
            row(
                " and ".join(record.label(name) for name in names),
                *_with_interval(one, "a"),
                *_with_interval(first.get(key, {}), "b"),
                *_with_interval(second.get(key, {}), "b"),
                numbers.number(one.get("chisq")),
                numbers.bounded(one.get("delta_cfi"), 3),
                _answer(holds.get(key) or {}),
                indent=int(several),
            )
        )
    return rows


def _answer(criterion: Found) -> str:
    """Yes or no; marked where variance extracted or the correlation is beyond its bound."""
    holds = criterion.get("holds")
    if holds is None:
        return numbers.MISSING
    compared = (criterion.get(name) for name in ("r2", "ave_factor", "ave_with"))
    return f"{'Yes' if holds else 'No'}{'^a^' if any(map(bounds.beyond, compared)) else ''}"


def _with_interval(told: Found, letter: str) -> tuple[str, str]:
    ends = told.get("ci_lower"), told.get("ci_upper")
    return bounds.marked(told.get("est"), letter), numbers.interval(*ends, name="r")


def _note(levels: list[tuple[str, Found]]) -> str:
    draws = [told["htmt"]["draws"] for _, told in levels if told.get("htmt")]
    tests = [one for _, told in levels for one in told["discriminant"]["pairs"]]
    known = [float(one["pvalue"]) for one in tests if one.get("pvalue") is not None]
    return sentences(
        "*r*: correlation of the two factors, with its interval on Fisher’s *z*, which keeps it between −1 "
        "and 1 (Browne, 1982).",
        f"HTMT, HTMT2 (Roemer et al., 2021): percentiles of {numbers.count(draws[0])} resamples."
        if draws
        else None,
        "Δχ², ΔCFI: what making the two factors one costs (Anderson & Gerbing, 1988).",
        "All Δχ² have *p* < .001." if all(p < 0.001 for p in known) else None,
        "A scaled difference that came out negative was taken as Satorra & Bentler (2010) do; a dash marks "
        "one that has no test."
        if any(one.get("chisq") is None for one in tests)
        else None,
        "*r*² < AVE: whether each scale shares more with its own items than with the other scale (Fornell & "
        "Larcker, 1981).",
    )
