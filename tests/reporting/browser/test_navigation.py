"""The contents in Chromium: they stay in sight, each entry leads to its place, the section read is marked."""

from __future__ import annotations

import pytest

from pipeline.reporting import numbering

SECTIONS = "[...document.querySelectorAll(\"nav a[href^='#s-']\")]"
CURRENT = "[...document.querySelectorAll('nav [aria-current]')].map(it => it.hash.slice(1))"
UNDER = "(document.querySelector('.banner')?.getBoundingClientRect().bottom ?? 0)"

# Follow every link of a list, and tell where its target came to stand.
FOLLOW = """
(async () => {
  const found = [];
  for (const link of %s) {
    link.click();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const place = document.getElementById(link.hash.slice(1)).getBoundingClientRect();
    found.push({hash: link.hash.slice(1), top: place.top, marked: %s, current: link.matches('[aria-current]'),
      seen: link.getBoundingClientRect().top >= 0 && link.getBoundingClientRect().bottom <= innerHeight});
  }
  return found;
})()
"""


@pytest.fixture(params=["sample", "demo"])
def name(request) -> str:
    return request.param


@pytest.fixture
def tab(browser, written, name):
    with browser.open(written(name), still=True) as tab:
        yield tab


@pytest.fixture(params=[1280, 800, 400])
def sized(browser, written, name, request):
    with browser.open(written(name), width=request.param, still=True) as tab:
        tab.run("document.querySelectorAll('nav details').forEach(part => { part.open = true; })")
        yield tab


def test_each_entry_of_the_contents_reaches_its_heading_and_is_marked(tab, documents, name) -> None:
    found = tab.run(FOLLOW % (SECTIONS, CURRENT))
    assert [it["hash"] for it in found] == [anchor for _, anchor in numbering.contents(documents(name))]
    assert out_of_sight(tab, found) == []
    assert [it["hash"] for it in found if it["marked"] != [it["hash"]] or not it["current"]] == []
    assert [it["hash"] for it in found if not it["seen"]] == []


def test_each_table_and_figure_is_reached_from_the_list(sized, documents, name) -> None:
    found = sized.run(FOLLOW % ("[...document.querySelectorAll('nav ul a')]", CURRENT))
    labels = numbering.label(documents(name))
    assert {it["hash"] for it in found} == {label.anchor for label in labels.values()}
    assert len(found) == len(labels)
    assert out_of_sight(sized, found) == []


def test_every_link_in_the_text_reaches_a_place_in_sight(sized) -> None:
    found = sized.run(FOLLOW % ("[...document.querySelectorAll('main a[href^=\"#\"]')]", CURRENT))
    assert found
    assert out_of_sight(sized, found) == []


def out_of_sight(tab, found) -> list[str]:
    banner = tab.run(UNDER)
    return [it["hash"] for it in found if not banner <= it["top"] < 900]


def test_the_mark_follows_the_reader(tab) -> None:
    told = tab.run(
        "(async () => { const found = [];"
        " const heads = [...document.querySelectorAll('main :is(h2,h3,h4)')];"
        " for (const head of heads) {"
        "  scrollTo(0, head.getBoundingClientRect().top + scrollY - 50);"
        "  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));"
        f"  if (Math.abs(head.getBoundingClientRect().top - 50) < 2) found.push([head.id, ...{CURRENT}]); }}"
        " return found; })()"
    )
    assert len(told) >= 2
    assert [it for it in told if it[1:] != it[:1]] == []


def test_contents_and_banner_stay_where_they_are(tab) -> None:
    places = "[...document.querySelectorAll('.banner, nav')].map(it => it.getBoundingClientRect().top)"
    tab.run("scrollTo(0, 1)")
    before = tab.run(places)
    tab.run("scrollTo(0, document.body.scrollHeight / 2)")
    tab.run("new Promise(requestAnimationFrame)")
    after = tab.run(places)
    assert before == after
    assert len(after) == 2
    assert after[0] == 0
    assert 0 < after[1] < 100


def test_on_a_narrow_screen_the_contents_are_folded_above_the_text(browser, written) -> None:
    with browser.open(written("demo"), width=400, height=800) as tab:
        assert tab.run("[...document.querySelectorAll('nav details')].map(it => it.open)") == [False, False]
        assert tab.run("document.querySelector('nav').getBoundingClientRect().height") < 200
        assert tab.run("getComputedStyle(document.querySelector('nav')).position") == "static"


def test_the_skip_link_comes_first_and_leads_past_the_contents(tab) -> None:
    tab.press("Tab")
    focused = "document.activeElement"
    assert tab.run(f"{focused}.className") == "skip"
    assert tab.run(f"{focused}.getBoundingClientRect().top") >= 0
    tab.press("Enter")
    assert tab.run(f"{focused}.id") == "main"
    tab.press("Tab")
    assert tab.run(f"document.getElementById('main').contains({focused})")
