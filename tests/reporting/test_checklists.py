from __future__ import annotations

import pytest
import recorded

from pipeline.reporting import checklists, markup
from pipeline.reporting.compose import compose_report
from pipeline.reporting.values import Figure, Table
from pipeline.stages.report import OWN_TEMPLATE


def status(study: str, found: dict | None = None) -> dict[tuple[str, str], str]:
    return {
        (one["list"], one["item"]): one["status"]
        for one in checklists.filled(found or recorded.results(study))
    }


@pytest.mark.parametrize(
    ("study", "item", "expected"),
    [
        ("demo", ("jars", "flow"), checklists.MET),
        ("demo", ("jars", "prior"), checklists.NOT_MET),
        ("demo", ("jars", "ethics"), checklists.AUTHOR),
        ("demo", ("agrema", "order"), checklists.NOT_MET),
        ("demo", ("agrema", "levels"), checklists.MET),
        ("demo", ("agrema", "confounders"), checklists.MET),
        ("army-climate", ("agrema", "confounders"), checklists.NOT_MET),
        ("plain", ("strobe", "linked"), checklists.NOT_APPLICABLE),
    ],
)
def test_items_are_judged_by_what_the_results_hold(study, item, expected) -> None:
    assert status(study)[item] == expected


def test_an_item_is_not_met_once_what_it_asks_for_is_gone() -> None:
    found = recorded.results("demo")
    del found["stages"]["model"]["results"]["indirect"]
    assert status("demo", found)["agrema", "effects"] == checklists.NOT_MET


def test_every_item_has_a_rule_and_its_own_name() -> None:
    items = checklists._asset()["items"]
    assert {item["rule"] for item in items} <= set(checklists.RULES)
    assert len({(item["list"], item["id"]) for item in items}) == len(items)
    assert all(item.get("of") for item in items if item["rule"] == "has")


def test_each_list_is_a_table_that_links_to_what_is_placed() -> None:
    blocks = recorded.document("demo").blocks
    placed = {block.id for block in blocks if isinstance(block, Table | Figure)}
    tables = [
        block for block in blocks if isinstance(block, Table) and block.id.startswith(checklists.PREFIX)
    ]
    assert [table.id for table in tables] == ["checklist_jars", "checklist_agrema", "checklist_strobe"]
    linked = {name for table in tables for row in table.body for name in markup.references(row.cells[2].text)}
    assert linked <= placed
    assert {"flow", "paths", "indirect"} <= linked


def test_a_section_that_leaves_a_table_out_takes_its_links_along() -> None:
    template = OWN_TEMPLATE.read_text(encoding="utf-8")
    own = {"method.md.j2": "# Method\n\nOurs.\n"}
    document = compose_report(recorded.results("demo"), template, own).document
    tables = [block for block in document.blocks if isinstance(block, Table)]
    assert "flow" not in [table.id for table in tables]
    assert not [
        name
        for table in tables
        for row in table.body
        for name in markup.references(row.cells[-1].text)
        if name == "flow"
    ]
