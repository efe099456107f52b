"""Every page in Chromium: axe-core finds nothing, nothing is asked of a network, nothing goes wrong."""

from __future__ import annotations

import chromium
import pages
import pytest

LARGEST = 2_000_000
PAGES = ("sample", "demo", "codebook", "plain")

FAULTY = """<!DOCTYPE html><html><head><title>x</title></head><body><main><h1>x</h1>
<img src="http://example.invalid/x.png"><p style="color:#bbb">pale</p><p>a</p><p>b</p>
<table><tr><th>h</th></tr><tr><td>1</td></tr></table><button></button><a href="#x">to x</a>
<p id="x">x</p><ul><li>y</li></ul><input aria-label="z">
<script>console.error("said"); fetch("http://example.invalid/y"); throw new Error("thrown")</script>
</main></body></html>"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(browser, written, name) -> None:
    with browser.open(written(name)) as tab:
        pages.open_everything(tab)
        assert pages.violations(tab) == []


def test_axe_finds_no_violation_on_a_narrow_screen(browser, written) -> None:
    with browser.open(written("sample"), width=400, height=800) as tab:
        assert pages.violations(tab) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_of_a_network_and_nothing_goes_wrong(browser, written, name) -> None:
    with browser.open(written(name)) as tab:
        pages.open_everything(tab)
        tab.paper()
        assert tab.requests[0].startswith("file:///")
        assert pages.asked_of_the_network(tab) == []
        assert tab.complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_small(written, name) -> None:
    assert written(name).stat().st_size < LARGEST


@pytest.mark.parametrize("width", [1280, 800, 400, 320])
@pytest.mark.parametrize("name", ["sample", "demo"])
def test_nothing_stands_out_of_the_window(browser, written, name, width) -> None:
    with browser.open(written(name), width=width) as tab:
        pages.open_everything(tab)
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert (
            tab.run(
                "[...document.querySelectorAll('main > *, figcaption, .notes, .picture, nav li')]"
                ".filter(it => it.getBoundingClientRect().width && "
                "it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML.slice(0, 120))"
            )
            == []
        )


def test_a_faulty_page_is_found_out(browser, tmp_path) -> None:
    """The checks above can fail: a page with faults planted in it gets each of them."""
    file = tmp_path / "faulty.html"
    file.write_text(FAULTY, encoding="utf-8")
    with browser.open(file) as tab:
        tab.wait(lambda: len(tab.complaints) >= 4, "the page to complain")
        found = {rule for rule, _, _ in pages.violations(tab)}
        assert found >= {"image-alt", "html-has-lang", "button-name", "color-contrast"}
        asked = {"http://example.invalid/x.png", "http://example.invalid/y"}
        assert set(pages.asked_of_the_network(tab)) == asked
        told = "\n".join(tab.complaints)
        assert "said" in told
        assert "Error: thrown" in told


def test_a_script_that_fails_is_told(browser, written) -> None:
    with browser.open(written("sample")) as tab, pytest.raises(chromium.ProtocolError, match="lacking"):
        tab.run("lacking.name")
