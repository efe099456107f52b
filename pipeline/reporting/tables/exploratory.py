"""Loadings of the exploratory factor analyses: where a scale has facets or more than one factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds
from pipeline.reporting.tables.build import drop_empty_columns, group, header, listed, row, sentences
from pipeline.reporting.tables.dimensions import entries
from pipeline.reporting.tables.loadings import item_name
from pipeline.reporting.values import Row, Table

Found = Mapping[str, Any]


def table(record: Record) -> Table | None:
    """One group a scale, one row an item, one column a factor."""
    found = {scale: told["efa"] for scale, told in entries(record).items() if told.get("efa")}
    if not found:
        return None
    most = max(int(told["factors"]) for told in found.values())
    columns = [*(f"F{k}" for k in range(1, most + 1)), "*h*²"]
    body = tuple(one for scale, told in found.items() for one in _rows(record, scale, told, most))
    return drop_empty_columns(
        Table(
            id="exploratory",
            title="Exploratory Factor Loadings",
            header=(header("Item", *columns),),
            body=body,
            widths=(4.6, *(0.9 for _ in columns)),
            general=_note(record, found),
            specific=bounds.note(body, "a"),
            alt="Rotated loadings of the items of each scale on its exploratory factors.",
        )
    )


def _rows(record: Record, scale: str, told: Found, most: int) -> list[Row]:
    rows = [group(record.label(scale), most + 2)]
    for item in told["loadings"]:
        loads = [numbers.number(item.get(f"F{k}")) for k in range(1, most + 1)]
        name = markup.literal(item_name(record, scale, item))
        rows.append(row(name, *loads, bounds.marked(item["communality"], "a"), indent=1))
    return rows


def _note(record: Record, found: Mapping[str, Found]) -> str:
    heywood = [record.phrase(scale) for scale, told in found.items() if told.get("warnings")]
    failed = [record.phrase(scale) for scale, told in found.items() if not told.get("converged", True)]
    return sentences(
        "Minimum residual extraction, oblimin rotation, as many factors as a scale has facets or, if that is "
        "more, as parallel analysis finds. *h*² is the share of an item’s variance that the factors explain.",
        *(_congruence(record, scale, told) for scale, told in found.items()),
        *(_general(record, scale, told) for scale, told in found.items()),
        f"In {listed(heywood)} nothing of some item is left unexplained, a sign of too many factors."
        if heywood
        else None,
        f"The solution of {listed(failed)} did not converge." if failed else None,
    )


def _congruence(record: Record, scale: str, told: Found) -> str | None:
    found = told.get("congruence") or ()
    if not found:
        return None
    facets: Found = (record.declared.get("instruments", {}).get(scale) or {}).get("facets") or {}
    pairs = listed(
        f"{one['factor']} with {markup.literal(str(facets.get(one['facet'], one['facet'])))} "
        f"{numbers.bounded(one['phi'])}"
        for one in found
    )
    return (
        f"Congruence of the factors of {record.phrase(scale)} with the facets declared for it, 1 being the "
        f"same pattern (Tucker’s coefficient): {pairs}."
    )


def _general(record: Record, scale: str, told: Found) -> str | None:
    found: Found = told.get("general") or {}
    share = found.get("explained_common_variance")
    if share is None:
        return None
    return (
        f"A general factor above those of {record.phrase(scale)} explains {numbers.percent(share)} of what "
        "its items have in common (Schmid & Leiman, 1957)."
    )
