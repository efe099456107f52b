"""Competing factor models: one factor, correlated factors, second order, bifactor, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = ("χ²", "*df*", "CFI", "RMSEA", "SRMR", "BIC", "Δχ²", "Δ*df*", "*p*", "ΔCFI")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
OUT_OF_BOUNDS = (
    "The solution is improper: a variance below zero (a Heywood case) or a correlation above 1. "
    f"{bounds.CAUSES} It must not be interpreted."
)
Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a scale with facets and one a level with several scales, one row a model."""
    sets = list(entries(record))
    if not sets:
        return None
    notes = list(
        dict.fromkeys(note for _, told in sets for model in told["models"] if (note := _note_of(model)))
    )
    marks = {note: LETTERS[i % len(LETTERS)] for i, note in enumerate(notes)}
    return drop_empty_columns(
        Table(
            id="competing",
            title="Competing Factor Models",
            header=(header("Items and model", *COLUMNS),),
            body=tuple(one for name, told in sets for one in _rows(name, told, marks)),
            widths=(2.8, 1.2, 0.6, 0.7, 0.8, 0.8, 1.3, 1.2, 0.6, 0.8, 0.8),
            general=_note(sets),
            specific=tuple(f"^{mark}^ {text}" for text, mark in marks.items()),
            alt="Fit of competing factor models and differences to the model before.",
        )
    )


def entries(record: Record) -> Iterator[tuple[str, Found]]:
    """What the models are of, in words, and what was found."""
    found: Mapping[str, Mapping[str, Found]] = record.part("validate", "structure")
    for scale, told in (found.get("scales") or {}).items():
        yield record.label(scale), told
    for level, told in (found.get("levels") or {}).items():
        yield f"All scales of {record.many(level)}", told


def _rows(name: str, told: Found, marks: Mapping[str, str]) -> list[Row]:
    differences = {one["wide"]: one for one in told["differences"]}
    rows = [_row(model, differences.get(model["kind"], {}), marks) for model in told["models"]]
    return [group(f"{name} (*n* = {numbers.count(told['n'])})", len(COLUMNS) + 1), *rows]


def _row(model: Found, difference: Found, marks: Mapping[str, str]) -> Row:
    fit: Found = model.get("fit") or {}
    note = _note_of(model)
    kind = str(model["kind"])
    return row(
        f"{kind[:1].upper()}{kind[1:]}" + (f"^{marks[note]}^" if note else ""),
        numbers.number(fit.get("chisq")),
        count(fit.get("df")),
        numbers.statistic("cfi", fit.get("cfi")),
        numbers.statistic("rmsea", fit.get("rmsea")),
        numbers.statistic("rmsea", fit.get("srmr")),
        numbers.number(model.get("bic")),
        numbers.number(difference.get("chisq")),
        count(difference.get("df")),
        numbers.p_value(difference.get("pvalue")),
        numbers.bounded(difference.get("delta_cfi"), 3),
        indent=1,
    )


def _note_of(model: Found) -> str | None:
    reason = model.get("reason")
    if reason:
        return _sentence(str(reason))
    return None if model.get("proper") else OUT_OF_BOUNDS


def _note(sets: list[tuple[str, Found]]) -> str:
    handling = {str(told["handling"]) for _, told in sets}
    reasons: Entries = [one for _, told in sets for one in told["differences"] if one.get("reason")]
    return sentences(
        f"Δ: a model beside {_beside(sets)}, by the scaled difference of χ² (Satorra & Bentler, 2001). CFI "
        "and RMSEA are robust. In a bifactor model every item has a general factor and, unrelated to "
        "it, that of its facet.",
        "Where more than 300 patterns of answers are missing, the models rest on means and covariances "
        "estimated over all rows: their tests are approximate and know no clusters."
        if "em" in handling
        else None,
        "A scaled difference that came out negative was taken as Satorra & Bentler (2010) do; a dash under "
        "Δχ² marks one that has no test."
        if reasons
        else None,
    )


def _beside(sets: list[tuple[str, Found]]) -> str:
    narrow = {str(one["narrow"]) for _, told in sets for one in told["differences"]}
    return "one factor" if narrow <= {"one factor"} else "the narrower model that it contains"


def _sentence(text: str) -> str:
    return markup.literal(f"{text[:1].upper()}{text[1:].rstrip('.')}.")
