"""What a screen reader and a keyboard need of the page, checked on its structure and its colours."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import recorded
from lxml import html as lxml_html

from pipeline.reporting import glossary, html
from pipeline.reporting.html import write_html

LARGEST_PAGE = 2_000_000
LEAST_CONTRAST = 4.5
ON_PAPER = ("ink", "soft", "accent")


@pytest.fixture(scope="module")
def page() -> str:
    return write_html(recorded.document("army-climate"))


@pytest.fixture(scope="module")
def tree(page):
    return lxml_html.document_fromstring(page)


def luminance(colour: str) -> float:
    whole = "".join(2 * it for it in colour) if len(colour) == 3 else colour
    parts = [int(whole[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [it / 12.92 if it <= 0.03928 else ((it + 0.055) / 1.055) ** 2.4 for it in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def named_colours() -> dict[str, str]:
    return dict(re.findall(r"--(\w+):#([0-9a-f]{3,6})", html._asset("page.css")))


@pytest.mark.parametrize("name", ON_PAPER)
@pytest.mark.parametrize("ground", ["paper", "wash"])
def test_text_stands_out_from_what_it_stands_on(name, ground) -> None:
    colours = named_colours()
    assert contrast(colours[name], colours[ground]) >= LEAST_CONTRAST


def test_every_pair_of_text_and_ground_in_the_style_stands_out() -> None:
    colours = named_colours()
    rules = re.findall(r"\{([^{}]*)\}", html._asset("page.css"))
    pairs = []
    for rule in rules:
        ground = re.search(r"background:(?:#([0-9a-f]{3,6})|var\(--(\w+)\))(?![^;]*gradient)", rule)
        ink = re.search(r"(?<!-)color:(?:#([0-9a-f]{3,6})|var\(--(\w+)\))", rule)
        if ground and ink:
            pairs.append([it[1] or colours[it[2]] for it in (ink, ground)])
    assert len(pairs) >= 4
    assert min(contrast(*pair) for pair in pairs) >= LEAST_CONTRAST


def test_landmarks_and_language(tree) -> None:
    assert tree.get("lang") == "en"
    assert len(tree.xpath("//main[@id='main']")) == len(tree.xpath("//h1")) == 1
    assert tree.xpath("//nav/@aria-label") == ["Contents"]
    assert tree.xpath("//title/text()")[0].strip()
    assert not [it for it in tree.xpath("//body/*[not(self::script)]") if it.tag == "h1"]


def test_no_level_of_heading_is_skipped(tree) -> None:
    levels = [int(it.tag[1]) for it in tree.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_table_has_a_name_and_heads_with_scope(tree) -> None:
    tables = tree.xpath("//table")
    assert tables
    for table in tables:
        assert table.get("aria-labelledby")
        assert table.xpath(".//thead//th")
        assert all(head.get("scope") for head in table.xpath(".//th"))


def test_every_picture_is_described(tree) -> None:
    pictures = tree.xpath("//img | //*[@role='img']")
    assert pictures
    assert all(len(it.get("alt") or it.get("aria-label") or "") > 10 for it in pictures)


def test_focus_follows_the_order_of_the_page(tree) -> None:
    reached = tree.xpath("//a[@href] | //button | //summary | //*[@tabindex]")
    assert reached[0].get("class") == "skip"
    assert {it.get("tabindex") for it in reached} <= {None, "0", "-1"}
    assert all(it.text_content().strip() for it in tree.xpath("//a | //button | //summary"))


def test_ids_are_unique_and_labels_lead_to_them(tree) -> None:
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "aria-describedby"):
        assert {part for value in tree.xpath(f"//@{name}") for part in value.split()} <= set(ids)


def test_abbreviations_of_headings_are_told_and_reached_by_key(tree) -> None:
    told = {it.text_content().strip(): it for it in tree.xpath("//thead//abbr")}
    assert {"SE", "95% CI", "SD"} <= set(told)
    assert all(it.get("tabindex") == "0" for it in told.values())
    assert told["95% CI"].get("title") == glossary.WORDS["CI"]


def test_a_heading_that_is_no_abbreviation_is_left_alone() -> None:
    assert glossary.words_for("Scale") is None
    assert glossary.words_for("90% CI") == glossary.WORDS["CI"]


@pytest.mark.slow
def test_the_page_of_the_demonstration_is_small() -> None:
    assert len(write_html(recorded.document("demo")).encode()) < LARGEST_PAGE
