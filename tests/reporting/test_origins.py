"""Under every table stands how it was made: stage, input hash, seed, formula and options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
import recorded
from lxml import html as lxml_html

from pipeline.reporting import markup, origins
from pipeline.reporting.codebook import compose_codebook
from pipeline.reporting.formulas import ORIGINS, origin_of
from pipeline.reporting.html import write_html
from pipeline.reporting.values import Details, Document, Table
from pipeline.stages.validate import OPTIONS

# What is only counted, or only compared word for word, has no options to choose.
COUNTED = {"unlinked", "clusters", "instruments", "files", "changes", "deviations"}
STAGES = {"ingest", "screen", "score", "validate", "model", "report"}


def told(document: Document) -> Iterator[tuple[Table, tuple[tuple[str, str], ...]]]:
    """Each table with how it was made, whether the template placed that or the table brings it."""
    for block, after in pairwise((*document.blocks, None)):
        if isinstance(block, Table):
            yield block, after.rows if isinstance(after, Details) else block.how


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_every_table_says_how_it_was_made(study: str) -> None:
    results = recorded.results(study)
    hashes = {
        sha[:16] for stage in results["stages"].values() for sha in (stage.get("inputs") or {}).values()
    }
    seen = set()
    for table, rows in told(recorded.document(study)):
        names = [name for name, _ in rows]
        assert names[:2] == ["Stage", "Input"], table.id
        assert {"Seed", "Formula"} <= set(names), table.id
        stage = dict(rows)["Stage"]
        assert stage in STAGES
        assert set(re.findall("SHA-256 ([0-9a-f]{16})…", " ".join(value for _, value in rows))) <= hashes
        seed = results["stages"].get(stage, {}).get("seed")
        assert dict(rows)["Seed"] == (str(seed) if seed is not None else "none: nothing is drawn at random")
        has_options = set(names) - {"Stage", "Input", "Seed", "Formula", "Options"}
        assert bool(has_options) != (table.id in COUNTED or table.id.startswith("checklist_")), table.id
        seen.add(table.id)
    assert {"flow", "paths", "indirect", "files", "checklist_jars"} <= seen


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_no_full_stop_stands_before_a_semicolon(study: str) -> None:
    for table, rows in told(recorded.document(study)):
        line = "; ".join(f"{name}: {markup.plain(value)}" for name, value in rows)
        assert not re.search(r"\.[.;]", line), table.id
        assert all(value.strip() and value != "—" for _, value in rows), table.id


def test_a_table_of_the_codebook_says_so_too() -> None:
    tables = dict(told(compose_codebook(recorded.results("demo"), {})))
    assert len(tables) >= 5
    assert all(
        {"Stage", "Input", "Seed", "Formula", "Factor model"} <= set(dict(it)) for it in tables.values()
    )


def test_the_page_folds_it_under_every_table() -> None:
    tree = lxml_html.document_fromstring(write_html(recorded.document("demo")))
    figures = tree.xpath("//figure[.//table]")
    assert len(figures) >= 30
    for figure in figures:
        (found,) = figure.xpath("./details[@class='how'] | ./following-sibling::*[1][self::details]")
        assert found.get("open") is None
        assert "Formula" in [it.text_content() for it in found.xpath("./dl/dt")]


@pytest.mark.parametrize(
    ("table", "stage"),
    [("paths", "model"), ("items_alliance", "validate"), ("checklist_jars", "report"), ("nothing", None)],
)
def test_where_a_table_comes_from(table: str, stage: str | None) -> None:
    found = origin_of(table)
    assert (found and found.stage) == stage


def test_every_option_that_is_named_exists() -> None:
    later = {"irt", "irt_precision", "dif", "mantel_haenszel", "dmacs", "published", "waba"}
    named = {name for it in ORIGINS.values() for name in it.options}
    assert named - set(OPTIONS) - set(origins.GROUPS) <= later
