"""Fit of the factor models: one factor a scale, and correlated facets where a scale has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose import estimators
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import (
    count,
    drop_empty_columns,
    group,
    header,
    listed,
    row,
    sentences,
)
from pipeline.reporting.values import Row, Table

COLUMNS = ("*n*", "χ²", "*df*", "*p*", "CFI", "TLI", "RMSEA", "90% CI", "SRMR")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
Model = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a scale, one row a model; what has no fit has dashes and a note.

    None where no model has degrees of freedom: `untested` then says so.
    """
    models = list(_models(record))
    if all(model.get("no_test") for _, _, model in models):
        return None
    marks = _marks(models)
    laid = Table(
        id="fit",
        title="Fit of the Factor Models of Each Scale",
        header=(header("Scale and model", *COLUMNS),),
        body=tuple(_body(record, models, marks)),
        widths=(2.9, 0.9, 1.1, 0.6, 0.9, 0.75, 0.75, 0.9, 1.4, 0.8),
        general=_note(record, models),
        specific=tuple(f"^{mark}^ {text}" for text, mark in marks.items()),
        alt="Chi-square and fit indices of the factor models of each scale.",
    )
    return drop_empty_columns(laid)


def untested(record: Record) -> str:
    """The sentence in place of a table in which no model could be tested; empty where there is a table."""
    models = list(_models(record))
    if not models or not all(model.get("no_test") for _, _, model in models):
        return ""
    scales = listed(dict.fromkeys(record.phrase(scale) for scale, _, _ in models))
    return f"There is no table of fit for {scales}. {_specific(models[0][2])}"


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
        words = f"{name} (WLSMV)" if model.get("estimator") == "WLSMV" else name
        rows.append(_row(f"{words}^{marks[note]}^" if note else words, model))
    return rows


def _row(name: str, model: Model) -> Row:
    shown = model if model.get("converged") else {"n": model.get("n")}
    interval = numbers.interval(shown.get("rmsea_lower"), shown.get("rmsea_upper"))
    return row(
        name,
        count(shown.get("n")),
        numbers.number(shown.get("chisq")),
        count(0 if shown.get("no_test") else shown.get("df")),
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
    told = " ".join(str(model[name]) for name in ("warning", "no_test") if model.get(name))
    if not told:
        return None
    words = markup.literal(told[:1].upper() + told[1:])
    return words if words.endswith(".") else f"{words}."


def _marks(models: list[tuple[str, str, Model]]) -> dict[str, str]:
    notes = dict.fromkeys(note for _, _, model in models if (note := _specific(model)))
    return {note: LETTERS[i % len(LETTERS)] for i, note in enumerate(notes)}


def _note(record: Record, models: list[tuple[str, str, Model]]) -> str:
    told = [model for _, _, model in models]
    notes = dict.fromkeys(str(model["note"]) for model in told if model.get("note"))
    return sentences(
        estimators.fit_note(told),
        "Rows that lack some answers count with those that they have (full information)."
        if any(model.get("missing_answers") == "fiml" for model in told)
        else None,
        _clusters(record, told),
        "CFI = comparative fit index; TLI = Tucker-Lewis index; RMSEA = root mean square error of "
        "approximation; SRMR = standardized root mean square residual.",
        *(f"{markup.literal(note[:1].upper() + note[1:])}." for note in notes),
        _two_programs(record, models),
    )


def _clusters(record: Record, models: list[Model]) -> str | None:
    """Which clusters errors and test allow for, and how many rows are in none that is known."""
    uppers = dict.fromkeys(str(model["cluster"]) for model in models if model.get("cluster"))
    if not uppers:
        return None
    words = listed(record.many(upper) for upper in uppers)
    lost = max((model.get("left_out") or {}).get("no cluster", 0) for model in models)
    unknown = f"; rows in none that is known are left out ({count(lost).text} at most)" if lost else ""
    whose = " of MLR" if any(model.get("estimator") == "WLSMV" for model in models) else ""
    return f"Errors and test{whose} allow for clusters of {words}{unknown}."


def _two_programs(record: Record, models: list[tuple[str, str, Model]]) -> str | None:
    """How far a second program lies from the first, over all models, and which have none."""
    asked = [(scale, name, model["second_opinion"]) for scale, name, model in models if _opinion(model)]
    found = [opinion for _, _, opinion in asked if opinion.get("program")]
    none = [(f"{record.phrase(k)} ({name.lower()})", o) for k, name, o in asked if not o.get("program")]
    parts = []
    if found:
        estimates, chisq = (
            max(float(o[f"largest_difference_{what}"]) for o in found) for what in ("estimates", "chisq")
        )
        program = markup.literal(listed(dict.fromkeys(str(o["program"]) for o in found)))
        parts.append(
            f"Two programs, {program} beside this pipeline, by maximum likelihood on the rows with every "
            f"item: largest difference of a standardized estimate {_gap(estimates, 5)}, of χ² "
            f"{_gap(chisq, 4)} ({numbers.count(len(found))} models)."
        )
    parts += [
        f"Second opinion on {name}: none, because {markup.literal(str(opinion.get('reason')))}."
        for name, opinion in none
    ]
    return sentences(*parts) or None


def _opinion(model: Model) -> bool:
    return bool(model.get("second_opinion")) and bool(model.get("converged"))


def _gap(value: float, decimals: int) -> str:
    least = 10.0**-decimals
    return f"below {least:.{decimals}f}" if value < least else f"{value:.{decimals}f}"
