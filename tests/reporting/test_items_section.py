"""Items in the report: response models, differential functioning, effect sizes, published loadings, WABA."""

from __future__ import annotations

import copy

import pytest
import recorded

from pipeline.reporting import markup
from pipeline.reporting.codebook import reliability_words, structure_words
from pipeline.reporting.prose import answers, items
from pipeline.reporting.prose.references import bibtex, cited
from pipeline.reporting.record import Record
from pipeline.reporting.tables import (
    differential,
    invariance,
    item_response,
    noninvariance,
    published,
    within_between,
)
from pipeline.reporting.validation_pictures import information
from pipeline.stages.report import compose

STUDY = "army-leadership"


def record(part: str, value: object) -> Record:
    found = recorded.results(STUDY)
    found["stages"]["validate"]["results"][part] = value
    return Record(found)


def cells(table) -> dict[str, list[str]]:
    assert table is not None
    return {markup.plain(r.cells[0].text): [markup.plain(c.text) for c in r.cells[1:]] for r in table.body}


def test_each_scale_has_a_table_of_its_model():
    told = recorded.record(STUDY)
    tables = item_response.tables(told)
    assert [table.id for table in tables] == ["irt_leadership", "irt_task_significance", "irt_hostility"]
    model = told.part("validate", "irt")["hostility"]
    first, rows = model["items"][0], cells(tables[2])
    assert list(rows) == [*(item["item"] for item in model["items"]), "All items"]
    assert rows[first["item"]][0] == f"{first['a']:.2f} ({first['a_se']:.2f})"
    assert rows["All items"][-3:] == [f"{model['information']['test'][k]:.2f}" for k in (5, 15, 25)]
    assert "lie in companies is ignored" in tables[2].general
    assert "Marginal reliability .80" in tables[2].general


def test_an_answer_that_nobody_gave_leaves_its_threshold_empty():
    told = recorded.results(STUDY)
    model = told["stages"]["validate"]["results"]["irt"]["hostility"]
    del model["items"][0]["thresholds"][1]
    rows = cells(item_response.tables(Record(told))[2])
    assert rows[model["items"][0]["item"]][2] == "—"
    assert rows[model["items"][1]["item"]][2] != "—"


def test_items_that_are_withheld_have_no_row_and_the_note_says_why():
    told = recorded.results(STUDY)
    model = told["stages"]["validate"]["results"]["irt"]["hostility"]
    gone = model["items"].pop()["item"]
    before, after = (item_response.tables(one)[2] for one in (recorded.record(STUDY), Record(told)))
    assert set(cells(before)) - set(cells(after)) == {gone}
    assert "safety item" in str(after.general)
    assert "safety item" not in str(before.general)


def test_the_sentences_tell_precision_and_the_picture_shows_it():
    told = recorded.record(STUDY)
    about, precise = items.item_response_models(told)
    assert "an information of 4 goes with a reliability of .80" in about
    assert ".92 for leadership climate" in precise
    assert "−0.5 to 2.3 in hostility" in precise
    figure, drawn = information(told)
    assert "Hostility: −0.5 to 2.3" in figure.alt
    assert drawn.png.startswith(b"\x89PNG")
    nowhere = copy.deepcopy(told.results["stages"]["validate"]["results"]["irt"])
    nowhere["hostility"]["information"]["precise"] = None
    assert "nowhere in hostility" in items.item_response_models(record("irt", nowhere))[1]


def test_without_models_there_is_no_section():
    told = record("irt", {})
    assert item_response.tables(told) == items.item_response_models(told) == []
    assert information(told) is None


ITEM = {
    "item": "hostil01",
    "lr_uniform": 30.0,
    "p_uniform": 0.0001,
    "lr_nonuniform": 2.0,
    "p_nonuniform": 0.157,
    "lr_total": 32.0,
    "p_holm": 0.0004,
    "r2_change": 0.051,
    "mcfadden_change": 0.03,
    "size": "moderate",
    "mantel_haenszel": None,
}
MODEST = ITEM | {"item": "hostil02", "size": "negligible", "r2_change": 0.004}
QUIET = MODEST | {"item": "hostil03", "p_holm": 0.8, "r2_change": 0.002}
COMPARED = {
    "scale": "hostility",
    "grouping": "company",
    "waves": None,
    "reference": "1",
    "n": None,
    "groups": [{"name": "1", "n": None}, {"name": "2", "n": 110}],
}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([ITEM, QUIET], "answer differently to hostil01 (moderate, Δ*R*² = .051)"),
        ([MODEST, QUIET], "differ on hostil02 by more than chance, but by little"),
        ([QUIET], "no item works differently by more than chance would give; the largest Δ*R*² is .002"),
    ],
)
def test_differential_functioning_in_words(rows, words):
    [text] = items.differential_functioning(record("dif", [COMPARED | {"items": rows}]))
    assert text.startswith("Hostility over company")
    assert words in text


def test_differential_functioning_in_a_table_without_small_cells():
    table = differential.table(record("dif", [COMPARED | {"items": [ITEM, QUIET]}]))
    rows = cells(table)
    assert "1 (—) and 2 (110)" in next(iter(rows))
    assert rows["hostil01"][4:] == ["32.00", "< .001", ".051", ".030", "Moderate"]
    assert "Mantel" not in table.general
    counted = ITEM | {
        "mantel_haenszel": {"chisq": 8.5, "pvalue": 0.004, "odds_ratio": 1.9, "grade": "C", "reason": None}
    }
    table = differential.table(record("dif", [COMPARED | {"items": [counted]}]))
    assert cells(table)["hostil01"][-4:] == ["8.50", ".004", "1.90", "C"]
    assert "Mantel & Haenszel, 1959" in table.general
    assert differential.table(record("dif", [])) is None


