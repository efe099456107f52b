"""No ordinal reference number is left aside: a test names and compares each key, or a reason says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..references import load
from .references import CASES

TESTS = Path(__file__).parents[2]
COMPARED = {
    "b_ordinal": {
        "poly_800": "sem/ordinal/test_correlations.py",
        "poly_full": "sem/ordinal/test_correlations.py",
        "poly_pairwise": "sem/ordinal/test_correlations.py",
        "psych_polychoric_800": "sem/ordinal/test_correlations.py",
        "psych_polychoric_800_correct0.5": "sem/ordinal/test_correlations.py",
        "polychor_A2_A3": "sem/ordinal/test_correlations.py",
        "gamma_800": "sem/ordinal/test_correlations.py",
        "neuro_gamma": "sem/ordinal/test_correlations.py",
        "neuro_categories": "sem/ordinal/test_correlations.py",
        "difftest_satorra2000": "sem/ordinal/test_inference.py",
        "ordinal_invariance": "sem/ordinal/test_inference.py",
        "cont_mlr_800": "psychometrics/test_estimators.py",
    },
    "e_invariance": {
        "datCat_lrt": "sem/ordinal/test_inference.py",
        "datCat_theta_lrt": "sem/ordinal/test_inference.py",
    },
    "f_reliability_validity": {
        "semtools_ord": "psychometrics/test_polychoric.py",
        "htmt_ord": "psychometrics/test_polychoric.py",
    },
    "h_efa": {"polychoric15": "psychometrics/test_polychoric.py"},
    "j_irt_dif": {"psych_irt_fa": "psychometrics/test_polychoric.py"},
}
NOT_COMPARED = {
    "meta": "how the file was made",
    "timing": "seconds of another machine: tests/benchmarks times both in one run",
    "data_full": "a file's name",
    "data_800": "a file's name",
    "data_pairwise": "a file's name",
    "data_mixed": "a file's name",
    "data_neuro_gender": "a file's name",
}


@pytest.mark.parametrize("key", list(load("b_ordinal")))
def test_each_key_of_b_ordinal_is_compared_or_has_a_reason(key):
    fits = {case.path[0] for case in CASES.values() if case.file == "b_ordinal"}
    assert (key in fits) + (key in COMPARED["b_ordinal"]) + (key in NOT_COMPARED) >= 1
    assert not (key in NOT_COMPARED and key in {*fits, *COMPARED["b_ordinal"]})


@pytest.mark.parametrize(
    ("file", "key", "test"),
    [(file, key, test) for file, own in COMPARED.items() for key, test in own.items()],
)
def test_the_test_of_a_key_names_it(file, key, test):
    assert key in load(file)
    text = (TESTS / test).read_text(encoding="utf-8")
    assert f'"{key}"' in text


def test_ladders_of_ordered_items_are_all_compared():
    kept = load("e_invariance")
    fits = {case.path for case in CASES.values() if case.file == "e_invariance"}
    assert fits == {(kind, step) for kind in ("datCat", "datCat_theta") for step in kept[kind]}
