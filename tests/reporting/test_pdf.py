from __future__ import annotations

import json
import random
import re
import zlib
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_report import (
    INJECTIONS,
    SCRIPTS,
    flow,
    long_table,
    matrix,
    minimal,
    png,
    report,
    spanned,
    typst_source,
)

from pipeline.reporting import fonts, pdf, pdf_source
from pipeline.reporting.markup import clean, literal
from pipeline.reporting.numbering import DocumentError
from pipeline.reporting.pagination import Spots
from pipeline.reporting.pdf import PAPER, pdf_bytes, write_pdf
from pipeline.reporting.pdf_source import Source
from pipeline.reporting.values import Block, Bullets, Document, Figure, Heading, Paragraph, Table


@pytest.fixture(scope="module")
def made() -> tuple[bytes, tuple[str, ...]]:
    return pdf_bytes(report())


def inflated(content: bytes) -> str:
    """Return the objects of a PDF, its compressed streams opened."""
    found = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(found).decode("latin-1")


def evaluated(source: str, selector: str) -> list[str]:
    """Let Typst run the source and tell the text of the elements."""
    paths = list(fonts.font_files())
    found = typst.query(source.encode(), selector, font_paths=paths)
    return [text_of(element) for element in json.loads(found)]


def text_of(value: object) -> str:
    """Return the text of what Typst tells about an element, without the places where a word may break."""
    if isinstance(value, list):
        return "".join(map(text_of, value))
    if not isinstance(value, dict):
        return ""
    if value.get("func") == "space":
        return " "
    text = value.get("text", "")
    own = text if isinstance(text, str) else text_of(text)
    return (
        own + text_of(value.get("children")) + text_of(value.get("body")) + text_of(value.get("child"))
    ).replace("\u200b", "")


def test_the_pdf_is_tagged_to_the_standard(made):
    text = inflated(made[0])
    assert made[0].startswith(b"%PDF-1.7")
    assert "pdfuaid" in text
    assert re.search(r"pdfuaid:part[>=\"']*1", text)
    assert "/StructTreeRoot" in text
    for tag in (
        "/Table",
        "/TH",
        "/TD",
        "/THead",
        "/TFoot",
        "/Figure",
        "/Caption",
        "/H1",
        "/H2",
        "/L",
        "/Link",
    ):
        assert re.search(rf"/S\s*{tag}\b", text), tag
    assert "Leader support to alliance." in text


def test_every_letter_of_the_sample_can_be_shown(made):
    assert made[1] == ()


def test_the_same_report_gives_the_same_bytes(made, tmp_path):
    assert write_pdf(report(), tmp_path / "report.pdf") == ()
    assert (tmp_path / "report.pdf").read_bytes() == made[0]


def test_only_the_shipped_faces_are_used(made):
    families = set(re.findall(r"/BaseFont\s*/[A-Z]{6}\+(\w+)", inflated(made[0])))
    assert families
    assert all(name.startswith(("SourceSans", "SourceSerif", "DejaVuSans")) for name in families)


def test_wide_tables_lie_on_landscape_pages(made):
    boxes = re.findall(r"/MediaBox\s*\[0 0 (\d+)(?:\.0)? (\d+)(?:\.0)?\]", inflated(made[0]))
    assert {("612", "792"), ("792", "612")} == set(boxes)
    assert boxes.count(("792", "612")) == 1


@pytest.mark.parametrize(
    "text", [*INJECTIONS, *SCRIPTS, "A_label_without_any_space_" * 5, "a\\", '"', "\\u{41}", "#", "//"]
)
def test_hostile_and_foreign_text_comes_out_as_typed(text):
    source = typst_source(minimal(Heading(literal(text), 1), banner=None))
    assert evaluated(source, "heading.where(level: 1)") == [text]


def test_markup_becomes_calls_of_typst():
    source = typst_source(minimal(Heading("a *b* **c** d^2^ e~1~ [@flow] [f](https://x.org)", 1), flow()))
    assert evaluated(source, "heading")[0] == "a b c d2 e1 Table 1 f"
    assert '#link("https://x.org")' in source
    assert "#link(<table_1>)" in source


def test_a_picture_without_alternative_text_is_refused_by_us_and_by_the_standard():
    with pytest.raises(DocumentError, match="no text for readers"):
        pdf_bytes(minimal(Figure("f", "F", " ", png())))
    drawing = r'"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>"'
    source = f'#set document(title: "t")\n#image(bytes({drawing}))'.encode()
    with pytest.raises(typst.TypstError, match="alt"):
        typst.compile(source, format="pdf", pdf_standards=["ua-1"])


def test_a_picture_that_is_no_png_is_refused():
    with pytest.raises(DocumentError, match="'f': its picture is not a PNG"):
        pdf_bytes(minimal(Figure("f", "F", "alt", b"GIF89a" + bytes(30))))


def test_letters_that_no_face_shows_become_boxes_and_are_told():
    content, missing = pdf_bytes(minimal(Paragraph("a \U00010d00 b \U00010d01")))
    assert missing == ("\U00010d00", "\U00010d01")
    assert content.startswith(b"%PDF")
    source = typst_source(minimal(Paragraph("x")), missing)
    assert "U+10D00, U+10D01" in source


def test_a_computer_without_faces_for_a_script_still_makes_a_pdf(monkeypatch):
    compiler = typst.Compiler
    monkeypatch.setattr(
        typst, "Compiler", lambda main, **options: compiler(main, **(options | {"ignore_system_fonts": True}))
    )
    content, missing = pdf_bytes(minimal(Paragraph("我的同事")))
    assert missing == tuple(sorted("我的同事"))
    assert content.startswith(b"%PDF")


