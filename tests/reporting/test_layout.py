from __future__ import annotations

from dataclasses import replace

import pytest
from sample_report import flow, group, long_table, matrix, row, spanned

from pipeline.reporting import layout
from pipeline.reporting.layout import SOURCE_SANS, TIMES
from pipeline.reporting.values import Cell, Details, Heading, Paragraph, Row, Table

WIDE_DIGITS = SOURCE_SANS.widths["0"]


def column(*texts: str) -> Table:
    body = tuple(Row((Cell("stub", align="left"), Cell(text))) for text in texts)
    return Table("t", "T", (row("a", "b"),), body, (2.0, 1.0))


def places(*texts: str) -> list[layout.Placed | None]:
    placed = layout.place_decimals(column(*texts), SOURCE_SANS)
    return [placed.get((number, 1)) for number in range(len(texts))]


@pytest.mark.parametrize("face", [SOURCE_SANS, TIMES])
@pytest.mark.parametrize(
    "texts",
    [
        (".44***", "−.36***", ".02", "−.10*"),
        ("3.17", "10.85", "1,234.50", "812"),
        ("< .001", ".078", ".8"),
        (".88^a^", ".9"),
    ],
)
def test_decimal_points_stand_under_each_other(face, texts):
    table = column(*texts)
    points = set()
    for (number, _), place in layout.place_decimals(table, face).items():
        characters = list(face.characters(table.body[number].cells[1].text))
        text = "".join(character for character, _ in characters)
        point = text.index(".") if "." in text else len(text)
        after = sum(width for _, width in characters[point:])
        points.add(round(place.block - place.after - after, 3))
    assert len(points) == 1


def test_intervals_agree_in_both_points():
    texts = ("[.74, .82]", "[−.21, −.10]", "[−.19, .01]", "[10.06, 10.64]")
    found = places(*texts)
    seconds = set()
    for text, place in zip(texts, found, strict=True):
        second = text.rindex(".")
        seconds.add(round(SOURCE_SANS.width(text[:second]) + place.gap + _lead(text, place), 3))
    assert len(seconds) == 1
    assert len({place.block for place in found}) == 1


def _lead(text: str, place: layout.Placed) -> float:
    return place.block - place.after - place.gap - SOURCE_SANS.width(text)


@pytest.mark.parametrize("text", ["—", "", "95% CI", "not converged", "1–5", "1 2 3", "LS1", "2024-06-11"])
def test_what_is_no_number_is_left_alone(text):
    assert places(text, ".44")[0] is None


def test_widths_of_digits_are_those_of_the_face():
    from fontTools.ttLib import TTFont

    from pipeline.reporting import fonts

    font = TTFont(fonts._find("SourceSansPro-Regular.ttf"))
    names, widths = font.getBestCmap(), font["hmtx"]
    listed = {it: width for it, width in SOURCE_SANS.widths.items() if ord(it) in names}
    assert {it: widths[names[ord(it)]][0] / 1000 for it in listed} == pytest.approx(listed, abs=0.01)


def test_a_column_gets_its_longest_number_from_columns_with_room():
    table = column("[−0.695, −0.113]", ".1")
    grid = layout.fit(replace(table, widths=(20.0, 1.0)), SOURCE_SANS, 30.0, 0.7)
    assert grid.scale == 1.0
    assert grid.shares[1] * 30.0 >= SOURCE_SANS.width("[−0.695, −0.113]") + 0.7
    assert sum(grid.shares) == pytest.approx(1.0)


def test_type_shrinks_when_even_the_least_widths_do_not_fit():
    assert layout.fit(matrix(40), SOURCE_SANS, 52.0, 0.7).scale < 1.0
    assert layout.fit(matrix(12), SOURCE_SANS, 72.0, 0.7).scale == 1.0


def test_a_table_that_would_be_too_small_upright_lies_wide():
    assert layout.is_wide(matrix(24))
    assert not layout.is_wide(matrix(20))


@pytest.mark.parametrize(("table", "dense"), [(matrix(24), True), (matrix(20), True), (flow(), False)])
def test_a_table_in_small_type_asks_for_all_the_width(table, dense):
    assert layout.is_dense(table) == dense


