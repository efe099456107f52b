"""The page on paper in Chromium: unfolded, without tools, a banner on each sheet, wide tables turned."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HIDDEN = "[...document.querySelectorAll('nav, .skip, .tools')].filter(it => it.checkVisibility()).length"
FOLDED = "document.querySelectorAll('main details:not([open])').length"


@pytest.mark.parametrize("name", ["sample", "demo"])
def test_tools_and_contents_stay_off_paper(browser, written, name) -> None:
    with browser.open(written(name), on_paper=True, width=794, height=1123) as tab:
        assert tab.run(HIDDEN) == 0
        assert tab.run("getComputedStyle(document.querySelector('.banner')).position") == "static"
        assert tab.run("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


def test_details_are_unfolded_for_paper_and_folded_after(browser, written) -> None:
    with browser.open(written("sample")) as tab:
        tab.run("window.log = []")
        for moment in ("beforeprint", "afterprint"):
            tab.run(f"addEventListener('{moment}', () => log.push({FOLDED}))")
        before = tab.run(FOLDED)
        assert before > 0
        tab.paper()
        assert tab.run("log") == [0, before]


def test_sheets_are_upright_and_on_their_side(browser, written) -> None:
    with browser.open(written("sample")) as tab:
        sheet = tab.paper()
    boxes = [tuple(map(float, it)) for it in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheet)]
    assert len(boxes) >= 4
    assert any(width > height for width, height in boxes)
    assert any(width < height for width, height in boxes)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine")
@pytest.mark.parametrize("name", ["sample", "demo"])
def test_paper_says_all_that_the_page_says(browser, written, documents, tmp_path, name) -> None:
    with browser.open(written(name)) as tab:
        captions = tab.run("[...document.querySelectorAll('figcaption b')].map(it => it.textContent)")
        rows = tab.run("[...document.querySelectorAll('main > details.how dt')].map(it => it.textContent)")
        (tmp_path / "page.pdf").write_bytes(tab.paper())
    sheets = words_of(tmp_path / "page.pdf")
    told = "\n".join(sheets)
    assert [it for it in captions if not re.search(rf"^\s*{it}$", told, re.MULTILINE)] == []
    assert [it for it in rows if it not in told] == []
    assert [number for number, sheet in enumerate(sheets, 1) if "ynthetic data" not in sheet] == []
    alone = len(documents(name).banner.split()) + 1
    assert [number for number, sheet in enumerate(sheets, 1) if len(sheet.split()) <= alone] == []


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine")
def test_a_heading_stays_with_the_wide_table_below_it(browser, written, tmp_path) -> None:
    with browser.open(written("sample")) as tab:
        (tmp_path / "page.pdf").write_bytes(tab.paper())
    sheets = words_of(tmp_path / "page.pdf")
    (wide,) = [sheet for sheet in sheets if "Correlations of Items" in sheet]
    assert re.search(r"^\s*Items$", wide, re.MULTILINE)


def words_of(paper: Path) -> list[str]:
    """What each sheet says."""
    command = ["pdftotext", "-layout", str(paper), "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return told.stdout.split("\f")[:-1]
