"""Fit of the path model as a whole, and of each of its levels alone; the other measurement beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = ("χ²", "*df*", "*p*", "CFI", "TLI", "RMSEA", "90% CI", "SRMR~W~", "SRMR~B~")
ONE_LEVEL = (*COLUMNS[:-2], "SRMR")
NO_CHISQ = (
    "A χ² below zero is none: one of the two models that it compares did not reach its best solution, as "
    "happens where a solution is improper. Nothing in this row can be interpreted."
)
HIGH_TLI = "The TLI is not bound to 0 to 1; above 1 it says no more than 1.00 does (χ² lies below its *df*)."
HIGH = 1.005
Fit = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a model, one row the whole and one each level; None where no model can be judged."""
    models = dict(_models(record))
    if not any(fit.get("df") for fit in models.values()):
        return None
    columns = COLUMNS if record.is_clustered else ONE_LEVEL
    body = tuple(one for name, fit in models.items() for one in _body(record, name, fit))
    laid = Table(
        id="model_fit",
        title="Fit of the Path Model",
        header=(header("Model", *columns),),
        body=body,
        widths=(2.9, 1.1, 0.6, 0.9, 0.75, 0.75, 0.9, 1.3, *((0.9,) * (len(columns) - 7))),
        general=_note(record, models),
        specific=bounds.note(body, "a", NO_CHISQ),
        alt="Chi-square and fit indices of the path model.",
    )
    return drop_empty_columns(laid)


def model_name(kind: str) -> str:
    """What a model of the path is called in a table."""
    names = {
        "latent": "Scale scores, latent means",
        "decomposed": "Scale scores, manifest means",
        "flat": "Scale scores",
        "latent_variables": "Latent variables",
    }
    return names.get(kind, kind)


def _models(record: Record) -> Iterator[tuple[str, Fit]]:
    main: Mapping[str, Any] = record.stage("model")
    other: Mapping[str, Any] = record.part("model", "other")
    for model, role in ((main, "main model"), (other, "for comparison")):
        if model.get("fit"):
            yield f"{model_name(str(model['kind']))} ({role})", model["fit"]


def _body(record: Record, name: str, fit: Fit) -> list[Row]:
    both = (fit.get("srmr_within"), fit.get("srmr_between")) if record.is_clustered else (fit.get("srmr"),)
    whole = _row("Both levels" if record.is_clustered else "Whole model", fit, fit["shown"], both)
    parts = [
        _row(f"{record.level_words(str(one['level']))} alone", one, one, _srmr(one))
        for one in fit.get("levels") or ()
    ]
    return [group(name, 8 + len(both)), whole, *parts]


def _srmr(one: Fit) -> tuple[float | None, float | None]:
    return (one["srmr"], None) if one["level"] == "within" else (None, one["srmr"])


def _row(name: str, tested: Fit, shown: Fit, srmr: tuple[float | None, ...]) -> Row:
    return row(
        name,
        numbers.number(shown.get("chisq")) + "^a^" * ((shown.get("chisq") or 0) < -bounds.LEAST),
        count(tested.get("df")),
        numbers.p_value(shown.get("pvalue")),
        numbers.statistic("cfi", shown.get("cfi")),
        numbers.statistic("tli", shown.get("tli")),
        numbers.statistic("rmsea", shown.get("rmsea")),
        numbers.interval(shown.get("rmsea_lower"), shown.get("rmsea_upper")),
        *(numbers.statistic("srmr", one) for one in srmr),
        indent=1,
    )


def _note(record: Record, models: Mapping[str, Fit]) -> str:
    fits = list(models.values())
    notes = dict.fromkeys(str(text) for fit in fits for text in fit.get("notes") or ())
    return sentences(
        "χ² is scaled and CFI, TLI, and RMSEA are robust (Yuan & Bentler, 2000; Brosseau-Liard & Savalei, "
        "2014): these are the ones to read, and the only ones printed. results.json holds those of normal "
        "theory beside them."
        if any(fit["kind"] == "scaled and robust" for fit in fits)
        else None,
        "Rows of one level alone leave the other level unrestricted, because a level with far more data "
        "hides the misfit of the other (Ryu & West, 2009); they are of normal theory."
        if any(fit.get("levels") for fit in fits)
        else None,
        "A model with *df* = 0 is saturated: it fits whatever the data are, and its fit cannot be judged."
        if any(not fit.get("df") for fit in fits)
        else None,
        HIGH_TLI if any((fit["shown"].get("tli") or 0) >= HIGH for fit in fits) else None,
        "SRMR~W~ and SRMR~B~ are those within and between clusters." if record.is_clustered else None,
        *(_criteria(name, fit) for name, fit in models.items()),
        "AIC and BIC compare models of the same variables only: not scale scores with latent variables."
        if len(fits) > 1
        else None,
        *(f"{markup.literal(note[:1].upper() + note[1:])}." for note in notes),
    )


def _criteria(name: str, fit: Fit) -> str:
    return (
        f"{name}: {count(fit['npar']).text} free parameters, AIC = {numbers.number(fit['aic'])}, BIC = "
        f"{numbers.number(fit['bic'])}."
    )