def test_errors_of_another_kind_are_not_hidden(monkeypatch):
    monkeypatch.setattr(pdf_source, "_opening", lambda document, labels: ["#nonsense()"])
    with pytest.raises(typst.TypstError, match="unknown variable"):
        pdf_bytes(minimal(Paragraph("x")))


def test_short_tables_are_kept_whole_and_long_ones_break():
    source = typst_source(report())
    assert re.findall(r'#data-table\(\d+, "(\w+)".*?whole: (\w+)', source, re.DOTALL) == [
        ("table_1", "true"),
        ("table_2", "true"),
        ("table_3", "false"),
        ("table_4", "true"),
    ]


def in_chapters(seed: int, count: int) -> Document:
    """Chapters of text with tables that fit on a page and tables that do not."""
    chance = random.Random(seed)
    blocks: list[Block] = []
    for number in range(count):
        blocks += [Heading(f"Part {number}", 1), Paragraph("Words of the text. " * chance.choice((10, 90)))]
        blocks += [replace(long_table(chance.choice((3, 12, 24, 55))), id=f"t{number}")]
        blocks += [Paragraph("More words. " * chance.choice((5, 60)))] * chance.choice((0, 1, 3))
    return minimal(*blocks)


def laid_out(document: Document) -> tuple[Source, Spots]:
    with pdf._workplace(document) as main:
        press = pdf.Press(main, system_fonts=False)
        source = press.laid_out(Source.of(document))
        return source, press.places(source)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_rise_and_nothing_leaves_its_chapter(seed):
    source, spots = laid_out(in_chapters(seed, 6))
    blocks = source.document.blocks
    tables = [spots[number] for number, block in enumerate(blocks) if isinstance(block, Table)]
    assert len(tables) == 6
    assert all(end <= start for (_, end), (start, _) in pairwise(tables))
    chapters = list(accumulate(isinstance(block, Heading) for block in blocks))
    assert [chapters[number] for number in source.order] == chapters
    told = [spots[number] for number in source.order if number in spots]
    assert all(end <= start for (_, end), (start, _) in pairwise(told))


def test_text_fills_the_page_before_what_does_not_fit():
    words = [Paragraph("Words of the text. " * 60)] * 3
    tall = replace(long_table(30), id="tall")
    document = minimal(Heading("Part", 1), *words, tall, *words, banner=None)
    source, spots = laid_out(document)
    place = source.order.index(4)
    assert place > 4
    (page, _), (end, foot) = spots[source.order[place - 1]]
    assert page == 1
    assert end == 2 or foot > PAPER.bottom - 50
    assert spots[4][0][0] == 2


def test_no_page_before_a_wide_table_holds_a_line_or_two():
    words = [Paragraph("Words of the text. " * 20)] * 12
    document = minimal(Heading("Part", 1), *words, Paragraph("One line."), matrix(), *words)
    source, spots = laid_out(document)
    wide = source.order.index(14)
    page, foot = spots[source.order[wide - 1]][1]
    assert foot > PAPER.bottom - 90
    assert spots[14][0][0] == page + 1


def test_a_long_table_starts_where_it_can_show_some_rows():
    words = [Paragraph("Words of the text. " * 60)] * 5
    for lines in range(0, 200, 25):
        filler = Paragraph("Words of the text. " * lines or "x")
        _, spots = laid_out(minimal(*words, filler, long_table(70)))
        (page, start), (last, _) = spots[6]
        assert last > page
        assert start < PAPER.bottom - 140, lines


def test_entries_of_a_reference_list_hang():
    assert typst_source(report()).count("par(hanging-indent:") == 1


def test_groups_head_their_rows():
    assert typst_source(minimal(spanned(), flow())).count("table.header(level: 2") == 2


def test_direction_and_language_reach_typst():
    source = typst_source(
        minimal(Paragraph(SCRIPTS[1]), Bullets((SCRIPTS[1],)), language="ar-EG", banner=None)
    )
    assert 'language: "ar", region: "EG"' in source
    assert "direction: rtl" in source
    assert source.count("set text(dir: rtl)") == 2


def test_a_tall_picture_leaves_room_for_its_caption():
    source = typst_source(minimal(replace(report().blocks[-4], png=png(8, 60))))
    share = float(re.search(r"width: ([\d.]+)%", source.split("#picture(")[-1])[1])
    assert share / 100 * 468 * 60 / 8 <= 431


def test_the_last_rows_of_a_table_go_along_with_its_notes():
    called = typst_source(minimal(long_table(), banner=None)).split("#data-table(")[1]
    rows, last = called.split("rows: (")[1].split("last: (")
    assert [part.split("#details")[0].count("table.cell(") for part in (rows, last)] == [2 * 68, 2 * 2]


def test_a_letter_that_no_face_shows_leaves_its_neighbours_alone():
    content, missing = pdf_bytes(minimal(Heading("x\U0001f3fbx", 1), banner=None))
    assert content.startswith(b"%PDF")
    assert missing in {(), ("\U0001f3fb",)}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_any_text_can_be_set(texts):
    blocks = [Heading(f"x{literal(text)}x", 1) for text in texts]
    content, _ = pdf_bytes(minimal(*blocks, banner=None))
    assert content.startswith(b"%PDF")
    source = typst_source(minimal(*blocks, banner=None))
    said = evaluated(source, "heading.where(level: 1)")
    assert said[-len(texts) :] == [f"x{clean(text)}x".replace("\u200b", "") for text in texts]
