"""The confirmatory factor model against lavaan, known data sets, and hostile ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import (
    PsychometricsError,
    SecondOpinion,
    confirmatory,
    one_factor,
    second_opinion,
)

ITEMS = [f"x{n}" for n in range(1, 10)]
MODELS = {
    "ml": {"visual": ITEMS[:3], "textual": ITEMS[3:6], "speed": ITEMS[6:]},
    "one_factor_ml": {"g": ITEMS},
}
MEASURES = {"chisq": "chisq", "cfi": "cfi", "tli": "tli", "rmsea": "rmsea"} | {
    "pvalue": "pvalue",
    "rmsea_lower": "rmsea.ci.lower",
    "rmsea_upper": "rmsea.ci.upper",
    "srmr": "srmr",
}
LEAD = [f"LEAD{n:02}" for n in range(1, 12)]


@pytest.mark.parametrize("key", MODELS)
def test_estimates_are_those_of_lavaan(key, reference, data):
    theirs = reference("a_cfa_hs_ml")[key]
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key])
    raw = {row["rhs"]: row for row in theirs["parameters"] if row["op"] == "=~"}
    std = {row["rhs"]: row for row in theirs["standardized"] if row["op"] == "=~"}
    frame = ours.frame.set_index("item")
    assert ours.converged
    assert ours.admissible
    assert (ours.n, ours.missing, ours.handling, ours.left_out) == (theirs["nobs"], 0, "listwise", {})
    assert_close("estimates", frame["est"], [raw[item]["est"] for item in frame.index])
    assert_close("estimates", frame["std"], [std[item]["est.std"] for item in frame.index])
    assert frame["se"].isna().sum() == len(MODELS[key])


@pytest.mark.parametrize(("key", "robust"), [("ml", "mlr"), ("one_factor_ml", "one_factor_mlr")])
def test_robust_errors_are_those_of_lavaan(key, robust, reference, data):
    theirs = reference("a_cfa_hs_ml")[robust]
    frame = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key]).frame.set_index("item")
    raw = {row["rhs"]: row for row in theirs["parameters"] if row["op"] == "=~"}
    std = {row["rhs"]: row for row in theirs["standardized"] if row["op"] == "=~"}
    free = [item for item in ITEMS if raw[item]["se"]]
    assert_close("robust standard errors", frame.loc[free, "se"], [raw[item]["se"] for item in free])
    assert_close("robust standard errors", frame["std_se"], [std[item]["se"] for item in frame.index])


@pytest.mark.parametrize("key", MODELS)
def test_the_plain_fit_is_that_of_lavaan(key, reference, data):
    theirs = reference("a_cfa_hs_ml")[key]["fit"]
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key]).plain
    assert ours.df == theirs["df"]
    for name, name_of_theirs in MEASURES.items():
        quantity = "chi-square" if name == "chisq" else "fit indices"
        assert_close(quantity, getattr(ours, name), theirs[name_of_theirs])


@pytest.mark.parametrize(("key", "robust"), [("ml", "mlr"), ("one_factor_ml", "one_factor_mlr")])
def test_the_fit_that_is_shown_is_the_robust_one_of_lavaan(key, robust, reference, data):
    theirs = reference("a_cfa_hs_ml")[robust]["fit"]
    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS[key]).fit
    assert_close("scaled chi-square", ours.chisq, theirs["chisq.scaled"])
    assert_close("scaled chi-square", ours.scaling, theirs["chisq.scaling.factor"])
    for name in ("cfi", "tli", "rmsea"):
        assert_close("scaled and robust fit indices", getattr(ours, name), theirs[f"{name}.robust"])
    for end in ("lower", "upper"):
        theirs_end = theirs[f"rmsea.ci.{end}.robust"]
        assert_close("scaled and robust fit indices", getattr(ours, f"rmsea_{end}"), theirs_end)


def test_missing_answers_count_with_what_they_leave(reference, data):
    theirs = reference("a_fiml")["fiml_mcar"]
    items = data("HS_mcar10")[ITEMS]
    ours = confirmatory(items, MODELS["ml"])
    assert (ours.handling, ours.n, ours.left_out) == ("fiml", theirs["nobs"], {"no answer": 1})
    assert ours.missing == int(items.isna().any(axis=1).sum()) - 1 > 0
    assert_close("chi-square", ours.plain.chisq, theirs["fit"]["chisq"])
    std = {row["rhs"]: row["est.std"] for row in theirs["standardized"] if row["op"] == "=~"}
    assert_close("estimates", ours.frame["std"], [std[item] for item in ours.frame["item"]])


def test_factor_correlations_agree_with_lavaan(reference, data):
    def rows_of(key):
        table = reference("a_cfa_hs_ml")[key]["standardized"]
        return {
            (row["lhs"], row["rhs"]): row for row in table if row["op"] == "~~" and row["lhs"] != row["rhs"]
        }

    ours = confirmatory(data("HolzingerSwineford1939")[ITEMS], MODELS["ml"]).correlations
    pairs = list(zip(ours["factor"], ours["with"], strict=True))
    assert_close("estimates", ours["est"], [rows_of("ml")[pair]["est.std"] for pair in pairs])
    assert_close("robust standard errors", ours["se"], [rows_of("mlr")[pair]["se"] for pair in pairs])


def test_leadership_of_lq2002_has_more_than_one_factor(data):
    table = data("lq2002")
    found = one_factor(table[LEAD], clusters=table["COMPID"])
    assert (found.plain.df, found.clusters) == (44, 49)
    assert round(found.plain.chisq, 1) == 2593.5
    assert (round(found.plain.cfi, 3), round(found.plain.rmsea, 3)) == (0.786, 0.168)
    assert "only 49 clusters" in found.few_clusters
    first = found.misfit[0]
    assert (first.kind, {first.first, first.second}) == ("residual correlation", {"LEAD08", "LEAD10"})


def test_clusters_of_lq2002_scale_the_test_as_lavaan_does(data):
    """Chi-square, robust CFI and RMSEA of the three-factor model in notes/domain.md 3.1 (lavaan 0.6-14)."""
    table = data("lq2002")
    factors = {
        "leadership": LEAD,
        "significance": [f"TSIG{n:02}" for n in range(1, 4)],
        "hostility": [f"HOSTIL{n:02}" for n in range(1, 6)],
    }
    found = confirmatory(table, factors, table["COMPID"])
    assert_close("scaled chi-square", found.fit.chisq, 2675.395)
    assert (round(found.fit.cfi, 3), round(found.fit.rmsea, 3)) == (0.848, 0.102)
    assert (round(found.plain.chisq, 3), round(found.plain.cfi, 3)) == (3355.788, 0.847)


def test_rows_of_no_known_cluster_are_left_out_and_counted(data):
    table = data("lq2002")
    clusters = table["COMPID"].astype(float)
    clusters.iloc[:100] = np.nan
    found, rest = one_factor(table[LEAD], clusters=clusters), table.iloc[100:]
    assert (found.n, found.left_out) == (1942, {"no cluster": 100})
    assert found.fit == one_factor(rest[LEAD], clusters=rest["COMPID"]).fit


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
    assert found.warnings[0].startswith("the residual variance of 'a' is negative (-0.2")
    assert "'a ~~ 0*a' is one remedy" in found.warnings[0]
    assert found.frame["std"].max() == pytest.approx(1.1314, abs=1e-4)


def runaway() -> pd.DataFrame:
    """Three items whose correlations no real loadings make: the estimates run off without end."""
    return with_correlations([[1, 0.5, 0.5], [0.5, 1, -0.4], [0.5, -0.4, 1]], 300)


def test_numbers_that_did_not_converge_are_withheld():
    found = one_factor(runaway())
    assert not found.converged
    assert found.fit is None
    assert found.plain is None
    assert found.frame["std"].isna().all()
    assert "did not converge, so its numbers are withheld" in found.warnings[0]


def test_factors_that_cannot_be_told_apart_are_named():
    items = made([0.7] * 6, 400, seed=5)
    items += 0.05 * np.random.default_rng(1).normal(size=items.shape)
    rng = np.random.default_rng(8)
    shared = rng.normal(size=400)
    for item in ("i0", "i3"):
        items[item] += 0.6 * shared
    found = confirmatory(items, {"one": ["i0", "i1", "i2"], "two": ["i3", "i4", "i5"]})
    assert not found.admissible
    assert any("'one' and 'two' correlate 1." in text for text in found.warnings)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (made([0.7, 0.7], 50), "no factor model with 2 items"),
        (made([0.7, 0.7], 50)[["i0"]], "no factor model with 1 item:"),
        (made([0.7] * 6, 7).iloc[:6], "only 6 rows answer any of the 6 items"),
        (made([0.7] * 4, 50).assign(i4=3.0), "same answer to i4"),
        (made([0.7] * 4, 50).assign(i4=lambda d: d["i0"]), "i0 and i4 correlate 1.0000"),
    ],
)
def test_what_has_no_factor_model_is_refused(items, message):
    with pytest.raises(PsychometricsError, match=message):
        one_factor(items)


def test_nothing_reaches_the_terminal(capfd, recwarn):
    for items in (runaway(), made([0.8, 0.7, 0.6, 0.5], 100)):
        one_factor(items)
        second_opinion(items, {"factor": list(items.columns)})
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_rows_without_any_answer_are_left_out_and_counted():
    items = made([0.8, 0.7, 0.6, 0.5], 100)
    items.loc[:9, "i2"] = np.nan
    items.loc[50:52] = np.nan
    found = one_factor(items)
    assert (found.n, found.missing, found.left_out) == (97, 10, {"no answer": 3})


def test_items_that_nobody_answered_together_are_named():
    items = made([0.8, 0.7, 0.6, 0.5], 100)
    items.loc[:49, "i1"] = np.nan
    items.loc[50:, "i3"] = np.nan
    with pytest.raises(PsychometricsError, match="i1 and i3 were answered together by 0 rows"):
        one_factor(items)


def test_two_programs_agree_on_complete_rows(data):
    items = data("HS_mcar10")[ITEMS]
    found = second_opinion(items, MODELS["ml"])
    assert (found.program, found.n, found.reason) == ("semopy", len(items.dropna()), None)
    assert found.largest_difference_estimates < 1e-4
    assert found.largest_difference_chisq < 1e-3
    assert found.warning is None


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (with_correlations([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]], 300), "out of bounds"),
        (made([0.7, 0.7, 0.7], 60).mask(np.eye(60, 3, dtype=bool)).iloc[:6], "only 3 rows answer every item"),
    ],
)
def test_where_semopy_cannot_be_trusted_there_is_no_second_opinion(items, reason):
    found = second_opinion(items, {"factor": list(items.columns)})
    assert found.program is None
    assert found.largest_difference_estimates is None
    assert reason in found.reason


def test_programs_that_disagree_are_told():
    assert "does not confirm this model" in SecondOpinion("semopy", 100, 0.02, 0.0).warning
    assert SecondOpinion("semopy", 100, 0.0009, 0.0009).warning is None


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(1, 5)), st.floats(0.001, 1000), st.floats(-1e3, 1e3))
def test_standardized_loadings_do_not_depend_on_unit_order_or_name(order, unit, shift):
    items = made([0.8, 0.7, 0.6, 0.5, 0.4], 150, seed=2)
    names = {f"i{k}": f"odd name; =~ {k}" for k in range(5)}
    moved = items[["i0", *(f"i{k}" for k in order)]] * unit + shift
    found = one_factor(moved.rename(columns=names)).frame.set_index("item")["std"]
    assert_close("estimates", found.sort_index(), [0.8, 0.7, 0.6, 0.5, 0.4])
