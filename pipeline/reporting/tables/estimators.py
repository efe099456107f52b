"""Every factor model by both estimators, with the one to read marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.prose import estimators
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import count, drop_empty_columns, group, header, row, sentences
from pipeline.reporting.values import Row, Table

COLUMNS = ("*n*", "χ²", "*df*", "*p*", "CFI", "TLI", "RMSEA", "SRMR", "λ")
Model = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """Two rows a model; None where no model has both."""
    models = [one for one in estimators.models(record) if one[2].get("beside")]
    if not models:
        return None
    body = tuple(_body(record, models))
    laid = Table(
        id="estimators",
        title="Each Factor Model by Both Estimators",
        header=(header("Model and estimator", *COLUMNS),),
        body=body,
        widths=(3.0, 0.9, 1.1, 0.6, 0.9, 0.75, 0.75, 0.9, 0.8, 1.3),
        general=_note(record, models),
        specific=(
            "^a^ The estimator to read: chosen by the answers, or declared.",
            *bounds.note(body, "b"),
        ),
        alt="Chi-square, fit indices and range of loadings of each factor model by two estimators.",
    )
    return drop_empty_columns(laid)


def _body(record: Record, models: list[tuple[str, str, Model]]) -> Iterator[Row]:
    for name, kind, model in models:
        yield group(f"{estimators.title(record, name)}: {kind}", len(COLUMNS) + 1)
        yield _row(f"{model['estimator']}^a^", model)
        yield _row(str(model["beside"]["estimator"]), model["beside"])


def _row(name: str, model: Model) -> Row:
    lowest, highest = estimators.range_of_loadings(model)
    return row(
        name,
        count(model.get("n")),
        numbers.number(model.get("chisq")),
        count(model.get("df")),
        numbers.p_value(model.get("pvalue")),
        numbers.statistic("cfi", model.get("cfi"), 3),
        numbers.statistic("tli", model.get("tli"), 3),
        numbers.statistic("rmsea", model.get("rmsea"), 3),
        numbers.statistic("srmr", model.get("srmr"), 3),
        numbers.MISSING if lowest is None else f"{numbers.bounded(lowest)} to {bounds.marked(highest, 'b')}",
        indent=1,
    )


def _note(record: Record, models: list[tuple[str, str, Model]]) -> str:
    both = [told for _, _, model in models for told in (model, model["beside"])]
    return sentences(
        "MLR takes answers as numbers (maximum likelihood with robust errors), WLSMV as ordered categories "
        "(polychoric correlations).",
        estimators.indices_to_read(both),
        estimators.clusters_ignored(record, both),
        estimators.completely_at_random(both),
        "λ: smallest and largest standardized loading. CFI, TLI, RMSEA, SRMR: as in the table of fit.",
    )
