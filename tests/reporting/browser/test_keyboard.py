"""By keyboard alone in Chromium: tooltips, folded details, wide tables; nothing traps the focus."""

from __future__ import annotations

import pytest

ACTIVE = "document.activeElement"
TOOLTIP = f"getComputedStyle({ACTIVE}, '::after')"


@pytest.fixture(params=["sample", "demo"])
def tab(browser, written, request):
    with browser.open(written(request.param)) as tab:
        yield tab


def focus_before(tab, selector: str) -> None:
    """Put the focus on what comes just before the first such element, so that a Tab reaches it."""
    tab.run(
        f"(() => {{ const wanted = document.querySelector('{selector}');"
        " const start = document.createElement('span'); start.tabIndex = -1; wanted.before(start);"
        " start.focus(); wanted.scrollIntoView(); })()"
    )


def test_each_tooltip_is_reached_by_key_and_shown_whole(tab) -> None:
    total = tab.run("document.querySelectorAll('abbr').length")
    assert total >= 1
    focus_before(tab, "abbr")
    tab.press("Tab")
    assert tab.run(f"{ACTIVE}.tagName") == "ABBR"
    assert tab.run(f"{TOOLTIP}.content") == tab.run(f"JSON.stringify({ACTIVE}.title)")
    width, bottom = tab.run(f"[{TOOLTIP}.width, {TOOLTIP}.bottom].map(parseFloat)")
    assert 20 < width <= 1280 - 32
    assert 0 <= bottom < 900
    assert tab.run(f"{TOOLTIP}.position") == "fixed"
    unreachable = "[...document.querySelectorAll('abbr')].filter(it => it.tabIndex !== 0 || !it.title).length"
    assert tab.run(unreachable) == 0
    tab.press("Escape")
    assert tab.run("getComputedStyle(document.querySelector('abbr'), '::after').content") == "none"


@pytest.mark.parametrize("key", ["Enter", " "])
def test_details_unfold_and_fold_by_key(tab, key) -> None:
    assert tab.run("[...document.querySelectorAll('details.how')].some(it => it.open)") is False
    focus_before(tab, "details.how")
    tab.press("Tab")
    assert tab.run(f"{ACTIVE}.tagName") == "SUMMARY"
    shown = "document.querySelector('details.how dl').checkVisibility()"
    assert tab.run(shown) is False
    tab.press(key)
    assert tab.run(shown) is True
    assert tab.run("document.querySelectorAll('details.how[open] dt').length") >= 2
    tab.press(key)
    assert tab.run(shown) is False


def test_all_that_can_be_reached_is_reached_in_order_and_left_again(tab) -> None:
    """Tab goes from the skip link through every link, button, tooltip and summary to the end of the page."""
    tab.run("document.querySelectorAll('nav details, details.how').forEach(it => { it.open = true; })")
    wanted = tab.run(
        "[...document.querySelectorAll('a[href], button, summary, [tabindex=\"0\"]')]"
        ".map((it, place) => { it.dataset.place = place; return place; })"
    )
    reached = []
    for _ in wanted:
        tab.press("Tab")
        reached.append(tab.run(f"Number({ACTIVE}.dataset.place ?? -1)"))
    assert reached == wanted
    tab.press("Tab", shift=True)
    assert tab.run(f"Number({ACTIVE}.dataset.place)") == wanted[-2]


def test_what_has_the_focus_is_seen_to_have_it(tab) -> None:
    for selector in ("main button", "main abbr", "details.how", "nav a"):
        focus_before(tab, selector)
        tab.press("Tab")
        assert tab.run(f"{ACTIVE}.closest('{selector}') !== null")
        assert tab.run(f"getComputedStyle({ACTIVE}).outlineStyle") == "solid"
        assert tab.run(f"parseFloat(getComputedStyle({ACTIVE}).outlineWidth)") >= 2


def test_a_table_wider_than_its_place_is_scrolled_by_key(browser, written) -> None:
    with browser.open(written("sample"), width=400, height=800) as tab:
        box = "document.querySelector('.scroll.overflows')"
        assert tab.run(f"{box} !== null")
        assert tab.run("document.querySelectorAll('.scroll:not(.overflows)[tabindex]').length") == 0
        focus_before(tab, ".scroll.overflows")
        tab.press("Tab")
        assert tab.run(f"{ACTIVE} === {box}")
        tab.press("ArrowRight")
        tab.wait_for(f"{box}.scrollLeft > 0", "the table to move")
