from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_report import INJECTIONS, SCRIPTS, flow, matrix, minimal, report

from pipeline.reporting import layout, numbering, word_styles
from pipeline.reporting.markup import clean, literal
from pipeline.reporting.values import Bullets, Details, Heading, Paragraph
from pipeline.reporting.word import table_bytes, word_bytes, write_word
from pipeline.reporting.word_styles import reference_bytes
from pipeline.reporting.word_text import Setting, paragraph

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ORDER = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore widowControl numPr pBdr shd tabs bidi spacing ind jc "
    "outlineLvl rPr sectPr",
    "rPr": "rStyle rFonts b bCs i iCs color spacing kern position sz szCs u vertAlign rtl lang",
    "tcPr": "tcW gridSpan tcBorders shd noWrap tcMar vAlign",
    "tblPr": "tblStyle bidiVisual tblW jc tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption "
    "tblDescription",
    "style": "name basedOn next link uiPriority qFormat pPr rPr tblPr",
}


@pytest.fixture(scope="module")
def content() -> bytes:
    return word_bytes(report())


@pytest.fixture(scope="module")
def document(content):
    return docx.Document(io.BytesIO(content))


@pytest.fixture(scope="module")
def body(document):
    return document.element.body


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {
            name: package.read(name).decode("utf-8")
            for name in package.namelist()
            if name.endswith((".xml", ".rels"))
        }


def said(element) -> str:
    return "".join(it.text or "" for it in element.iter(f"{W}t"))


def test_each_paragraph_has_its_properties_first_and_once(body):
    for it in body.iter(f"{W}p"):
        assert [child.tag for child in it].count(f"{W}pPr") == 1
        assert it[0].tag == f"{W}pPr"


def test_properties_stand_in_the_order_of_the_schema(content):
    for name in ("word/document.xml", "word/styles.xml", "word/header1.xml"):
        root = parse_xml(parts(content)[name].encode())
        for tag, order in ORDER.items():
            places = {f"{W}{it}": number for number, it in enumerate(order.split())}
            for element in root.iter(f"{W}{tag}"):
                found = [places[child.tag] for child in element]
                assert found == sorted(set(found)), f"{name}: {tag} holds {[it.tag for it in element]}"


def test_cells_end_in_a_paragraph_and_rows_fill_the_grid(body):
    tables = list(body.iter(f"{W}tbl"))
    assert len(tables) == 4
    for table in tables:
        widths = [int(it.get(f"{W}w")) for it in table.iter(f"{W}gridCol")]
        for line in table.iter(f"{W}tr"):
            cells = list(line.iter(f"{W}tc"))
            spans = [int(it.get(f"{W}val")) for cell in cells for it in cell.iter(f"{W}gridSpan")]
            assert len(cells) - len(spans) + sum(spans) == len(widths)
            assert all(cell[-1].tag == f"{W}p" for cell in cells)
            assert sum(int(it.get(f"{W}w")) for it in line.iter(f"{W}tcW")) == sum(widths)
        assert sum(widths) == int(table.find(f"{W}tblPr/{W}tblW").get(f"{W}w"))


def test_headers_repeat_and_rows_do_not_break(body):
    for table in body.iter(f"{W}tbl"):
        rows = list(table.iter(f"{W}tr"))
        repeated = [line.find(f"{W}trPr/{W}tblHeader") is not None for line in rows]
        assert repeated[0]
        assert repeated == sorted(repeated, reverse=True)
        assert all(line.find(f"{W}trPr/{W}cantSplit") is not None for line in rows)


def test_rules_stand_above_under_the_header_and_below_only(body):
    for table in body.iter(f"{W}tbl"):
        assert [it.tag for it in table.find(f"{W}tblPr/{W}tblBorders")] == [f"{W}top", f"{W}bottom"]
        lines = list(table.iter(f"{W}tr"))
        ruled = [line for line in lines if line.find(f".//{W}tcBorders") is not None]
        assert ruled[0].find(f"{W}trPr/{W}tblHeader") is not None
        assert ruled[1:] == [line for line in lines if said(line).startswith("Note.")]
        for foot in ruled[1:]:
            assert foot is lines[-1]
            assert [it.get(f"{W}val") for it in foot.find(f".//{W}tcBorders")] == ["single", "nil"]
    spanners = [
        said(it.getparent().getparent())
        for it in body.iter(f"{W}pBdr")
        if it.getparent().getparent().getparent().tag == f"{W}tc"
    ]
    assert spanners == ["Within staff", "Between staff"]


