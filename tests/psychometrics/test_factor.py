"""The confirmatory factor model against lavaan, known data sets, and hostile ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, confirmatory, one_factor

ITEMS = [f"x{n}" for n in range(1, 10)]
MODELS = {
    "ml": {"visual": ITEMS[:3], "textual": ITEMS[3:6], "speed": ITEMS[6:]},
    "one_factor_ml": {"g": ITEMS},
}
FIT = {"chisq": "chi-square", "cfi": "fit indices", "tli": "fit indices", "rmsea": "fit indices"} | {
    "srmr": "fit indices"
}


@pytest.mark.parametrize("key", MODELS)
def test_the_model_agrees_with_lavaan(key, reference, data):
    theirs = reference("a_cfa_hs_ml")[key]
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key])
    raw = {row["rhs"]: row for row in theirs["parameters"] if row["op"] == "=~"}
    std = {row["rhs"]: row for row in theirs["standardized"] if row["op"] == "=~"}
    frame = ours.frame.set_index("item")
    free = [item for item in ITEMS if raw[item]["se"]]
    assert ours.converged
    assert ours.admissible
    assert ours.n == theirs["nobs"]
    assert_close("estimates", frame["est"], [raw[item]["est"] for item in frame.index])
    assert_close("standard errors", frame.loc[free, "se"], [raw[item]["se"] for item in free])
    assert_close("estimates", frame["std"], [std[item]["est.std"] for item in frame.index])
    assert_close("standard errors", frame["std_se"], [std[item]["se"] for item in frame.index])
    assert frame["se"].isna().sum() == len(MODELS[key])


@pytest.mark.parametrize("key", MODELS)
def test_the_fit_agrees_with_lavaan(key, reference, data):
    theirs = reference("a_cfa_hs_ml")[key]["fit"]
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key]).fit
    assert ours.df == theirs["df"]
    for name, quantity in FIT.items():
        assert_close(quantity, getattr(ours, name), theirs[name])
    assert_close("fit indices", ours.pvalue, theirs["pvalue"])
    assert_close("fit indices", ours.rmsea_lower, theirs["rmsea.ci.lower"])
    assert_close("fit indices", ours.rmsea_upper, theirs["rmsea.ci.upper"])


def test_factor_correlations_agree_with_lavaan(reference, data):
    theirs = {
        (row["lhs"], row["rhs"]): row
        for row in reference("a_cfa_hs_ml")["ml"]["standardized"]
        if row["op"] == "~~" and row["lhs"] != row["rhs"]
    }
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS["ml"]).correlations
    rows = [theirs[first, second] for first, second in zip(ours["factor"], ours["with"], strict=True)]
    assert_close("estimates", ours["est"], [row["est.std"] for row in rows])
    assert_close("standard errors", ours["se"], [row["se"] for row in rows])


def test_leadership_of_lq2002_has_more_than_one_factor(data):
    fit = one_factor(data("lq2002")[[f"LEAD{n:02}" for n in range(1, 12)]]).fit
    assert fit.df == 44
    assert round(fit.chisq, 1) == 2593.5
    assert (round(fit.cfi, 3), round(fit.rmsea, 3)) == (0.786, 0.168)


def test_three_items_have_loadings_and_no_test(data):
    found = one_factor(data("lq2002")[["TSIG01", "TSIG02", "TSIG03"]])
    assert found.fit is None
    assert found.converged
    r = data("lq2002")[["TSIG01", "TSIG02", "TSIG03"]].corr().to_numpy()
    exact = np.sqrt([r[0, 1] * r[0, 2] / r[1, 2], r[0, 1] * r[1, 2] / r[0, 2], r[0, 2] * r[1, 2] / r[0, 1]])
    assert_close("estimates", found.frame["std"], exact)


def made(loadings: list[float], n: int, seed: int = 0) -> pd.DataFrame:
    """Rows whose sample correlations are exactly those of one factor."""
    weights = np.array(loadings)
    cov = np.outer(weights, weights)
    np.fill_diagonal(cov, 1.0)
    raw = np.random.default_rng(seed).normal(size=(n, len(weights)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)
    values, vectors = np.linalg.eigh(cov)
    return pd.DataFrame(
        white @ (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T,
        columns=[f"i{k}" for k in range(len(weights))],
    )


def test_planted_loadings_are_found():
    found = one_factor(made([0.9, 0.7, 0.5, 0.3, -0.4], 200))
    assert_close("estimates", found.frame["std"], [0.9, 0.7, 0.5, 0.3, -0.4])
    assert found.fit.chisq == pytest.approx(0, abs=1e-6)
    assert found.fit.cfi == 1
    assert found.fit.rmsea == 0


def with_correlations(matrix: list[list[float]], n: int) -> pd.DataFrame:
    """Rows whose sample correlations are exactly these."""
    raw = np.random.default_rng(0).normal(size=(n, len(matrix)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)
    return pd.DataFrame(
        white @ np.linalg.cholesky(np.array(matrix)).T, columns=list("abcdefgh")[: len(matrix)]
    )


def test_a_heywood_case_is_named_and_what_to_try():
    found = one_factor(with_correlations([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]], 300))
    assert found.converged
    assert not found.admissible
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("item a: its residual variance ran into zero (a Heywood case)")
    assert "try without a" in found.warnings[0]
    assert found.frame["std_se"].isna().tolist() == [True, False, False]


def test_numbers_that_semopy_did_not_finish_are_withheld():
    items = made([0.5, 0.5, 0.5, 0.5], 300)
    items["i3"] = items["i0"] * 0.98 + 0.02 * items["i3"]
    found = one_factor(items)
    assert not found.converged
    assert found.fit is None
    assert found.frame["std"].isna().all()
    assert "i0 and i3 correlate 0.9998" in found.warnings[0]


def test_factors_that_cannot_be_told_apart_are_named():
    items = made([0.7] * 6, 400, seed=5)
    items += 0.05 * np.random.default_rng(1).normal(size=items.shape)
    rng = np.random.default_rng(8)
    shared = rng.normal(size=400)
    for item in ("i0", "i3"):
        items[item] += 0.6 * shared
    found = confirmatory(items, {"one": ["i0", "i1", "i2"], "two": ["i3", "i4", "i5"]})
    assert not found.admissible
    assert any("one and two correlate beyond 1" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (made([0.7, 0.7], 50), "no factor model with 2 items"),
        (made([0.7, 0.7], 50)[["i0"]], "no factor model with 1 item:"),
        (made([0.7] * 6, 7).iloc[:6], "only 6 of 6 rows answer all 6 items"),
        (made([0.7] * 4, 50).assign(i4=3.0), "same answer to i4"),
        (made([0.7] * 4, 50).assign(i4=lambda d: d["i0"]), "i0 and i4 correlate 1.0000"),
    ],
)
def test_what_has_no_factor_model_is_refused(items, message):
    with pytest.raises(PsychometricsError, match=message):
        one_factor(items)


def test_nothing_reaches_the_terminal(capfd, recwarn):
    items = made([0.5, 0.5, 0.5, 0.5], 300)
    items["i3"] = items["i0"] * 0.98 + 0.02 * items["i3"]
    one_factor(items)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_rows_with_a_blank_are_left_out_and_counted():
    items = made([0.8, 0.7, 0.6, 0.5], 100)
    items.loc[:9, "i2"] = np.nan
    found = one_factor(items)
    assert (found.n, found.missing) == (90, 10)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(1, 5)), st.floats(0.001, 1000), st.floats(-1e3, 1e3))
def test_standardized_loadings_do_not_depend_on_unit_order_or_name(order, unit, shift):
    items = made([0.8, 0.7, 0.6, 0.5, 0.4], 150, seed=2)
    names = {f"i{k}": f"odd name; =~ {k}" for k in range(5)}
    moved = items[["i0", *(f"i{k}" for k in order)]] * unit + shift
    found = one_factor(moved.rename(columns=names)).frame.set_index("item")["std"]
    assert_close("estimates", found.sort_index(), [0.8, 0.7, 0.6, 0.5, 0.4])