def test_type_shrinks_so_that_names_of_rows_stand_in_fewer_lines():
    cells = ["[−0.123, 0.456]"] * 5
    name = "Leader support → Alliance → Belonging → Functioning"
    table = Table("t", "T", (row("Path", *cells),), (row(name, *cells),), (1.0,) * 6)
    large, small = (layout.fit(table, TIMES, 46.8, 0.7, least) for least in (1.0, 0.8))
    assert large.deepest > small.deepest == 2
    assert 0.8 <= small.scale < large.scale == 1.0


def test_the_first_column_gets_what_columns_of_numbers_do_not_need():
    name = "Leader support → Alliance → Belonging"
    table = Table("t", "T", (row("Path", "B", "p"),), (row(name, "0.12", ".04"),), (1.0, 2.0, 2.0))
    grid = layout.fit(table, TIMES, 30.0, 0.7)
    assert grid.deepest == 1
    assert grid.shares[0] > 0.5
    assert sum(grid.shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "room", "count"),
    [
        ("word " * 10, 200.0, 1),
        ("mmmm mmmm", 3.2, 2),
        ("mmmm-mmmm", 3.6, 2),
        ("m" * 10, 3.2, 3),
        ("", 5.0, 1),
    ],
    ids=["one line", "at a space", "after a hyphen", "inside a long word", "nothing"],
)
def test_lines_are_counted_as_text_breaks(text, room, count):
    assert layout.lines(text, TIMES, room) == count


@pytest.mark.parametrize(
    ("name", "columns", "wide"),
    [("A long name " * 20, 9, True), ("A long name " * 20, 6, False), ("A", 9, False)],
)
def test_names_of_rows_that_many_columns_press_lie_wide(name, columns, wide):
    cells = ["[−0.123, 0.456]"] * 3 + ["0.12"] * (columns - 3)
    table = Table("t", "T", (row("Path", *cells),), (row(name, *cells),), (2.0, *[1.0] * columns))
    assert layout.is_wide(table) == wide


def test_a_table_that_runs_over_landscape_pages_too_stands_upright():
    cells = ["[−0.123, 0.456]"] * 3 + ["0.12"] * 6
    name = "A long name " * 16
    short, long = (
        Table("t", "T", (row("Path", *cells),), (row(name, *cells),) * rows, (2.0, *[1.0] * 9))
        for rows in (3, 30)
    )
    assert (layout.is_wide(short), layout.is_wide(long)) == (True, False)


def test_shrunk_columns_still_hold_their_words():
    table, padding = matrix(30), 0.7
    grid = layout.fit(table, TIMES, 46.8, padding)
    assert grid.scale < 1
    for share, word in zip(grid.shares, layout._least(table, TIMES), strict=True):
        assert share * 46.8 >= word * grid.scale + padding - 1e-9


def test_lines_grow_with_rows_and_wrapping():
    short, tall = (layout.fit(long_table(n), SOURCE_SANS, 52.0, 0.7).lines for n in (10, 70))
    assert tall > short > 10


def test_stub_and_text_are_aligned_by_place():
    _, body = layout.settle(spanned(), SOURCE_SANS)
    assert [it.align for it in body[0].cells] == ["left"]
    assert [it.align for it in body[1].cells] == ["left", "center", "center", "center", "center"]
    assert [it.place is None for it in body[-1].cells] == [True, True, False, False, False]


def test_a_wide_table_takes_its_headings_and_details_to_its_page():
    text, wide = Paragraph("x"), matrix()
    heads = (Heading("A", 1), Heading("B", 2))
    blocks = (text, *heads, wide, Details("d", ()), text, flow())
    assert list(layout.sheets(blocks, range(len(blocks)))) == [
        (False, (0,)),
        (True, (1, 2, 3, 4)),
        (False, (5, 6)),
    ]
    assert [lies for lies, _ in layout.sheets(blocks, (0, 5, 6, 1, 2, 3, 4))] == [False, True]


def test_group_rows_reach_over_the_stub():
    table = replace(spanned(), body=(group("G", 5), *spanned().body))
    _, body = layout.settle(table, SOURCE_SANS)
    assert body[0].group
    assert body[0].cells[0].align == "left"