def test_every_reference_finds_its_bookmark_and_shows_its_label(content):
    text = parts(content)["word/document.xml"]
    bookmarks = re.findall(r'<w:bookmarkStart w:id="(\d+)" w:name="(\w+)"', text)
    assert (
        len({identifier for identifier, _ in bookmarks})
        == len({name for _, name in bookmarks})
        == len(bookmarks)
    )
    references = re.findall(r'instr=" REF (\w+) [^"]*"><w:r>.*?<w:t[^>]*>([^<]*)</w:t>', text)
    assert len(references) == 5
    labels = {label.anchor: label.text for label in numbering.label(report()).values()}
    assert {name for _, name in bookmarks} == set(labels)
    assert all(labels[name] == cached for name, cached in references)


def test_captions_number_themselves(document):
    captions = [it for it in document.paragraphs if it.style.name == "Caption"]
    fields = [it.get(f"{W}instr").split() for caption in captions for it in caption._p.iter(f"{W}fldSimple")]
    assert [field[:2] for field in fields] == [["SEQ", "Table"]] * 4 + [["SEQ", "Figure"]] * 2
    assert said(captions[0]._p) == "Table 1Clients Received and Kept"
    assert captions[0]._p.find(f".//{W}br") is not None
    assert all(it._p.find(f"{W}pPr/{W}pStyle") is not None for it in captions)
    assert "keepNext" in captions[0].style.element.xml


def test_short_tables_stay_whole_and_keep_their_notes(body):
    table = list(body.iter(f"{W}tbl"))[3]
    rows = list(table.iter(f"{W}tr"))
    assert all(line.find(f".//{W}keepNext") is not None for line in rows[:-1])
    assert rows[-1].find(f".//{W}keepNext") is None
    assert [said(it)[:5] for it in rows[-1].iter(f"{W}p")] == ["Note.", "a Two", "* p <"]
    assert said(table.getnext()) == ""


def test_long_tables_break_but_not_at_their_ends(body):
    table = list(body.iter(f"{W}tbl"))[2]
    kept = [line.find(f".//{W}keepNext") is not None for line in table.iter(f"{W}tr")]
    assert kept[:5] == [True] * 5
    assert kept[-4:] == [True] * 3 + [False]
    assert not any(kept[8:60])


def test_wide_tables_lie_in_a_landscape_section_with_the_same_header(body, document):
    sections = list(body.iter(f"{W}sectPr"))
    sizes = [(it.find(f"{W}pgSz").get(f"{W}orient"), it.find(f"{W}pgSz").get(f"{W}w")) for it in sections]
    assert sizes == [(None, "12240"), ("landscape", "15840"), (None, "12240")]
    headers = {
        it.get(key)
        for section in sections
        for it in section.iter(f"{W}headerReference")
        for key in it.attrib
        if key.endswith("}id")
    }
    assert len(headers) == 1
    header = said(document.sections[1].header._element)
    assert "Synthetic data" in header
    assert 'instr=" PAGE "' in document.sections[1].header._element.xml


def test_a_matrix_of_two_dozen_fits_without_shrinking_out_of_sight(document):
    sizes = {int(it.get(f"{W}val")) for it in document.tables[1]._tbl.iter(f"{W}sz")}
    assert all(size >= 14 for size in sizes - {6, 12})


def test_numbers_line_up_by_indents(document):
    table = document.tables[3]
    points = set()
    for line in table.rows[2:]:
        cell = line._tr.tc_lst[1] if len(line._tr.tc_lst) == 5 else None
        if cell is not None and (indent := cell.find(f".//{W}ind")) is not None and said(cell)[-1] in "*5":
            text = said(cell)
            after = {"0.30***": 2 * 0.5 + 0.25 + 3 * 0.5, "10.35": 2 * 0.5 + 0.25}[text]
            points.add(round((int(indent.get(f"{W}right")) + after * 200) / 10))
            assert cell.find(f".//{W}jc").get(f"{W}val") == "right"
    assert len(points) == 1


def test_intervals_are_widened_inside(document):
    gaps = [int(it.get(f"{W}val")) for it in document.tables[3]._tbl.iter(f"{W}spacing") if it.get(f"{W}val")]
    assert gaps
    assert all(0 < gap < 400 for gap in gaps)