STEP = {
    "fit": {"chisq": 12.5, "df": 8, "cfi": 0.98, "rmsea": 0.04, "srmr": 0.02},
    "df": 3,
    "holds": False,
    "freed": [],
    "reason": None,
    "statistic": None,
}
EFFECTS = [
    {"factor": "f", "item": item, "reference": "1", "focal": focal, "dmacs": d, "shift": s, "size": size}
    for item, focal, d, s, size in (
        ("hostil01", "2", 0.12, -0.1, "negligible"),
        ("hostil01", "3", 0.41, 0.4, "medium"),
        ("hostil02", "2", 0.25, 0.2, "small"),
    )
]
LADDER = {
    "scale": "hostility",
    "grouping": "company",
    "waves": None,
    "reached": "metric",
    "n": 200,
    "groups": [{"name": name, "n": 90} for name in "123"],
    "steps": [STEP | {"name": "configural"}, STEP | {"name": "metric", "holds": True}],
    "partial": [STEP | {"name": "scalar", "freed": ["hostil02 ~ 1"]}],
    "ordinal": None,
    "dmacs": EFFECTS,
    "note": None,
}


def test_the_largest_effect_size_stands_in_the_ladder_and_each_in_a_table():
    told = record("invariance", [LADDER])
    ladder = cells(invariance.table(told))
    assert ladder["Configural"][-1] == "0.41"
    assert ladder["Metric"][-1] == "—"
    assert ladder["Partial scalar: intercept of hostil02 released"][-1] == "0.25"
    rows = cells(noninvariance.table(told))
    assert rows["Hostility over company, against 1"] == []
    assert rows["hostil01"] == ["0.41", "3", "0.40", "Medium"]
    assert "effect size of non-invariance is 0.41 (hostil01; medium)" in answers.invariance(told)[0]
    assert noninvariance.table(record("invariance", [LADDER | {"dmacs": None}])) is None


CITATION = "Doe, J. (2001). A solution made up for a test. Journal of Tests, 1, 1-2."
BESIDE = {
    "citation": CITATION,
    "sample": None,
    "n": 2042,
    "rms": 0.02,
    "warnings": [],
    "factors": [
        {"factor": "officers", "phi": 0.961, "verdict": "equal"},
        {"factor": "ncos", "phi": 0.87, "verdict": "fair"},
    ],
    "items": [
        {
            "item": "lead01",
            "published": {"officers": 0.7, "ncos": None},
            "sample": {"officers": 0.65, "ncos": 0.04},
        }
    ],
}
ONE = BESIDE | {
    "factors": [{"factor": "all", "phi": 0.71, "verdict": "different"}],
    "items": [{"item": "lead01", "published": {"all": 0.7}, "sample": {"all": 0.65}}],
}


def test_published_loadings_stand_beside_those_of_the_sample():
    told = record("published", {"leadership": BESIDE})
    [table] = published.tables(told)
    rows = cells(table)
    assert rows["lead01"] == ["0.70", "0.65", "—", "0.04"]
    assert rows["Tucker’s coefficient"] == ["—", ".96", "—", ".87"]
    [words] = items.congruence_with_published(told)
    assert "(Doe, 2001), have congruences of Officers .96 (the same factor)" in words
    assert "NCOs .87 (a factor of fair similarity)" in words
    assert words in structure_words(told, "leadership")


def test_a_published_source_is_among_the_references():
    told = record("published", {"leadership": ONE})
    [words] = items.congruence_with_published(told)
    assert "have a congruence of .71: not the same factor" in words
    found = cited(told, [words])
    assert CITATION in found.sources
    assert "made up for a test" in bibtex(found)


def test_the_codebook_tells_marginal_reliability():
    words = reliability_words(recorded.record(STUDY), "hostility")
    assert "marginal reliability of the item response model .80" in words


def test_parts_of_a_correlation_add_up_in_print():
    told = recorded.record(STUDY)
    found = told.part("validate", "waba")[0]
    table = within_between.table(told)
    assert table is not None
    laid = [[markup.plain(cell.text) for cell in row.cells] for row in table.body[:4]]
    assert laid[0] == ["Over companies"]
    assert laid[1][0] == "Leadership Climate → task significance"
    printed = [laid[1][3], *(line[4] for line in laid[2:])]
    assert printed == [f"{found[name]:.2f}"[1:] for name in ("raw", "between_part", "within_part")]
    assert laid[1][-2:] == ["Within", "Within"]
    assert within_between.table(record("waba", [])) is None


def test_the_page_has_the_sections():
    told = recorded.results(STUDY)
    told["stages"]["validate"]["results"] |= {
        "dif": [COMPARED | {"items": [ITEM]}],
        "invariance": [LADDER],
        "published": {"leadership": BESIDE},
    }
    placed = {getattr(block, "id", "") for block in compose(told).blocks}
    assert {"irt_hostility", "information", "dif", "dmacs", "waba", "published_leadership"} <= placed
