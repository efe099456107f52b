"""Indices of careless answering against textbook definitions in base R; what they do with gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError
from pipeline.psychometrics import responding as ca

KEPT = load_reference("l_screening_careless")["careless"]
SCALES = {letter: [f"{letter}{k}" for k in range(1, 6)] for letter in "ACENO"}
REVERSE = dict.fromkeys(["A1", "C4", "C5", "E1", "E2", "O2", "O5"], (1.0, 6.0))


@pytest.fixture(scope="module")
def found() -> ca.Careless:
    rules = ca.CarelessRules(synonym_correlation=KEPT["synonyms"]["critical_r"])
    return ca.careless(load_data("bfi25_complete"), SCALES, REVERSE, rules=rules)


HEADS = {
    "longstring": KEPT["longstring"]["head"],
    "average_string": KEPT["avgstr_head"],
    "irv": KEPT["irv"]["head"],
    "even_odd": KEPT["even_odd"]["head"],
    "synonyms": KEPT["synonyms"]["head"],
    "mahalanobis": KEPT["mahalanobis"]["head"],
}


@pytest.mark.parametrize("index", HEADS)
def test_each_index_agrees_with_its_definition(index, found):
    assert_close("reliability", found.frame[index].head(20), HEADS[index])


def test_summaries_agree(found):
    frame = found.frame
    assert_close("reliability", frame["longstring"].mean(), KEPT["longstring"]["mean"])
    assert_close("reliability", frame["irv"].mean(), KEPT["irv"]["mean"])
    assert frame["longstring"].max() == KEPT["longstring"]["max"]
    assert (frame["longstring"] >= 8).sum() == KEPT["longstring"]["n_ge_8"]
    assert found.counts.loc["mahalanobis", "n"] == KEPT["mahalanobis"]["n_p001"]
    assert frame["even_odd"].isna().sum() == KEPT["even_odd"]["n_na"]
    assert [" ".join(pair) for pair in found.pairs] == KEPT["synonyms"]["pairs"]
    assert len(frame) == KEPT["n"]


def test_flags_count_towards_the_verdict(found):
    assert found.frame["raised"].tolist() == found.flags.sum(axis="columns").tolist()
    assert (found.frame["flagged"] == (found.frame["raised"] >= 2)).all()
    assert found.skipped == ()
    assert set(found.flags) == {"longstring", "even_odd", "synonyms", "mahalanobis"}


def test_those_who_answer_without_reading_are_found():
    rng = np.random.default_rng(8)
    true = rng.normal(size=(300, 4)).repeat(5, axis=1)
    answers = np.clip(np.round(3 + true + 0.6 * rng.normal(size=true.shape)), 1, 5)
    answers[:15] = 3.0
    answers[15:30] = rng.integers(1, 6, (15, 20))
    names = [f"i{k:02d}" for k in range(20)]
    items = pd.DataFrame(answers, columns=names)
    seconds = pd.Series(np.where(np.arange(300) < 30, 20.0, 120.0))
    scales = {f"s{k}": names[5 * k : 5 * k + 5] for k in range(4)}
    flagged = ca.careless(items, scales, seconds=seconds).frame["flagged"]
    assert flagged[:30].mean() >= 0.9
    assert flagged[30:].mean() < 0.05


def test_gaps_end_runs_and_leave_the_rest_to_be_judged():
    items = pd.DataFrame([[2, 2, np.nan, 2, 2, 2], [1, 2, 3, 3, 1, 1], [np.nan] * 6], dtype=float)
    assert ca.longstring(items).tolist() == [3, 2, 0]
    assert ca.average_string(items).tolist()[:2] == [2.5, 1.5]
    assert ca.irv(items).iloc[0] == 0
    assert np.isnan(ca.average_string(items).iloc[2])
    rng = np.random.default_rng(1)
    gaps = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc"))
    whole = ca.mahalanobis(gaps)
    gaps.loc[0, "b"] = np.nan
    one = ca.mahalanobis(gaps)
    assert one.loc[0, "df"] == 2
    assert one.loc[0, "mahalanobis"] < whole.loc[0, "mahalanobis"] + 1


def test_what_cannot_be_had_is_said():
    items = pd.DataFrame(np.random.default_rng(1).integers(1, 6, (4, 5)), columns=list("abcde"))
    found = ca.careless(items, {"one": ["a", "b"]}, {"z": (1.0, 5.0)})
    assert [text.split(":")[0] for text in found.skipped] == ["synonyms", "even_odd", "mahalanobis"]
    assert found.frame["synonyms"].isna().all()
    with pytest.raises(PsychometricsError, match="fewer than three"):
        ca.careless(items[["a", "b"]])
    with pytest.raises(PsychometricsError, match="three scales"):
        ca.even_odd(items, {"one": ["a", "b"]})
    with pytest.raises(PsychometricsError, match="more rows than items"):
        ca.mahalanobis(items)


def test_antonyms_are_pairs_below_a_negative_bound(data):
    items = data("bfi25_complete")
    against = ca.synonyms(items.assign(N2=7 - items["N2"], N3=7 - items["N3"]), -0.55)
    assert against.pairs == (("N1", "N2"), ("N1", "N3"))
    assert against.frame.columns.tolist() == ["antonyms"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(60)), st.permutations("abcdef"))
def test_a_person_is_judged_alike_wherever_the_row_and_the_items_stand(seed, rows, order):
    items = pd.DataFrame(np.random.default_rng(seed).integers(1, 6, (60, 6)), columns=list("abcdef")).astype(
        float
    )
    mixed = items.iloc[list(rows)]
    pd.testing.assert_series_equal(ca.longstring(mixed).sort_index(), ca.longstring(items))
    far = ca.mahalanobis(mixed[list(order)] * 3 + 1).sort_index()["mahalanobis"]
    np.testing.assert_allclose(far, ca.mahalanobis(items)["mahalanobis"], atol=1e-9)
    np.testing.assert_allclose(ca.irv(items[list(order)] * 2), 2 * ca.irv(items), atol=1e-12)


def test_distances_are_those_of_psych():
    theirs = load_reference("f_reliability_validity")["outlier_d2_head"]
    items = load_data("bfi_keyed")[[item for own in SCALES.values() for item in own]].dropna()
    found = ca.mahalanobis(items)["mahalanobis"]
    assert len(found) == theirs["n"]
    assert_close("EFA", found.mean(), theirs["mean"])
    assert_close("EFA", found.nlargest(10), list(theirs["top10"].values()))