def test_pictures_have_alternative_text_and_fit(body):
    pictures = [it for it in body.iter() if it.tag.endswith("}docPr")]
    assert [it.get("descr") for it in pictures] == ["Leader support to alliance.", "One peak near .12."]
    assert len({it.get("id") for it in pictures}) == 2
    extents = [(int(it.get("cx")), int(it.get("cy"))) for it in body.iter() if it.tag.endswith("}extent")]
    assert extents[0][0] == pytest.approx(0.8 * 6.5 * 914400, rel=0.001)
    assert extents[1][1] <= 0.73 * 9 * 914400


@pytest.mark.parametrize("text", [*INJECTIONS, *SCRIPTS])
def test_hostile_and_foreign_text_comes_out_as_typed(body, text):
    assert text in "\n".join(said(it) for it in body.iter(f"{W}p"))


def test_lists_start_their_numbers_anew(content, body):
    numbered = [
        it.find(f"{W}pPr/{W}numPr/{W}numId").get(f"{W}val")
        for it in body.iter(f"{W}p")
        if it.find(f"{W}pPr/{W}numPr") is not None
    ]
    assert len(numbered) == 5
    assert len(set(numbered)) == 3
    assert parts(content)["word/numbering.xml"].count("startOverride") == 2


def test_links_lead_out_by_http_only(content):
    links = re.findall(
        r'Target="([^"]+)" TargetMode="External"', parts(content)["word/_rels/document.xml.rels"]
    )
    assert links == ["https://www.gnu.org/licenses/gpl-3.0.html"]


def test_entries_of_a_reference_list_hang(document):
    (entry,) = [it for it in document.paragraphs if it.style.name == "Bibliography"]
    assert entry.text.startswith("Preacher")
    assert entry.style.paragraph_format.first_line_indent == -entry.style.paragraph_format.left_indent


def test_right_to_left_runs_and_paragraphs_are_marked(body):
    turned = [said(it) for it in body.iter(f"{W}p") if it.find(f"{W}pPr/{W}bidi") is not None]
    assert turned == [SCRIPTS[1]]
    assert sum(said(it.getparent().getparent()) == SCRIPTS[1] for it in body.iter(f"{W}rtl")) >= 2


def test_a_report_in_arabic_is_turned_round_but_its_numbers_are_not():
    made = docx.Document(io.BytesIO(word_bytes(minimal(flow(), language="ar"))))
    body = made.element.body
    assert body.find(f".//{W}bidiVisual") is not None
    cells = {said(it): it.find(f".//{W}bidi") is not None for it in body.iter(f"{W}tc")}
    assert cells["Received"]
    assert not cells["3,840"]
    assert made.styles.element.find(f".//{W}lang").get(f"{W}bidi") == "ar"


