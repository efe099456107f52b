"""Which estimator a factor model takes, what stands beside it, and where the two disagree."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import (
    PsychometricsError,
    both_estimators,
    both_of_all,
    choose_estimator,
    confirmatory,
    disagreements,
    joint,
)

BFI = {
    name: [f"{letter}{k}" for k in range(1, 6)]
    for name, letter in (("agree", "A"), ("consc", "C"), ("neuro", "N"))
}
SYMMETRIC = (-1.3, -0.4, 0.4, 1.3)


def answers(cuts: tuple[float, ...] = SYMMETRIC, n: int = 600, items: int = 5, seed: int = 3) -> pd.DataFrame:
    """Items of one factor, cut into ordered categories."""
    rng = np.random.default_rng(seed)
    latent = 0.7 * rng.normal(size=(n, 1)) + np.sqrt(0.51) * rng.normal(size=(n, items))
    return pd.DataFrame(
        np.digitize(latent, cuts).astype(float) + 1, columns=[f"i{k}" for k in range(1, items + 1)]
    )


CASES = [
    (SYMMETRIC, 600, "MLR", "5 or more answers in use and none is skewed"),
    ((-0.5, 0.5), 600, "WLSMV", "only 3 answers in use"),
    ((0.0,), 600, "WLSMV", "only 2 answers in use"),
    ((0.5, 1.0, 1.5, 2.0), 800, "WLSMV", r"are skewed \(\d\.\d\d, more than 1 in size\)"),
    ((-0.5, 0.5), 150, "MLR", "but 150 rows are fewer than the 200"),
    ((1.2, 1.6, 2.0, 2.4), 210, "MLR", "of the cells of the tables of two items are empty"),
    (tuple(np.linspace(-1.4, 1.4, 8)), 600, "MLR", "9 answers in use, and more than 7 count as numbers"),
]


@pytest.mark.parametrize(("cuts", "n", "used", "reason"), CASES)
def test_auto_goes_by_categories_skew_rows_and_empty_cells(cuts, n, used, reason):
    found = choose_estimator(answers(cuts, n))
    assert (found.asked, found.used) == ("auto", used)
    assert re.search(reason, found.reason)


@pytest.mark.parametrize("asked", ["MLR", "WLSMV"])
def test_what_is_declared_is_taken(asked):
    found = choose_estimator(answers(), asked)
    assert (found.used, found.reason) == (asked, "it is declared")


def test_what_the_choice_rests_on_is_counted():
    items = answers((0.5, 1.0), 300, items=3)
    items.iloc[0] = np.nan
    items.loc[items["i1"] == 3, "i2"] = 1.0
    found = choose_estimator(items)
    empty = total = 0
    for one, other in (("i1", "i2"), ("i1", "i3"), ("i2", "i3")):
        table = pd.crosstab(items[one], items[other]).to_numpy()
        empty, total = empty + int((table == 0).sum()), total + table.size
    assert found.empty == pytest.approx(empty / total)
    assert empty >= 2
    assert found.skew == pytest.approx(items[found.skewed].skew())
    assert (found.categories, found.most, found.n) == (3, 3, 299)


def test_both_estimators_are_those_of_lavaan():
    """MLR and WLSMV of the same 800 rows, scaled and robust columns."""
    kept, items = load_reference("b_ordinal"), load_data("bfi15_n800")
    both = both_estimators(items, BFI, asked="WLSMV")
    assert both.other is not None
    for model, key in ((both.model, "wlsmv_800"), (both.other, "cont_mlr_800")):
        theirs = kept[key]["fit"]
        assert model.read == "robust"
        assert_close("scaled chi-square", model.fit.chisq, theirs["chisq.scaled"])
        assert model.fit.df == theirs["df"]
        for name in ("cfi", "tli", "rmsea"):
            robust = theirs[f"{name}.robust"]
            assert_close("scaled and robust fit indices", getattr(model.fit, name), robust)
            assert_close(
                "scaled and robust fit indices", getattr(model.scaled, name), theirs[f"{name}.scaled"]
            )
            assert_close("fit indices", getattr(model.plain, name), theirs[name])
        loadings = {row["rhs"]: row for row in kept[key]["standardized"] if row["op"] == "=~"}
        mine = model.frame.set_index("item")
        for item, row in loadings.items():
            turned = np.sign(mine.loc[item, "std"]) * np.sign(row["est.std"])
            assert_close("estimates of GLS, ULS, WLS, WLSMV", turned * mine.loc[item, "std"], row["est.std"])
            assert_close("robust standard errors", mine.loc[item, "std_se"], row["se"])


def test_conclusions_that_differ_are_told():
    model = confirmatory(load_data("bfi15_n800"), BFI)
    moved = model.frame.assign(std=model.frame["std"] * np.where(model.frame["item"] == "A2", -1, 1))
    moved.loc[moved["item"] == "A3", "std"] = 0.2
    other = replace(model, frame=moved, fit=replace(model.fit, cfi=0.96, rmsea=0.09, srmr=0.09, pvalue=0.2))
    found = {(one.what, one.item): one for one in disagreements(model, other)}
    assert set(found) == {
        ("cfi", None),
        ("rmsea", None),
        ("srmr", None),
        ("pvalue", None),
        ("sign", "A2"),
        ("loading", "A3"),
    }
    assert found["cfi", None].other == 0.96
    assert disagreements(model, model) == ()


def test_where_wlsmv_has_no_solution_mlr_takes_its_place():
    items = answers((-0.5, 0.5), 400)
    wide = items.assign(i1=np.random.default_rng(1).normal(size=400).round(2) + items["i1"])
    both = both_estimators(wide, {"f": list(wide)}, asked="WLSMV")
    assert (both.model.estimator, both.choice.used, both.other) == ("MLR", "MLR", None)
    assert "WLSMV has no solution: 'i1' has" in both.choice.reason


def test_clusters_decide_which_rows_wlsmv_uses_and_nothing_else():
    items, clusters = answers((-0.5, 0.5), 300), pd.Series([f"t{k % 60}" for k in range(300)])
    clusters[:20] = None
    both = both_estimators(items, {"f": list(items)}, clusters)
    assert (both.model.estimator, both.model.n, both.model.clusters) == ("WLSMV", 280, None)
    assert both.other is not None
    assert (both.other.n, both.other.clusters) == (280, 60)
    alone = confirmatory(items[clusters.notna()], {"f": list(items)}, estimator="WLSMV")
    assert both.model.fit == alone.fit


def test_all_scales_together_stand_on_the_same_rows():
    items = load_data("bfi15_withNA").head(300)
    clusters = pd.Series([f"t{k % 60}" for k in range(300)], index=items.index)
    clusters[:30] = None
    data = joint(items, BFI, clusters)
    both = both_of_all(items, data, clusters, "MLR")
    assert both.other is not None
    assert (both.model.estimator, both.model.handling) == ("MLR", "fiml")
    assert (both.other.estimator, both.other.handling) == ("WLSMV", "pairwise")
    assert both.model.n == both.other.n == data.n < 300
    approximate = both_of_all(items, joint(items, BFI, clusters, most_patterns=1), clusters, "MLR")
    assert (approximate.model.estimator, approximate.model.read) == ("ML", "plain")


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(5)), step=st.floats(0.2, 4), cut=st.sampled_from([(-0.5, 0.5), SYMMETRIC]))
def test_the_choice_depends_on_neither_order_nor_labels(order, step, cut):
    items = answers(cut, 300)
    moved = items.iloc[:, list(order)] * step - 7
    one, other = choose_estimator(items), choose_estimator(moved)
    assert (one.used, one.categories, one.empty, one.n) == (
        other.used, other.categories, other.empty, other.n,
    )  # fmt: skip
    assert abs(one.skew) == pytest.approx(abs(other.skew))


@pytest.mark.parametrize(
    ("items", "asked", "message"),
    [
        (answers(), "ML", "not 'ML'"),
        (answers() * np.nan, "auto", "no row has an answer"),
    ],
)
def test_mistakes(items, asked, message):
    with pytest.raises(PsychometricsError, match=message):
        choose_estimator(items, asked)
