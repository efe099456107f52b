"""Pages for the tests in Chromium: a small sample, the demonstration's report and its codebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import chromium
import pytest
import recorded
import sample_report

from pipeline.reporting.codebook import compose_codebook
from pipeline.reporting.html import write_html
from pipeline.reporting.values import Document

Written = Callable[[str], Path]


@cache
def document(name: str) -> Document:
    """The document of a page: of the sample, of a codebook or of a study's recorded results."""
    if name == "sample":
        return sample_report.report()
    if name == "codebook":
        return compose_codebook(recorded.results("demo"), recorded.drawn_once(recorded.record("demo")))
    return recorded.document(name)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write the page of that name, once."""
    folder = tmp_path_factory.mktemp("pages, with a space")

    @cache
    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        path.write_text(write_html(document(name), font_cache=folder), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def documents() -> Callable[[str], Document]:
    return document


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    """A Chromium for all tests of a process."""
    if chromium.find() is None:
        pytest.skip(chromium.REASON)
    with chromium.started(tmp_path_factory.mktemp("chromium")) as found:
        yield found
