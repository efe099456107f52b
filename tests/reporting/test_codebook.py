"""The codebook: a section a scale, escaped, with wording only where its licence lets it be shown."""

from __future__ import annotations

import copy

import pytest
import recorded

from pipeline.reporting.codebook import compose_codebook
from pipeline.reporting.html import write_html


def page(results: dict[str, object]) -> str:
    return write_html(compose_codebook(results, {}), font_cache=None)


@pytest.mark.parametrize("study", ["demo", "army-leadership"])
def test_every_scale_has_its_section_items_reliability_and_licence(study):
    results = recorded.results(study)
    told, instruments = page(results), results["declared"]["instruments"]
    validated = results["stages"]["validate"]["results"]
    assert instruments
    for scale, instrument in instruments.items():
        assert str(instrument["licence"]["name"]) in told
        bounds = (validated["reliability"].get(scale) or {}).get("bounds")
        if bounds:
            assert f"lambda 4 {bounds['lambda4']:.2f}".replace("0.", ".") in told
    assert told.count("Reliability in this sample") == sum(
        scale in validated["reliability"] for scale in instruments
    )


def test_a_study_of_ready_scores_says_that_it_has_no_items():
    assert "Every scale of this study came as a ready score" in page(recorded.results("army-climate"))


def test_wording_follows_the_licence():
    results = copy.deepcopy(recorded.results("army-leadership"))
    items = results["stages"]["validate"]["results"]["items"]["hostility"]
    for item in items:
        item["text"] = "Wording of somebody else"
    licence = results["declared"]["instruments"]["hostility"]["licence"]
    licence["wording_may_be_shipped"] = False
    assert "Wording of somebody else" not in page(results)
    licence["wording_may_be_shipped"] = True
    assert "Wording of somebody else" in page(results)


def test_what_a_declaration_says_is_text_and_not_markup():
    results = copy.deepcopy(recorded.results("demo"))
    scale = next(iter(results["declared"]["instruments"]))
    instrument = results["declared"]["instruments"][scale]
    instrument["construct"] = "<script>alert(1)</script>"
    instrument["licence"]["wording_may_be_shipped"] = True
    results["stages"]["validate"]["results"]["items"][scale][0]["text"] = (
        "<img src=x onerror=alert(2)> *bold*"
    )
    told = page(results)
    assert "<script>alert" not in told
    assert "<img src=x" not in told
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert "*bold*" in told
