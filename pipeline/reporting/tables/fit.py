"""Fit of the factor models: one factor a scale, and correlated facets where a scale has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = ("*n*", "χ²", "*df*", "*p*", "CFI", "TLI", "RMSEA", "90% CI", "SRMR")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
Model = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a scale, one row a model; a model that did not converge has dashes and a note."""
    models = list(_models(record))
    if not models:
        return None
    marks = _marks(models)
    laid = Table(
        id="fit",
        title="Fit of the Factor Models of Each Scale",
        header=(header("Scale and model", *COLUMNS),),
        body=tuple(_body(record, models, marks)),
        widths=(2.9, 0.9, 1.1, 0.6, 0.9, 0.75, 0.75, 0.9, 1.4, 0.8),
        general=_note(models),
        specific=tuple(f"^{mark}^ {text}" for text, mark in marks.items()),
        alt="Chi-square and fit indices of the factor models of each scale.",
    )
    return drop_empty_columns(laid)


def _models(record: Record) -> Iterator[tuple[str, str, Model]]:
    factor: Mapping[str, Any] = record.part("validate", "factor")
    for scale, found in factor.items():
        if found and "converged" in found:
            yield scale, "One factor", found
        if found and found.get("facets"):
            yield scale, "Correlated facets", found["facets"]


def _body(record: Record, models: list[tuple[str, str, Model]], marks: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    heading = None
    for scale, name, model in models:
        if scale != heading:
            rows.append(group(record.label(scale), len(COLUMNS) + 1))
        heading = scale
        note = _specific(model)
        rows.append(_row(f"{name}^{marks[note]}^" if note else name, model))
    return rows


def _row(name: str, model: Model) -> Row:
    shown = model if model.get("converged") else {"n": model.get("n")}
    interval = numbers.interval(shown.get("rmsea_lower"), shown.get("rmsea_upper"))
    return row(
        name,
        count(shown.get("n")),
        numbers.number(shown.get("chisq")),
        count(shown.get("df")),
        numbers.p_value(shown.get("pvalue")),
        numbers.statistic("cfi", shown.get("cfi")),
        numbers.statistic("tli", shown.get("tli")),
        numbers.statistic("rmsea", shown.get("rmsea")),
        interval,
        numbers.statistic("srmr", shown.get("srmr")),
        indent=1,
    )


def _specific(model: Model) -> str | None:
    """What has to be said of one model."""
    told = model.get("warning") or model.get("no_test")
    if not told:
        return None
    words = markup.literal(str(told)[:1].upper() + str(told)[1:])
    return words if words.endswith(".") else f"{words}."


def _marks(models: list[tuple[str, str, Model]]) -> dict[str, str]:
    notes = dict.fromkeys(note for _, _, model in models if (note := _specific(model)))
    return {note: LETTERS[i % len(LETTERS)] for i, note in enumerate(notes)}


def _note(models: list[tuple[str, str, Model]]) -> str:
    programs = dict.fromkeys(str(model["program"]) for _, _, model in models if model.get("program"))
    notes = dict.fromkeys(str(model["note"]) for _, _, model in models if model.get("note"))
    return sentences(
        f"Maximum likelihood on the rows with every item ({markup.literal(', '.join(programs))})."
        if programs
        else None,
        "CFI = comparative fit index; TLI = Tucker-Lewis index; RMSEA = root mean square error of "
        "approximation; SRMR = standardized root mean square residual.",
        *(f"Each is {markup.literal(note)}." for note in notes),
    )
