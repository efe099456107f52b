from __future__ import annotations

from dataclasses import replace

import pytest
from sample_report import flow, minimal, png, report, row, spanned

from pipeline.reporting import numbering
from pipeline.reporting.numbering import DocumentError
from pipeline.reporting.values import Cell, Details, Figure, Heading, Paragraph, Row

FIGURE = Figure("f", "F", "alt", png())

WRONG = {
    "refers to [@flwo], and no table or figure has that id (did you mean [@flow]?)": (
        Paragraph("[@flwo]"),
        flow(),
    ),
    "table 'flow' refers to [@x]": (replace(flow(), general="see [@x]"),),
    "the details that starts 'how' refers to [@y]": (Details("how", (("a", "[@y]"),)),),
    "the id 'flow' is given to 2": (flow(), flow()),
    "the id '1 x' must start with a letter": (replace(flow(), id="1 x"),),
    "body row 2: its cells span 4 columns, the table has 3": (
        replace(flow(), body=(*flow().body[:1], row("a", "b", "c", "d"))),
    ),
    "header row 1: its cells span 2 columns": (replace(flow(), header=(row("a", "b"),)),),
    "body row 1: its cells span 0 columns": (
        replace(flow(), body=(Row((Cell("a", span=0), Cell("b", span=3))),)),
    ),
    "table 'flow' has no rows": (replace(flow(), body=()),),
    "table 'flow' has no header": (replace(flow(), header=()),),
    "a column without width": (replace(flow(), widths=(1.0, 0.0, 1.0)),),
    "figure 'f' has no text for readers": (replace(FIGURE, alt=" "),),
    "figure 'f' has width 1.5": (replace(FIGURE, width=1.5),),
    "the heading 'A' has level 2; at most level 1 can": (Heading("A", 2),),
    "the heading 'C' has level 3; at most level 2 can": (Heading("B", 1), Heading("C", 3), Heading("D", 2)),
    "the heading 'H' has level 4": (Heading("H", 4),),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_set_is_refused_in_words(message):
    with pytest.raises(DocumentError) as caught:
        numbering.label(minimal(*WRONG[message]))
    assert message in str(caught.value)


def test_everything_wrong_is_told_at_once():
    with pytest.raises(DocumentError) as caught:
        numbering.label(minimal(Paragraph("[@a]"), Heading("H", 0), replace(FIGURE, alt="")))
    assert str(caught.value).count("\n  - ") == 3


def test_tables_and_figures_are_numbered_apart_by_appearance():
    labels = numbering.label(report())
    assert {name: label.text for name, label in labels.items()} == {
        "flow": "Table 1",
        "items": "Table 2",
        "loadings": "Table 3",
        "paths": "Table 4",
        "diagram": "Figure 1",
        "density": "Figure 2",
    }


def test_anchors_of_headings_are_unique():
    blocks = (Heading("Paths", 1), Heading("*Paths*", 2), Heading("Ευρήματα", 1), spanned(), flow())
    anchors = [anchor for _, anchor in numbering.contents(minimal(*blocks))]
    assert anchors == ["s-paths", "s-paths--2", "s-section"]
