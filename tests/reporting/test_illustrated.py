"""Words with a picture beside them, in each of the three formats."""

from __future__ import annotations

import io
from dataclasses import replace

import docx
import pytest
import recorded
from lxml import html as lxml_html
from sample_report import minimal, png, typst_source

from pipeline.reporting import numbering, pdf
from pipeline.reporting.html import write_html
from pipeline.reporting.numbering import DocumentError
from pipeline.reporting.values import Figure, Illustrated, Paragraph
from pipeline.reporting.word import word_bytes

ALT = "Estimate 0.12, right of no relation."
FOUND = Illustrated("**H1: supported.** Higher support.", Figure("finding_1", "H1", ALT, png(60, 16)))
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def test_the_page_has_the_picture_beside_its_words_and_no_number() -> None:
    page = lxml_html.document_fromstring(write_html(minimal(FOUND)))
    (beside,) = page.xpath("//div[@class='beside']")
    assert beside.xpath("string(p)") == "H1: supported. Higher support."
    assert beside.xpath(".//img/@alt") == [ALT]
    assert page.xpath("//figcaption") == []
    assert dict(numbering.label(minimal(FOUND))) == {}


def test_word_has_both_in_one_row_that_stays_on_its_page() -> None:
    word = docx.Document(io.BytesIO(word_bytes(minimal(FOUND, replace(FOUND, text="Other words.")))))
    assert [len(table.rows) for table in word.tables] == [1, 1]
    words, picture = word.tables[0].rows[0].cells
    assert words.text == "H1: supported. Higher support."
    assert picture.text == ""
    (properties,) = picture._element.xpath(".//wp:docPr")
    assert properties.get("descr") == ALT
    assert word.tables[0]._element.findall(f".//{W}cantSplit")
    assert word.tables[0]._element.findall(f".//{W}tblBorders") == []


def test_the_typesetter_gets_words_picture_and_alt() -> None:
    source = typst_source(minimal(FOUND))
    assert 'file: "finding_1.png"' in source
    assert f'alt: "{ALT}"' in source


def test_a_picture_without_words_for_it_is_refused() -> None:
    silent = replace(FOUND, figure=replace(FOUND.figure, alt=" "))
    with pytest.raises(DocumentError, match="figure 'finding_1' has no text for readers"):
        write_html(minimal(silent))


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_each_hypothesis_of_a_study_has_its_words_and_its_picture(study: str) -> None:
    blocks = recorded.document(study).blocks
    found = [block for block in blocks if isinstance(block, Illustrated)]
    names = [str(h["id"]) for h in recorded.record(study).hypotheses if h.get("est") is not None]
    assert [block.text.partition(":")[0].lstrip("*") for block in found] == names
    assert all(
        block.figure.alt.startswith(f"{name}: higher ") for block, name in zip(found, names, strict=True)
    )
    assert all("interval from" in block.figure.alt for block in found)
    compact = [block.text for block in blocks if isinstance(block, Paragraph) and block.compact]
    assert any(text.startswith("**What to do with it.**") for text in compact) == bool(names)


def test_the_pdf_is_made_with_the_picture() -> None:
    content, lacking = pdf.pdf_bytes(minimal(FOUND))
    assert content.startswith(b"%PDF")
    assert not lacking
