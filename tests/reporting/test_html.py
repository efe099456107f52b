from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from sample_report import INJECTIONS, SCRIPTS, SVG, minimal, png, report

from pipeline.reporting import fonts
from pipeline.reporting.html import write_html
from pipeline.reporting.markup import clean, literal
from pipeline.reporting.numbering import DocumentError
from pipeline.reporting.values import Cell, Figure, Paragraph, Row, Table

VOID = {"meta", "br", "img", "hr", "input", "link"}


@pytest.fixture(scope="module")
def page() -> str:
    return write_html(report())


@pytest.fixture(scope="module")
def tree(page):
    return lxml_html.document_fromstring(page)


class Balance(HTMLParser):
    """Fails on a tag that closes nothing or stays open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def balance(page) -> Balance:
    parser = Balance()
    parser.feed(page)
    parser.close()
    return parser


def test_every_tag_is_closed_and_every_id_is_its_own(balance):
    assert balance.open == []
    assert len(balance.ids) == len(set(balance.ids))


def test_links_and_descriptions_lead_somewhere(balance):
    for _, attributes in balance.seen:
        if (href := attributes.get("href") or "").startswith("#"):
            assert href[1:] in balance.ids
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in balance.ids


def test_the_page_asks_no_network(balance, page):
    loads = [
        value
        for _, attributes in balance.seen
        for name, value in attributes.items()
        if name in {"src", "xlink:href"}
    ]
    assert loads
    assert all(value.startswith("data:") for value in loads)
    assert not any(tag in {"link", "iframe", "object", "base"} for tag, _ in balance.seen)
    assert re.findall(r"url\((?!data:|#)", page) == []
    assert "@import" not in page
    assert set(re.findall(r'https?://[^"<\s)]+', page)) == {
        "https://www.gnu.org/licenses/gpl-3.0.html",
        "http://www.w3.org/2000/svg",
        "https://example.org",
    }


def test_the_policy_lets_in_our_script_only(balance, page):
    policy = next(attributes["content"] for tag, attributes in balance.seen if "http-equiv" in attributes)
    assert "default-src 'none'" in policy
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert page.count("<script") == 1


def test_the_page_is_small(page):
    assert len(page.encode()) < 400_000


def test_the_same_report_gives_the_same_bytes(page, tmp_path):
    assert write_html(report()) == page
    assert write_html(report(), font_cache=tmp_path) == page
    assert write_html(report(), font_cache=tmp_path) == page


def test_faces_are_kept_in_the_folder_that_is_named(tmp_path, monkeypatch):
    made = fonts.page_faces("Ж", tmp_path)
    assert [file.suffix for file in tmp_path.iterdir()] == [".css"]
    monkeypatch.setattr(fonts, "_rules", lambda wanted: pytest.fail("made anew"))
    assert fonts.page_faces("Ж", tmp_path) == made


def test_landmarks_language_and_headings(tree):
    assert tree.get("lang") == "en"
    assert tree.get("dir") == "ltr"
    assert len(tree.xpath("//main")) == len(tree.xpath("//nav[@aria-label]")) == len(tree.xpath("//h1")) == 1
    assert tree.xpath("//a[@class='skip']/@href") == ["#main"]
    levels = [int(it.tag[1]) for it in tree.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert "".join(tree.xpath("//aside//text()")).startswith("Synthetic data")


def test_each_table_has_caption_heads_tools_and_notes(tree):
    figures = tree.xpath("//figure[.//table]")
    assert len(figures) == 4
    for figure in figures:
        assert [it.text_content() for it in figure.xpath(".//button/text()/..")]
        assert figure.xpath("./figcaption/b")
        assert figure.xpath("./figcaption/i")
        assert figure.xpath(".//thead//th[@scope='col']")
        assert figure.xpath(".//div[@class='scroll'][@tabindex='0'][@role='region']")
    paths = figures[-1]
    assert [it.get("colspan") for it in paths.xpath(".//th[@scope='colgroup']")] == ["2", "2"]
    assert [it.text_content() for it in paths.xpath(".//th[@scope='rowgroup']")] == [
        "Outcome: belonging",
        "Outcome: functioning",
    ]
    assert len(paths.xpath(".//tbody")) == 2
    assert [it.text_content() for it in paths.xpath(".//*[@class='notes']/p")] == [
        "Note. N = 812; see Table 1. CI = confidence interval.",
        "a Two items reversed.",
        "* p < .05. *** p < .001.",
    ]


def test_rows_fill_the_grid(tree):
    for table in tree.xpath("//table"):
        spans = {sum(int(cell.get("colspan", 1)) for cell in row) for row in table.xpath(".//tr")}
        assert len(spans) == 1


def test_numbers_of_a_column_share_a_block(tree):
    cells = tree.xpath("//figure[@id='table_4']//tbody/tr/td[1][@class='n']/span")
    widths = {re.search(r"width:([\d.]+)em", cell.get("style"))[1] for cell in cells}
    assert len(widths) == 1
    assert "10.35" in [cell.text_content() for cell in cells]


@pytest.mark.parametrize("text", [*INJECTIONS, *SCRIPTS])
def test_hostile_and_foreign_text_comes_out_as_typed(tree, text):
    assert text in tree.xpath("string(//main)").replace("\xa0", " ")


def test_no_element_comes_from_text(tree):
    assert not tree.xpath("//main//script")
    assert tree.xpath("string(//h1)") == "Support and Belonging: <b>*x*</b> & الدعم"
    assert tree.xpath("string(//title)") == "Support and Belonging: <b>*x*</b> & الدعم"


def test_entries_of_a_reference_list_hang(tree):
    assert [it.text_content()[:8] for it in tree.xpath("//p[@class='hanging']")] == ["Preacher"]


def test_right_to_left_text_is_set_apart(tree):
    assert [it.get("dir") for it in tree.xpath("//main/p[@dir]")] == ["rtl"]
    assert SCRIPTS[1] in tree.xpath("//p[not(@dir)]/bdi/text()")


def test_a_report_in_hebrew_is_turned_round(monkeypatch):
    monkeypatch.setattr(fonts, "page_faces", lambda characters, folder: "")
    hebrew = lxml_html.document_fromstring(write_html(minimal(Paragraph("x"), language="he")))
    assert (hebrew.get("lang"), hebrew.get("dir")) == ("he", "rtl")


def test_pictures_have_alternative_text(tree):
    assert [it.get("alt") for it in tree.xpath("//img")] == ["One peak near .12."]
    assert [it.get("aria-label") for it in tree.xpath("//*[@role='img']")] == ["Leader support to alliance."]
    assert tree.xpath("//*[@role='img']/*[name()='svg']")


@pytest.mark.parametrize(
    ("drawing", "said"),
    [
        (SVG.replace("<g ", "<script>alert(1)</script><g "), "the element script"),
        (SVG.replace("<g ", "<foreignObject/><g "), "the element foreignObject"),
        (SVG.replace("<g ", '<g onload="x()" '), "the attribute onload"),
        (SVG.replace('href="#d-a"', 'href="https://x.org/a.svg"'), "the attribute href"),
        (SVG.replace("<g ", '<g fill="url(https://x.org)" '), "the attribute fill"),
        (SVG.replace("</svg>", ""), "not well-formed"),
        ("<html/>", "a root element html"),
    ],
)
def test_a_drawing_that_reaches_out_is_refused(drawing, said):
    with pytest.raises(DocumentError, match=said):
        write_html(minimal(Figure("f", "F", "alt", png(), drawing)))


def test_a_drawing_with_a_style_sheet_stays_a_picture(monkeypatch):
    monkeypatch.setattr(fonts, "page_faces", lambda characters, folder: "")
    styled = SVG.replace("<g ", "<style>*{fill:red}</style><g ")
    page = write_html(minimal(Figure("f", "F", "alt", png(), styled)))
    assert 'src="data:image/svg+xml;base64,' in page
    assert "*{fill:red}" not in page


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_any_text_survives(monkeypatch, texts):
    monkeypatch.setattr(fonts, "page_faces", lambda characters, folder: "")
    table = Table(
        "t",
        "T",
        (Row((Cell("h"),)),),
        tuple(Row((Cell(f"x{literal(text)}x"),)) for text in texts),
        (1.0,),
    )
    page = write_html(minimal(*(Paragraph(f"x{literal(text)}x") for text in texts), table))
    found = lxml_html.document_fromstring(page)
    said = [it.text_content() for it in found.xpath("//main/p[not(@class)]")]
    assert said == [f"x{clean(text)}x" for text in texts]
    assert [it.text_content() for it in found.xpath("//tbody//th")] == said
