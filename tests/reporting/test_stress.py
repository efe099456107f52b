"""Reports of unusual studies: many scales, two, none clustered, long names, other scripts, hostile words."""

from __future__ import annotations

import copy
import io
import re
from functools import cache
from typing import Any

import docx
import pytest
import recorded
from lxml import html as lxml_html
from sample_report import typst_source

from pipeline.reporting import numbering, pdf
from pipeline.reporting.html import write_html
from pipeline.reporting.markup import plain
from pipeline.reporting.values import Document, Table
from pipeline.reporting.word import word_bytes
from pipeline.stages.report import compose

GREEK, ARABIC, CHINESE = "Υποστήριξη της ομάδας", "دعم الفريق", "团队支持"
LONG = "Perceived support of the immediate supervisor in the most recent quarter of the programme " * 2
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://x.org")',
    "@SUM(A1)",
    "{{ 7*7 }}{% raw %}",
    '#eval("1+1") $x^2$ \\\\ *b* [@paths]',
)


def renamed(study: str, title: str) -> dict[str, Any]:
    """A study whose title, variables and levels all carry the same words."""
    found = recorded.results(study)
    found["title"] = found["declared"]["question"] = title
    for told in found["declared"]["variables"].values():
        told["title"] = title
    for told in found["declared"]["instruments"].values():
        told["title"] = title
    return found


def with_scales(count: int) -> dict[str, Any]:
    """The army study about climate with as many scales in its descriptives and correlations."""
    found = recorded.results("army-leadership")
    told = found["stages"]["validate"]["results"]
    first = next(iter(told["descriptives"]))
    names = [f"scale_{number}" for number in range(1, count + 1)]
    for name in names:
        found["declared"]["variables"][name] = copy.deepcopy(found["declared"]["variables"][first])
        found["declared"]["variables"][name]["title"] = f"Scale {name[6:]} of the questionnaire"
    told["descriptives"] = {name: copy.deepcopy(told["descriptives"][first]) for name in names}
    matrix = [[1.0 if i == j else 0.3 for j in names] for i in names]
    counts = [[100 for _ in names] for _ in names]
    kept = told["correlations"]
    told["correlations"] = kept | {"names": names, "levels": dict.fromkeys(names, kept["level"])}
    for kind in ("total", "within", "between"):
        if kept.get(kind) is not None:
            told["correlations"] |= {kind: matrix, f"n_{kind}": counts, f"p_{kind}": matrix}
    return found


def words(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(it.text for it in document.paragraphs), *cells])


@pytest.mark.parametrize("count", [2, 12])
def test_a_study_of_few_or_many_scales_is_laid_out(count) -> None:
    document = compose(with_scales(count))
    table = next(it for it in document.blocks if isinstance(it, Table) and it.id == "correlations")
    assert len(table.body) == count
    assert {sum(cell.span for cell in row.cells) for row in (*table.header, *table.body)} == {
        len(table.widths)
    }
    heads = lxml_html.document_fromstring(write_html(document)).xpath("//figure[@id]//table")
    assert heads
    assert "Scale 2 of the questionnaire" in words(word_bytes(document))


def test_a_study_without_clusters_says_nothing_of_levels() -> None:
    document = recorded.document("plain")
    said = " ".join(plain(text) for _, text in numbering.texts(document))
    assert "Within" not in {plain(block.title) for block in document.blocks if isinstance(block, Table)}
    assert "Which Level Answers Which Question" not in said
    assert words(word_bytes(document))


@cache
def document_named(title: str) -> Document:
    return compose(renamed("army-climate", title))


SCRIPTS = f"{GREEK} {ARABIC} {CHINESE}"
WORST = " ".join(HOSTILE)


@pytest.mark.parametrize("title", [SCRIPTS, LONG.strip()])
def test_names_in_any_script_and_length_reach_all_three_formats(title) -> None:
    document = document_named(title)
    assert title in lxml_html.document_fromstring(write_html(document)).xpath("string(//h1)")
    assert title in words(word_bytes(document))
    assert title in typst_source(document)


@pytest.mark.slow
@pytest.mark.parametrize("title", [SCRIPTS, LONG.strip(), WORST])
def test_a_pdf_is_made_of_any_names(title) -> None:
    content, _ = pdf.pdf_bytes(document_named(title))
    assert content.startswith(b"%PDF")


def test_hostile_words_stay_words_on_the_page_and_in_word() -> None:
    document = document_named(WORST)
    page = write_html(document)
    tree = lxml_html.document_fromstring(page)
    assert tree.xpath("string(//h1)").replace("\xa0", " ") == WORST
    assert not tree.xpath("//main//script | //main//img[@onerror] | //main//*[@onerror or @onload]")
    assert page.count("<script") == 1
    assert WORST in words(word_bytes(document)).replace("\xa0", " ")


def test_hostile_words_are_strings_to_the_typesetter() -> None:
    source = typst_source(document_named(WORST))
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', source[source.index("#show: report.with") :])
    assert not [word for word in ("eval", "HYPERLINK", "<script", "7*7") if word in outside]
