"""Scale validation in the report: tables, sentences and the picture follow the numbers."""

from __future__ import annotations

import copy

import pytest
import recorded

from pipeline.reporting import markup
from pipeline.reporting.prose import answers, results, scales
from pipeline.reporting.record import Record
from pipeline.reporting.tables import (
    agreement,
    careless,
    competing,
    dimensions,
    exploratory,
    invariance,
    missing,
    reliability,
    validity,
)

FIT = {"chisq": 12.5, "df": 8, "cfi": 0.981, "rmsea": 0.04, "srmr": 0.02}
STEP = {
    "name": "scalar",
    "fit": FIT,
    "statistic": 9.5,
    "df": 3,
    "pvalue": 0.02,
    "delta_cfi": -0.02,
    "delta_rmsea": 0.004,
    "delta_srmr": 0.001,
    "holds": False,
    "freed": [],
    "reason": None,
}
LADDER = {
    "scale": "leadership",
    "grouping": "company",
    "waves": None,
    "note": None,
    "reached": "metric",
    "groups": [{"name": "1", "n": 90}, {"name": "2", "n": 110}],
    "n": 200,
    "steps": [STEP],
    "ordinal": None,
    "partial": [STEP | {"freed": ["lead01 ~ 1"], "holds": True}],
}


def record(part: str, value: object, stage: str = "validate") -> Record:
    found = recorded.results("army-leadership")
    found["stages"][stage]["results"][part] = value
    return Record(found)


def cells(table) -> dict[str, list[str]]:
    assert table is not None
    return {markup.plain(r.cells[0].text): [markup.plain(c.text) for c in r.cells[1:]] for r in table.body}


def test_omega_stands_first_and_by_level():
    found = cells(reliability.table(recorded.record("army-leadership")))["Leadership Climate"]
    assert found[:7] == ["11", "2,042", ".90", "[.90, .91]", ".84", ".90", ".98"]
    assert found[-2:] == [".90", "[.90, .91]"]


def test_agreement_and_its_verdict():
    told = recorded.record("army-leadership")
    assert cells(agreement.table(told))["Leadership Climate"][:5] == [
        "49",
        ".09",
        "[.06, .14]",
        ".80",
        "[.71, .87]",
    ]
    assert cells(agreement.indices_table(told))["Leadership Climate"] == [
        ".87",
        ".41",
        ".39",
        ".38",
        "0.89",
        ".45",
    ]
    assert any(
        "Averaging leadership climate" in words and "over companies is defensible" in words
        for words in scales.agreement(told)
    )


def test_competing_models_and_the_preferred_one():
    told = recorded.record("army-leadership")
    found = cells(competing.table(told))
    assert found["Bifactor"][:4] == ["1,020.49", "33", ".89", "0.14"]
    assert "general factor beside one for each facet (bifactor) (CFI = .89" in scales.structure(told)[0]


def test_dimensions_and_validity():
    told = recorded.record("army-leadership")
    assert cells(dimensions.table(told))["Leadership Climate"][:2] == ["11", ".88"]
    matrix = cells(validity.table(told))
    assert matrix["2. Task Significance"][:4] == [".83", ".83", ".63", ".60"]
    assert matrix["1. Leadership Climate"][1] == ".90"
    assert matrix["1. Leadership Climate"][4] == ".58"
    assert "every interval lies below .85" in scales.convergence(told)[0]


def test_the_marker_is_told_beside_the_method_factor():
    results = copy.deepcopy(recorded.results("army-leadership"))
    for found in results["stages"]["validate"]["results"]["validity"].values():
        found["marker"] = {"share": 0.043, "largest_change": 0.06}
    words = " ".join(scales.convergence(Record(results)))
    assert "the declared marker in its place (Williams et al., 2010) the share is 4.3%" in words
    assert "and the largest change .06." in words


