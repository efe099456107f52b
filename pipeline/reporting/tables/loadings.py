"""Items of each scale: mean, spread, item-rest correlation, and loading on the scale's one factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import (
    count,
    drop_empty_columns,
    group,
    header,
    listed,
    row,
    sentences,
    spanners,
)
from pipeline.reporting.values import Row, Table

COLUMNS = ("*n*", "*M*", "*SD*", "*r*~item-rest~", "α if dropped", "λ", "*SE*")


def table(record: Record) -> Table | None:
    """All scales that were scored from items, one group a scale."""
    items: Mapping[str, Any] = record.part("validate", "items")
    scales = [scale for scale in items if items[scale]]
    if not scales:
        return None
    body: list[Row] = []
    for scale in scales:
        body.append(group(record.label(scale), len(COLUMNS) + 1))
        body += [_row(record, scale, item) for item in items[scale]]
    laid = Table(
        id="loadings",
        title="Items, Item Statistics, and Standardized Factor Loadings",
        header=(spanners(6, ("Factor loading", 2)), header("Item", *COLUMNS)),
        body=tuple(body),
        widths=(4.6, 0.9, 0.8, 0.8, 1.0, 1.0, 0.8, 0.8),
        general=_note(record, scales),
        specific=(*_specific(record, scales), *bounds.note(body, "c")),
        alt="Item statistics and standardized loadings, grouped by scale.",
    )
    return drop_empty_columns(laid)


def item_name(record: Record, scale: str, item: Mapping[str, Any]) -> str:
    """An item's wording where its licence lets it be shown, otherwise its number and id; plain text."""
    instrument = record.declared.get("instruments", {}).get(scale, {})
    told = (instrument.get("items") or {}).get(item["item"], {})
    text = item.get("text") or told.get("text")
    number = f"{told['number']}. " if told.get("number") else ""
    if text and (instrument.get("licence") or {}).get("wording_may_be_shipped"):
        return f"{number}{text}"
    return f"{number}{item['item']}"


def is_reversed(record: Record, scale: str, item: str) -> bool:
    """Whether the item's codes were turned round before scoring."""
    return item in (record.part("score", "scales").get(scale, {}).get("reversed") or ())


def _row(record: Record, scale: str, item: Mapping[str, Any]) -> Row:
    name = markup.literal(item_name(record, scale, item))
    if is_reversed(record, scale, item["item"]):
        name += "^a^"
    elif item["item"] in (record.part("score", "scales").get(scale, {}).get("already_reversed") or ()):
        name += "^b^"
    loading = _loading(record, scale, item)
    return row(
        name,
        count(item.get("n")),
        numbers.number(item.get("mean")),
        numbers.number(item.get("sd")),
        numbers.statistic("r", item.get("item_rest")),
        numbers.statistic("alpha", item.get("alpha_if_dropped")),
        bounds.marked(loading[0], "c"),
        numbers.bounded(loading[1]),
        indent=1,
    )


def _loading(record: Record, scale: str, item: Mapping[str, Any]) -> tuple[Any, Any]:
    factor = record.part("validate", "factor").get(scale) or {}
    if item.get("loading") is not None:
        return item["loading"], item.get("se")
    rows: Entries = factor.get("loadings") or ()
    found = [row for row in rows if row.get("item") == item["item"]]
    return (found[0].get("std"), found[0].get("std_se")) if found else (None, None)


def _note(record: Record, scales: list[str]) -> str:
    withheld = [scale for scale in scales if not _shows_wording(record, scale)]
    return sentences(
        "*r*~item-rest~ is the correlation of an item with the sum of the others; λ is the standardized "
        f"loading on one factor a scale ({_estimators(record, scales)}), its standard error robust"
        f"{_clusters(record, scales)}.",
        "Items without wording belong to instruments whose licence does not let it be reprinted or whose "
        "wording the export does not hold."
        if withheld
        else None,
    )


def _estimators(record: Record, scales: list[str]) -> str:
    factor = record.part("validate", "factor")
    used = {(factor.get(scale) or {}).get("estimator") for scale in scales}
    if "WLSMV" not in used:
        return "maximum likelihood"
    return "WLSMV" if len(used) == 1 else "maximum likelihood, or WLSMV where the table of fit says so"


def _clusters(record: Record, scales: list[str]) -> str:
    factor = record.part("validate", "factor")
    found = [(factor.get(scale) or {}).get("cluster") for scale in scales]
    words = listed(record.many(str(upper)) for upper in dict.fromkeys(found) if upper)
    return f" and with regard to clusters of {words}" if words else ""


def _shows_wording(record: Record, scale: str) -> bool:
    return any(
        item_name(record, scale, item).rpartition(". ")[2] != item["item"]
        for item in record.part("validate", "items")[scale]
    )


def _specific(record: Record, scales: list[str]) -> tuple[str, ...]:
    told = [record.part("score", "scales").get(scale, {}) for scale in scales]
    notes = []
    if any(scale.get("reversed") for scale in told):
        notes.append("^a^ Reverse-keyed; statistics are for the item as scored.")
    if any(scale.get("already_reversed") for scale in told):
        notes.append("^b^ Reverse-keyed, and already turned round in the export.")
    return tuple(notes)
