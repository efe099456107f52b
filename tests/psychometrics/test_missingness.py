"""Little's test and EM moments against lavaan; what they do not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError
from pipeline.psychometrics import missingness as mi

KEPT = load_reference("a_fiml_little")
ITEMS = [f"x{k}" for k in range(1, 10)]


@pytest.mark.parametrize(
    ("key", "dataset", "more"), [("mcar", "HS_mcar10", []), ("mar", "HS_mar", ["ageyr"])]
)
def test_little_agrees_with_its_definition_on_lavaan_moments(key, dataset, more):
    theirs = KEPT["little_mcar"][key]
    ours = mi.little_mcar(load_data(dataset)[ITEMS + more])
    assert_close("chi-square", [ours.chisq, ours.pvalue], [theirs["chisq"], theirs["p"]])
    assert (ours.df, ours.patterns) == (theirs["df"], theirs["patterns"])


@pytest.mark.parametrize(("key", "dataset"), [("em_mcar", "HS_mcar10"), ("em_mar", "HS_mar")])
def test_moments_agree_with_lavaan(key, dataset):
    ours = mi.little_mcar(load_data(dataset)[ITEMS])
    assert_close("estimates", ours.mean, list(KEPT[key]["mean"].values()))
    assert_close("estimates", ours.cov, KEPT[key]["cov"]["values"])


def test_patterns_count_what_is_missing_together():
    items = pd.DataFrame({"a": [1, 2, np.nan, 4], "b": [1, np.nan, np.nan, 2], "c": [1, 2, 3, 4]})
    found = mi.missing_patterns(items)
    assert found.frame.iloc[0].tolist() == [True, True, True, 2]
    assert found.frame["n"].sum() == found.n == 4
    assert found.complete == 2
    assert found.by_item["missing"].tolist() == [1, 2, 0]
    assert found.by_person.to_dict() == {0: 2, 1: 1, 2: 1}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"a": [1, 2, 3], "b": [2, 1, 4]}, "no answer is missing"),
        ({"a": [1, 1, 1, np.nan], "b": [2, 1, 4, 3]}, "items that vary"),
        ({"a": [1, np.nan], "b": [2, 1]}, "more rows than items"),
        ({"a": [1, 2, 4, np.nan, np.nan], "b": [np.nan, np.nan, np.nan, 2, 1]}, "never answered together"),
    ],
)
def test_what_cannot_be_tested_is_refused(items, message):
    with pytest.raises(PsychometricsError, match=message):
        mi.little_mcar(pd.DataFrame(items, dtype=float))


def test_the_test_keeps_its_level_and_finds_what_depends_on_another_item():
    rng = np.random.default_rng(6)
    low = 0
    for _ in range(100):
        items = pd.DataFrame(
            rng.multivariate_normal([0, 0, 0], 0.5 + 0.5 * np.eye(3), 200), columns=list("abc")
        )
        low += mi.little_mcar(items.mask(rng.random(items.shape) < 0.1)).pvalue < 0.05
    assert low <= 12
    items.loc[items["a"] > 0.8, "b"] = np.nan
    assert mi.little_mcar(items).pvalue < 1e-6


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.permutations("abcd"),
    st.permutations(range(80)),
    st.lists(st.sampled_from([-3.0, 0.2, 10.0]), min_size=4, max_size=4),
)
def test_little_depends_on_neither_order_nor_unit_nor_direction(seed, order, rows, units):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.normal(size=(80, 1)) + rng.normal(size=(80, 4)), columns=list("abcd"))
    items = items.mask(rng.random(items.shape) < 0.1)
    other = (items * units + 5)[list(order)].iloc[list(rows)]
    first, second = mi.little_mcar(items), mi.little_mcar(other)
    assert second.chisq == pytest.approx(first.chisq, rel=1e-5)
    assert (second.df, second.patterns) == (first.df, first.patterns)
