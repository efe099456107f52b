"""Mixed models that do not split within and between, for comparison with the model by level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import group, header, listed, row, sentences
from pipeline.reporting.values import Row, Table

SLOPE_DECIMALS = 3
COLUMNS = ("*B*", "*SE*", "CI", "*z*", "*p*")


def table(record: Record) -> Table | None:
    """One row a predictor, one group an outcome; None where no model was fitted."""
    models = [one for one in _models(record) if one.get("paths")]
    if not models:
        return None
    ci = f"{numbers.confidence(record.confidence)} CI"
    return Table(
        id="undecomposed",
        title="Mixed Model That Does Not Split Within and Between",
        header=(header("Predictor", *(ci if name == "CI" else name for name in COLUMNS)),),
        body=tuple(one for model in models for one in _rows(record, model)),
        widths=(3.6, 1.0, 1.0, 1.8, 0.9, 0.9),
        general=_note(record, models),
        alt="Slopes of a mixed model with random intercepts whose predictors are not split by level.",
    )


def _models(record: Record) -> Entries:
    found: Entries = record.part("model", "undecomposed") or ()
    return found


def _rows(record: Record, model: Mapping[str, Any]) -> list[Row]:
    head = group(f"Outcome: {record.label(str(model['outcome']))}", len(COLUMNS) + 1)
    return [head, *(_row(record, slope) for slope in model["paths"])]


def _row(record: Record, slope: Mapping[str, Any]) -> Row:
    return row(
        record.label(str(slope["predictor"])),
        numbers.number(slope["est"], SLOPE_DECIMALS),
        numbers.number(slope["se"], SLOPE_DECIMALS),
        numbers.interval(slope["ci_lower"], slope["ci_upper"], SLOPE_DECIMALS),
        numbers.number(slope["z"]),
        numbers.p_value(slope["pvalue"]),
        indent=1,
    )


def _note(record: Record, models: Entries) -> str:
    return sentences(
        "Random intercepts, predictors as they are, maximum likelihood: what a mixed-model program fits to "
        "“outcome ~ predictors + (1 | cluster)”. Scores that are only described enter as well. A slope is an "
        "average of the one within and the one between clusters, weighted by their precision (Raudenbush & "
        "Bryk, 2002), and estimates neither where the two differ. It is shown for comparison and is not "
        "interpreted.",
        *(_sample(record, model) for model in models),
    )


def _sample(record: Record, model: Mapping[str, Any]) -> str:
    found: Mapping[str, Any] = model["equation"]
    units = listed([f"{numbers.count(n)} {record.many(level)}" for level, n in found["clusters"].items()])
    return f"*N* = {numbers.count(found['n'])} in {units}."