def test_the_same_report_gives_the_same_bytes(content, tmp_path):
    write_word(report(), tmp_path / "report.docx")
    assert (tmp_path / "report.docx").read_bytes() == content
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert {it.date_time for it in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"
        assert package.testzip() is None


def test_properties_say_what_it_is(document):
    properties = document.core_properties
    assert properties.title == "Support and Belonging: <b>*x*</b> & الدعم"
    assert (properties.author, properties.language, properties.comments) == ("A. Researcher", "en", "")
    assert properties.created.year == 2000


def test_every_style_and_relation_that_is_used_is_there(content):
    found = parts(content)
    styles = set(re.findall(r'w:styleId="(\w+)"', found["word/styles.xml"]))
    for name in ("word/document.xml", "word/header1.xml"):
        assert set(re.findall(r'<w:[pr]Style w:val="(\w+)"', found[name])) <= styles
    assert set(re.findall(r'<w:(?:basedOn|next) w:val="(\w+)"', found["word/styles.xml"])) <= styles
    relations = set(re.findall(r'Id="(\w+)"', found["word/_rels/document.xml.rels"]))
    assert set(re.findall(r'r:(?:id|embed)="(\w+)"', found["word/document.xml"])) <= relations


def test_a_university_template_keeps_its_styles_paper_and_header(tmp_path):
    template = docx.Document()
    template.styles["Heading 1"].font.name = "Futura"
    template.sections[0].page_width = docx.shared.Mm(210)
    template.sections[0].header.paragraphs[0].text = "University of Somewhere"
    template.add_paragraph("Delete me")
    template.save(tmp_path / "template.docx")
    made = docx.Document(io.BytesIO(word_bytes(report(), reference=tmp_path / "template.docx")))
    assert made.styles["Heading 1"].font.name == "Futura"
    assert made.sections[0].page_width.mm == pytest.approx(210, abs=0.1)
    header = said(made.sections[0].header._element)
    assert "University of Somewhere" in header
    assert "Synthetic data" in header
    assert "Delete me" not in said(made.element.body)
    assert {"Table Text", "Caption Number", "Notice Warning"} <= {style.name for style in made.styles}
    width = sum(int(it.get(f"{W}w")) for it in made.tables[0]._tbl.iter(f"{W}gridCol"))
    section = made.sections[0]
    assert width == int((section.page_width - section.left_margin - section.right_margin) / 635)


def test_the_reference_document_is_the_one_in_the_templates():
    kept = Path(__file__).parents[2] / "reports" / "templates" / "reference.docx"
    assert parts(kept.read_bytes())["word/styles.xml"] == parts(reference_bytes())["word/styles.xml"]


def test_every_named_style_is_in_the_reference_document():
    assert set(word_styles.style_ids(word_styles.open_reference(None))) == {
        it.lower() for it in word_styles.NAMES
    }


def test_no_banner_no_warning_in_the_header():
    made = docx.Document(io.BytesIO(word_bytes(minimal(Paragraph("x"), banner=None))))
    assert said(made.sections[0].header._element) == "1"


def test_a_report_that_starts_and_ends_wide_turns_the_paper_back():
    made = docx.Document(
        io.BytesIO(word_bytes(minimal(matrix(), Bullets(("a",)), replace(matrix(), id="again"))))
    )
    assert [it.orientation for it in made.sections] == [0, 1, 0, 1, 0]


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_text_survives(text):
    setting = Setting({}, {"body text": "BodyText"}, lambda _: "rId1")
    xml = paragraph(setting, "Body Text", literal(text)).replace("<w:p>", f'<w:p xmlns:w="{W[1:-1]}">', 1)
    assert said(parse_xml(xml)).replace("\u200e", "") == clean(text).replace("\u200e", "")


@settings(max_examples=6, deadline=None)
@given(st.lists(st.text(), min_size=4, max_size=12))
def test_any_text_survives_the_file(texts):
    made = docx.Document(io.BytesIO(word_bytes(minimal(*(Paragraph(f"x{literal(it)}x") for it in texts)))))
    found = [said(it._p) for it in made.paragraphs if it.style.name == "Body Text"]
    assert found == [f"x{clean(it)}x" for it in texts]


def test_a_table_alone_has_its_number_its_notes_and_no_broken_reference() -> None:
    first, second = flow(), matrix()
    first = replace(first, general=f"Compare [@{second.id}] and [@{first.id}].")
    document = minimal(first, second)
    for number, table in enumerate((first, second), 1):
        content = table_bytes(table, document)
        made = docx.Document(io.BytesIO(content))
        assert len(made.tables) == 1
        assert f"Table {number}" in said(made.element).replace("\u00a0", " ")
        bookmarks = set(re.findall(r'w:bookmarkStart[^>]*w:name="([^"]+)"', made.element.xml))
        assert set(re.findall(r" REF (\w+)", made.element.xml)) <= bookmarks
        section = made.sections[-1]
        assert (section.page_width > section.page_height) == layout.is_wide(table)
        assert content == table_bytes(table, document)
    alone = docx.Document(io.BytesIO(table_bytes(first, document))).element
    assert "Compare Table 2 and Table 1." in said(alone).replace("\u00a0", " ")
    assert len(re.findall(r" REF ", alone.xml)) == 1


def test_the_text_before_a_wide_table_keeps_together() -> None:
    words = [Paragraph(f"Words {number}. {'And more. ' * 14}") for number in range(6)]
    made = docx.Document(io.BytesIO(word_bytes(minimal(Heading("A", 1), *words, matrix(), Paragraph("x")))))
    kept = {it.text for it in made.paragraphs if it._p.pPr is not None and it._p.pPr.keepNext is not None}
    assert {it[:8] for it in kept if it.startswith("Words")} == {"Words 4.", "Words 5."}
    upright = docx.Document(io.BytesIO(word_bytes(minimal(Heading("A", 1), *words, flow()))))
    assert not [
        it for it in upright.paragraphs if it.text.startswith("Words") and it._p.pPr.keepNext is not None
    ]


def test_details_stand_together_at_the_end() -> None:
    noted = minimal(flow(), Details("How", (("Seed", "1"),)), Paragraph("Then words."))
    texts = [said(it._p) for it in docx.Document(io.BytesIO(word_bytes(noted))).paragraphs]
    place = next(number for number, text in enumerate(texts) if text.startswith("Appendix: How"))
    assert texts.index("Then words.") < place
    assert texts[place + 1].replace("\u00a0", " ").startswith("Table 1. Seed: 1.")
