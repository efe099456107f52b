"""Reporting checklists filled from results.json: met, with the table to look at; not met; or for the author.

The items, in the project's own words, stand in `assets/checklists.json`, each with the name of a rule below.
They follow JARS-Quant with its module on structural equation models (Appelbaum et al., 2018), AGReMA (Lee et
al., 2021) and the flow items of STROBE (von Elm et al., 2007). `stages/report` writes what `filled` returns
into results.json; `compose` sets `tables`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

from pipeline.reporting import markup
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import header, stub
from pipeline.reporting.values import Block, Row, Table

PREFIX = "checklist_"
MET, NOT_MET, AUTHOR, NOT_APPLICABLE = "met", "not met", "for the author", "not applicable"
Item = Mapping[str, Any]


def filled(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every item with its status and the ids of the tables and figures that show it."""
    record = Record(results)
    return [
        {"list": item["list"], "item": item["id"], "status": status, "see": list(item.get("see", ()))}
        for item in _asset()["items"]
        for status in [RULES[item["rule"]](record, item)]
    ]


def tables(record: Record, shown: Iterable[str]) -> list[Table]:
    """One table a checklist; an item that is met links to what is shown of it."""
    known, asset = set(shown), _asset()
    texts = {(item["list"], item["id"]): str(item["item"]) for item in asset["items"]}
    rows: dict[str, list[Row]] = {}
    for one in filled(record.results):
        see = [f"[@{name}]" for name in one["see"] if name in known and one["status"] == MET]
        text = markup.literal(texts[one["list"], one["item"]])
        cells = (stub(text), stub(one["status"].capitalize()), stub(", ".join(see)))
        rows.setdefault(one["list"], []).append(Row(cells))
    return [_table(name, title, rows[name]) for name, title in asset["lists"].items()]


def linked(body: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks with links of checklists to what a study's own text leaves out taken away."""
    placed = {block.id for block in body if hasattr(block, "id")}
    return tuple(
        replace(block, body=tuple(_kept(row, placed) for row in block.body))
        if isinstance(block, Table) and block.id.startswith(PREFIX)
        else block
        for block in body
    )


def has(record: Record, item: Item) -> str:
    """Met where the results hold everything that the item names."""
    return MET if all(_at(record.results, path) for path in item["of"]) else NOT_MET


def author(record: Record, item: Item) -> str:  # noqa: ARG001
    """What no program can know."""
    return AUTHOR


def waves(record: Record, item: Item) -> str:  # noqa: ARG001
    """Met where the variables of the path come from at least two waves."""
    return MET if len(record.declared.get("waves") or ()) > 1 else NOT_MET


def covariates(record: Record, item: Item) -> str:  # noqa: ARG001
    """Met where an equation has a covariate."""
    return (
        MET if any(row.get("role") == "covariate" for row in record.part("model", "paths") or ()) else NOT_MET
    )


def levels(record: Record, item: Item) -> str:  # noqa: ARG001
    """Met where the model has both levels; without clusters there is nothing to tell apart."""
    if len(record.levels) < 2:
        return NOT_APPLICABLE
    return MET if record.is_clustered else NOT_MET


def links(record: Record, item: Item) -> str:  # noqa: ARG001
    """Met where the score stage counted links; without levels above there are none."""
    if len(record.levels) < 2:
        return NOT_APPLICABLE
    found: Mapping[str, Any] = record.part("score", "levels")
    return MET if any(told.get("linked") for told in found.values()) else NOT_MET


RULES: Mapping[str, Callable[[Record, Item], str]] = {
    "has": has,
    "author": author,
    "waves": waves,
    "covariates": covariates,
    "levels": levels,
    "linked": links,
}


def _table(name: str, title: str, rows: Sequence[Row]) -> Table:
    return Table(
        id=f"{PREFIX}{name}",
        title=title,
        header=(header("Item", "Status", "Where"),),
        body=tuple(rows),
        widths=(4.6, 1.3, 1.9),
        general="The wording is this project’s own. Met and not met are decided by the program from "
        "results.json: that something is reported, not that it is good. The rest only the author can tell.",
        alt="One row an item: whether it is met, and where.",
    )


def _kept(row: Row, placed: set[str]) -> Row:
    *first, last = row.cells
    names = [name for name in markup.references(last.text) if name in placed]
    return replace(row, cells=(*first, replace(last, text=", ".join(f"[@{name}]" for name in names))))


def _at(results: Mapping[str, Any], path: str) -> Any:
    found: Any = results
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


@cache
def _asset() -> Mapping[str, Any]:
    file = resources.files("pipeline.reporting") / "assets" / "checklists.json"
    found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found
