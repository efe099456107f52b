"""The demonstration's real report, run from its exports, in Chromium: what issue 7 asks of the page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pages
import pytest

from pipeline import plan
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study

REPOSITORY = Path(__file__).resolve().parents[3]
LARGEST = 2_000_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demonstration")
    for part in ("data/demo", "instruments", "reports/templates"):
        shutil.copytree(REPOSITORY / part, root / part)
    declared = root / "data/demo/study.yaml"
    declared.write_text(
        declared.read_text(encoding="utf-8") + "\nreport: {formats: [html]}\n", encoding="utf-8"
    )
    study, workspace = load_study(root, "demo"), Workspace(root, "demo")
    plan.run(study, workspace, lambda _: None)
    return workspace.reports


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report", "codebook"])
def test_the_page_of_the_demonstration_holds_what_it_promises(browser, reports, name) -> None:
    file = reports / f"{name}.html"
    assert file.stat().st_size < LARGEST
    with browser.open(file) as tab:
        pages.open_everything(tab)
        assert pages.violations(tab) == []
        tab.paper()
        assert pages.asked_of_the_network(tab) == []
        assert tab.complaints == []
        assert tab.run("document.querySelectorAll('figure table').length") >= 7
        assert (
            tab.run(
                "[...document.querySelectorAll('a[href^=\"#\"]')]"
                ".filter(it => !document.getElementById(it.hash.slice(1))).length"
            )
            == 0
        )
        lacking = (
            "[...document.querySelectorAll('figure:has(table):not(:has(details.how))')]"
            ".filter(it => !it.nextElementSibling?.matches('details.how')).map(it => it.id)"
        )
        assert tab.run(lacking) == []