def test_exploratory_factors_beside_the_declared_facets_and_a_general_factor():
    efa = {
        "factors": 2,
        "loadings": [{"item": f"lead0{k}", "F1": 0.7, "F2": 0.1, "communality": 0.5} for k in (1, 2)],
        "congruence": [
            {"factor": "F1", "facet": "care", "phi": 0.964},
            {"factor": "F2", "facet": "vision", "phi": -0.88},
        ],
        "general": {"explained_common_variance": 0.614, "loadings": []},
    }
    table = exploratory.table(record("dimensionality", {"leadership": {"efa": efa}}))
    assert table is not None
    assert "F1 with care .96 and F2 with vision −.88." in table.general
    assert "explains 61% of what its items have in common (Schmid & Leiman, 1957)" in table.general


def test_partial_invariance_names_what_it_released():
    told = record("invariance", [LADDER])
    found = cells(invariance.table(told))
    assert found["Scalar"] == [
        "12.50",
        "8",
        ".98",
        "0.04",
        "0.02",
        "9.50",
        "3",
        ".020",
        "−.020",
        ".004",
        ".001",
    ]
    assert "Partial scalar: intercept of lead01 released" in found
    words = markup.plain(answers.invariance(told)[0])
    assert "means cannot. With the intercept of lead01 released the scalar step holds." in words


CARELESS = {
    "n": 100,
    "items": 19,
    "needed": 2,
    "flagged": 7,
    "share": 0.07,
    "synonym_pairs": 4,
    "skipped": [],
    "indices": [{"index": "even_odd", "rule": "even-odd consistency below .30", "n": 9, "share": 0.09}],
}


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("supported", "every hypothesis has the same verdict"), ("inconclusive", "the verdict changes for H1")],
)
def test_careless_answers_and_whether_a_verdict_hangs_on_them(verdict, words):
    side = {"est": -0.11, "ci_lower": -0.16, "ci_upper": -0.07, "verdict": "supported"}
    rows = [
        {
            "hypothesis": "H1",
            "effect": "a -> b",
            "level": "within",
            "with": side,
            "without": side | {"verdict": verdict},
        }
    ]
    found = recorded.results("army-leadership")
    found["stages"]["validate"]["results"]["careless"] = {"soldier": CARELESS}
    found["stages"]["model"]["results"]["careless"] = {
        "flagged": {"soldier": 7},
        "kind": "latent",
        "rows": rows,
    }
    told = Record(found)
    assert cells(careless.table(told))["Flagged: 2 indices or more"] == ["7", "7.0%"]
    assert words in answers.careless(told)[0]
    assert careless.sensitivity_table(told) is not None


MISSING = {
    "n": 100,
    "complete": 80,
    "answers": 1900,
    "missing": 95,
    "share": 0.05,
    "of_items": True,
    "patterns": 9,
    "by_person": [],
    "score_patterns": [],
    "little": {"chisq": 30.0, "df": 4.0, "pvalue": 0.0001},
    "scales": [
        {"scale": "hostility", "items": 5, "share": 0.05, "most": 0.08, "without_score": 6, "little": None}
    ],
    "dropout": [
        {
            "score": "hostility",
            "n": 90,
            "lacking": 30,
            "chisq": 9.0,
            "df": 1,
            "pvalue": 0.003,
            "rows": [
                {
                    "name": "leadership",
                    "odds_ratio": 0.5,
                    "ci_lower": 0.3,
                    "ci_upper": 0.8,
                    "pvalue": 0.003,
                }
            ],
        }
    ],
}


def test_missing_answers_are_told_with_their_mechanism():
    told = record("missing_answers", {"soldier": MISSING})
    assert cells(missing.table(told))["Hostility"][:4] == ["5", "5.0%", "8.0%", "6"]
    assert cells(missing.dropout_table(told))["Leadership Climate"] == ["0.50", "[0.30, 0.80]", ".003"]
    words = " ".join(answers.missing(told))
    assert "5.0% are missing" in words
    assert "cannot be tested" in words


def test_without_answers_to_items_there_is_nothing_to_say():
    told = recorded.record("army-climate")
    assert reliability.table(told) is None
    assert results.measurement(told)
