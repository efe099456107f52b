"""The order of the Word document's blocks, by an estimate of its pages."""

from __future__ import annotations

import io
import re

import docx
import pytest
import recorded
from docx.oxml.ns import qn
from sample_report import minimal, png, row, spanned

from pipeline.reporting import numbering, word_pages
from pipeline.reporting.paper import on_paper
from pipeline.reporting.values import Document, Figure, Heading, Paragraph, Table
from pipeline.reporting.word import word_bytes
from pipeline.reporting.word_pages import Sheet, arranged

LETTER = Sheet(width=468.0, height=648.0, across=648.0)
WORDS = Paragraph("Words of the text. " * 40)
TALL = Table("tall", "T", (row("a", "b"),), (row("c", ".1"),) * 22, (1.0, 1.0))


def order(document: Document) -> tuple[int, ...]:
    return arranged(document, LETTER).order


def test_text_moves_ahead_of_a_table_that_does_not_fit() -> None:
    document = minimal(Heading("Part", 1), WORDS, TALL, WORDS, WORDS)
    assert order(document)[:4] == (0, 1, 3, 2)


def test_what_fits_stays() -> None:
    document = minimal(Heading("Part", 1), WORDS, spanned(), WORDS)
    assert order(document) == (0, 1, 2, 3)


def test_nothing_leaves_its_chapter() -> None:
    document = minimal(Heading("Part", 1), WORDS, TALL, Heading("Next", 1), WORDS)
    assert order(document) == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("lines", [0, 8, 11, 14])
def test_a_figure_is_never_set_below_three_quarters_of_its_size(lines: int) -> None:
    text = Paragraph("Words of the text. " * 4 * lines or "x")
    picture = Figure("f", "F", "A picture.", png(8, 6), note="So it is.")
    now = arranged(minimal(Heading("Part", 1), text, picture), LETTER)
    assert 0.75 <= now.size(2) <= 1


@pytest.mark.parametrize("study", ["demo", "army-climate"])
def test_tables_and_figures_rise_by_number_and_are_called_out_before(study: str) -> None:
    document = on_paper(recorded.document(study))
    now = arranged(document, LETTER)
    assert sorted(now.order) == list(range(len(document.blocks)))
    for kind in (Table, Figure):
        placed = [number for number in now.order if isinstance(document.blocks[number], kind)]
        assert placed == sorted(placed)
    floats = [number for number in now.order if isinstance(document.blocks[number], Table | Figure)]
    assert all(
        now.order.index(text) < now.order.index(number)
        for number in floats
        for text in range(number)
        if isinstance(document.blocks[text], Paragraph)
    )


def test_captions_in_the_file_rise_with_their_labels() -> None:
    document = recorded.document("army-climate")
    made = docx.Document(io.BytesIO(word_bytes(document)))
    captions = [it for it in made.paragraphs if it.style is not None and it.style.name == "Caption"]
    told = ["".join(it.text or "" for it in one._p.iter(qn("w:t"))) for one in captions]
    labels = [label.text for label in numbering.label(document).values()]
    for kind in ("Table", "Figure"):
        found = [match[0] for it in told if (match := re.match(rf"{kind} \d+", it))]
        assert found == [it for it in labels if it.startswith(kind)]


def test_an_estimate_of_lines_holds_for_running_text() -> None:
    document = minimal(*[Paragraph("x " * 30) for _ in range(46)])
    _, spots = (
        None,
        word_pages._laid(
            [
                (number, tuple(word_pages._strips(block, LETTER, False)))
                for number, block in enumerate(document.blocks)
            ],
            [False] * 46,
            LETTER.height,
            0.0,
        ),
    )
    assert [sum(1 for start, _ in spots.values() if start[0] == page) for page in (1, 2)] == [23, 23]
