"""Loadings of the sample beside those that the literature of an instrument reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose.references import in_text
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import group, header, listed, row, sentences, spanners
from pipeline.reporting.values import Row, Table

VERDICTS = {
    "equal": "the same factor",
    "fair": "a factor of fair similarity",
    "different": "not the same factor",
}
Found = Mapping[str, Any]


def tables(record: Record) -> list[Table]:
    """One table a scale whose instrument states published loadings."""
    return [_table(record, scale, told) for scale, told in entries(record).items()]


def entries(record: Record) -> dict[str, Found]:
    """Scale -> comparison, where there is one."""
    found: Mapping[str, Found | None] = record.part("validate", "published")
    return {scale: told for scale, told in found.items() if told}


def words(record: Record, scale: str, told: Found) -> str:
    """Congruence of each factor, in a sentence or two."""
    source = in_text(str(told["citation"]))
    names = {one["factor"]: factor_name(record, scale, str(one["factor"])) for one in told["factors"]}
    if len(told["factors"]) == 1:
        one = told["factors"][0]
        return (
            f"The one factor of {record.phrase(scale)} and that published ({source}) have a congruence of "
            f"{numbers.bounded(one['phi'])}: {VERDICTS[one['verdict']]}."
        )
    pairs = listed(
        f"{names[one['factor']]} {numbers.bounded(one['phi'])} ({VERDICTS[one['verdict']]})"
        for one in told["factors"]
    )
    return (
        f"The factors of {record.phrase(scale)}, rotated towards those published ({source}), have "
        f"congruences of {pairs}."
    )


def factor_name(record: Record, scale: str, factor: str) -> str:
    """The title of the facet that a factor is named after, else its name."""
    facets: Found = (record.declared.get("instruments", {}).get(scale) or {}).get("facets") or {}
    return markup.literal(str(facets.get(factor, factor.replace("_", " ").capitalize())))


def _note(told: Found) -> str:
    sample = f", {markup.literal(str(told['sample']))}" if told.get("sample") else ""
    several = len(told["factors"]) > 1
    return sentences(
        f"Published: {in_text(str(told['citation']))}{sample}. Sample: minimum residuals"
        f"{', rotated towards the published loadings' if several else ''}, *n* = {numbers.count(told['n'])}. "
        "Tucker’s coefficient: .85 to .94 fair similarity, .95 and more the same factor (Lorenzo-Seva & ten "
        "Berge, 2006).",
        "An item without a published loading on a factor counts as 0 there." if several else None,
    )


def _table(record: Record, scale: str, told: Found) -> Table:
    factors = [str(one["factor"]) for one in told["factors"]]
    columns = ("Published", "Sample") * len(factors)
    over = spanners(1, *((factor_name(record, scale, name), 2) for name in factors))
    return Table(
        id=f"published_{scale}",
        title=f"Loadings of {record.label(scale)} Beside Those Published",
        header=(over, header("Item", *columns)) if len(factors) > 1 else (header("Item", *columns),),
        body=(
            *(_row(item, factors) for item in told["items"]),
            group("Congruence", len(columns) + 1),
            row("Tucker’s coefficient", *_coefficients(told)),
        ),
        widths=(2.4, *(1.0 for _ in columns)),
        general=_note(told),
        alt=f"Published loadings of {record.title(scale)} and those of the sample.",
    )


def _row(item: Found, factors: list[str]) -> Row:
    cells = [numbers.number(item[kind][name]) for name in factors for kind in ("published", "sample")]
    return row(markup.literal(str(item["item"])), *cells)


def _coefficients(told: Found) -> list[str]:
    return [text for one in told["factors"] for text in (numbers.MISSING, numbers.bounded(one["phi"]))]
