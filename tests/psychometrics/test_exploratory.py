"""Exploratory factor analysis against psych and GPArotation; what it does not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError
from pipeline.psychometrics import exploratory as ex
from pipeline.psychometrics.exploratory.correlation_matrix import correlation_matrix
from pipeline.psychometrics.exploratory.factor_analysis import in_order
from pipeline.psychometrics.exploratory.rotation import rotate

ROTATIONS = {"geominQ": "geomin", "raw": "oblimin"}
SOLUTIONS = load_reference("h_efa")["fa"]


def matrix(stored: dict) -> pd.DataFrame:
    return pd.DataFrame(stored["values"], stored["rows"], stored["cols"], dtype=float)


def solution(key: str) -> ex.FactorAnalysis:
    method, name, *_ = key.split("_")
    items = load_data("bfi25_complete")
    rotation = ROTATIONS.get(name, name)
    return (
        ex.efa(items.iloc[:, :10], 2, method, rotation)
        if name == "raw"
        else ex.efa(items, 5, method, rotation)
    )


@pytest.mark.parametrize("key", SOLUTIONS)
def test_each_solution_agrees_with_psych(key):
    theirs, ours = SOLUTIONS[key], solution(key)
    exact = "principal axis" if key.startswith("pa") else "EFA"
    loose = exact if key.endswith("none") else "rotated loadings"
    assert ours.converged
    assert ours.warnings == ()
    assert_close(loose, ours.loadings, theirs["loadings"]["values"])
    assert_close(
        loose, ours.structure, theirs["structure"]["values"] if theirs["structure"] else ours.loadings
    )
    assert_close(exact, ours.uniquenesses, list(theirs["uniquenesses"].values()))
    assert_close(exact, ours.values, theirs["values"])
    if theirs["phi"]:
        assert_close("rotated loadings", ours.phi, theirs["phi"]["values"])
    share = matrix(theirs["vaccounted"]).loc["Proportion Var"]
    assert_close("rotated loadings", ours.variance["proportion"], share)


@pytest.mark.parametrize(
    "key", [key for key in SOLUTIONS if not set(key.split("_")) & {"none", "promax", "pa"}]
)
def test_a_rotation_of_psych_carried_on_to_the_end_is_ours(key):
    theirs, ours = SOLUTIONS[key], solution(key)
    name = key.split("_")[1]
    loads = np.array(theirs["loadings"]["values"])
    if theirs["phi"]:
        loads = loads @ np.linalg.cholesky(np.array(theirs["phi"]["values"]))
    carried = in_order(rotate(loads, ROTATIONS.get(name, name)))
    assert_close("EFA", np.abs(carried.loadings), np.abs(ours.loadings))


@pytest.mark.parametrize("key", ["minres_none", "ml_none", "ml_raw_2"])
def test_fit_agrees_with_psych(key):
    theirs, ours = SOLUTIONS[key], solution(key).fit
    assert_close("chi-square", [ours.chisq, ours.null_chisq], [theirs["stat"], theirs["null_chisq"]])
    assert_close(
        "fit indices",
        [ours.tli, ours.rmsea, ours.rmsea_lower, ours.rmsea_upper, ours.rms, ours.crms, ours.objective],
        [theirs["tli"], *(theirs["rmsea"][n] for n in ("RMSEA", "lower", "upper"))]
        + [theirs[n] for n in ("rms", "crms", "objective")],
    )
    assert_close("estimates", [ours.bic, np.log(ours.pvalue)], [theirs["bic"], np.log(theirs["pval"])])
    assert (ours.df, ours.null_df) == (theirs["dof"], theirs["null_dof"])


def test_complexity_agrees_with_psych():
    theirs = list(SOLUTIONS["minres_quartimax"]["complexity"].values())
    assert_close("rotated loadings", solution("minres_quartimax").frame["complexity"], theirs)


def test_varimax_agrees_with_factanal(reference, data):
    theirs = matrix(reference("h_efa")["factanal_varimax"]["loadings"])
    ours = ex.efa(data("bfi25_complete"), 5, "ml", "varimax").loadings
    assert_close("rotated loadings", ours, theirs)
    assert ex.congruence(ours, theirs).matched["phi"].tolist() == pytest.approx([1] * 5, abs=1e-5)


def test_what_can_be_counted_agrees_with_psych(reference, data):
    kept, items = reference("h_efa"), data("bfi25_complete")
    adequacy, sphericity, eigen = ex.kmo(items), ex.bartlett(items), ex.scree(items).frame
    assert_close("EFA", adequacy.overall, kept["kmo"]["overall"])
    assert_close("EFA", adequacy.frame["msa"], list(kept["kmo"]["items"].values()))
    assert_close(
        "chi-square", [sphericity.chisq, sphericity.determinant], [kept["bartlett"]["chisq"], kept["det"]]
    )
    assert (sphericity.df, sphericity.pvalue, sphericity.n) == (kept["bartlett"]["df"], 0.0, kept["n"])
    assert_close("EFA", eigen["component"], kept["eigen_cor"])
    assert_close("EFA", eigen["factor"], kept["eigen_smc"])
    assert_close("EFA", correlation_matrix(items).smc, list(kept["smc"].values()))
    velicer = ex.map_test(items)
    assert_close("EFA", velicer.frame["squared"][1:11], kept["map"]["map"])
    assert velicer.components == kept["map"]["n_map"]


def test_parallel_analysis_decides_as_psych(reference, data):
    theirs = reference("h_efa")["parallel_seed123"]
    told = []
    ours = ex.parallel_analysis(data("bfi25_complete"), 1000, progress=lambda *done: told.append(done))
    assert (ours.factors, ours.components) == (theirs["nfact"], theirs["ncomp"])
    assert told[-1] == (1000, 1000)
    assert_close("EFA", ours.frame["component"], theirs["pc_values"])
    assert_close("EFA", ours.frame["factor"], theirs["fa_values"])
    assert_close("simulated nulls", ours.frame["component_mean"], theirs["pc_sim"])
    # The first factor of noise is heavy-tailed (some are Heywood cases) and theirs rests on 100 draws.
    assert_close("simulated nulls", ours.frame["factor_mean"][1:], theirs["fa_sim"][1:])


def test_parallel_analysis_of_the_nine_tests_decides_as_psych(reference, data):
    theirs = reference("h_efa")["parallel_hs_seed123"]
    items = data("HolzingerSwineford1939")[[f"x{k}" for k in range(1, 10)]]
    ours = ex.parallel_analysis(items, 1000)
    assert (ours.factors, ours.components) == (theirs["nfact"], theirs["ncomp"])
    assert_close("EFA", ours.frame["factor"], theirs["fa_values"])
    assert_close("simulated nulls", ours.frame["component_mean"], theirs["pc_sim"])
    permuted = ex.parallel_analysis(items, 200, data="permuted")
    assert (permuted.factors, permuted.components) == (3, 3)


def test_thurstone_and_polychorics_agree_with_psych(reference):
    kept = reference("h_efa")
    thurstone, polychoric = kept["thurstone"], kept["polychoric15"]
    ours = ex.efa(matrix(thurstone["cor"]), 3, n=213)
    assert_close("rotated loadings", ours.loadings, thurstone["loadings"]["values"])
    ours = ex.efa(matrix(polychoric["rho"]), 3, n=kept["n"])
    assert_close("rotated loadings", ours.loadings, polychoric["loadings"]["values"])
    assert_close("EFA", ours.uniquenesses, list(polychoric["uniquenesses"].values()))


def test_schmid_leiman_agrees_with_psych(reference):
    kept = reference("h_efa")
    ours = ex.schmid_leiman(matrix(kept["thurstone"]["cor"]), 3, n=213).frame
    theirs = pd.DataFrame(kept["thurstone_schmid"]).set_index("row")
    assert_close("EFA", ours, theirs)


def test_scores_agree_with_psych(reference, data):
    kept, items = reference("h_efa"), data("bfi25_complete")
    solved = ex.efa(items, 5)
    regression, berge = ex.factor_scores(items, solved), ex.factor_scores(items, solved, "tenberge")
    assert_close(
        "factor scores of rotated factors", regression.frame.head(6), kept["scores_regression_head"]["values"]
    )
    assert_close("factor scores of rotated factors", regression.weights, kept["weights_regression"]["values"])
    assert_close(
        "factor scores of rotated factors", berge.frame.head(6), kept["scores_tenberge_head"]["values"]
    )
    assert_close("EFA", np.corrcoef(berge.frame, rowvar=False), solved.phi)


def test_a_target_is_reached_and_free_cells_are_free(data):
    items = data("bfi25_complete")
    published = ex.efa(items, 5).loadings
    loose = ex.RotationOptions(target=np.where(published.abs() < 0.2, 0.0, np.nan))
    assert (
        ex.congruence(ex.efa(items, 5, rotation="target", options=loose).loadings, published)
        .matched["phi"]
        .min()
        > 0.99
    )
    tight = ex.RotationOptions(
        target=ex.efa(items, 5, rotation="varimax").loadings.to_numpy(), orthogonal=True
    )
    found = ex.efa(items, 5, rotation="target", options=tight)
    assert found.phi is None
    np.testing.assert_allclose(found.loadings, tight.target, atol=1e-6)


def test_random_starts_never_end_higher():
    loads = np.random.default_rng(3).normal(size=(12, 4))
    once = rotate(loads, "geomin")
    often = rotate(loads, "geomin", ex.RotationOptions(starts=3))
    assert often.criterion <= once.criterion + 1e-9


def test_a_heywood_case_is_named():
    rng = np.random.default_rng(2)
    items = pd.DataFrame(rng.normal(size=(60, 6)), columns=list("abcdef"))
    items["b"] = items["a"] + 0.05 * rng.normal(size=60)
    assert any("Heywood" in text for text in ex.efa(items, 2).warnings)


def test_too_many_factors_are_told():
    assert "one of many" in ex.efa(two_factors(1, "abcde"), 3).warnings[0]
    assert ex.efa(two_factors(1, "abcde"), 2).warnings == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ex.efa(x, 0), "0 factors"),
        (lambda x: ex.efa(x, 2, "pca"), "not 'pca'"),
        (lambda x: ex.efa(x, 2, rotation="equamax"), "no rotation is called"),
        (lambda x: ex.efa(x, 2, rotation="target"), "needs a target of 5 items by 2"),
        (lambda x: ex.efa(x.assign(f=x["a"] + x["b"]), 2), "singular"),
        (lambda x: ex.efa(x, 2, n=40), "symmetric correlation matrix"),
        (lambda x: ex.efa(x.cov(), 2, n=40), "diagonal is not 1"),
        (lambda x: ex.kmo(x[["a", "b"]]), "at least 3"),
        (lambda x: ex.schmid_leiman(x, 1), "at least two"),
        (lambda x: ex.schmid_leiman(x, 2, rotation="varimax"), "oblique"),
        (lambda x: ex.parallel_analysis(x, 10), "100 or more"),
        (lambda x: ex.parallel_analysis(x.corr(), n=40, data="permuted"), "no answers to permute"),
        (lambda x: ex.congruence(x.T, x.iloc[:1].T.rename(index=str.upper)), "share 0 items"),
        (lambda x: ex.factor_scores(x[list("edcba")], ex.efa(x, 2)), "in its order"),
    ],
)
def test_what_cannot_be_factored_is_refused(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call(two_factors(1, "abcde"))


def two_factors(seed: int, names: str = "abcdefgh", n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, 2)) @ np.array([[1, 0.3], [0, 0.954]])
    weights = np.zeros((2, len(names)))
    weights[0, : len(names) // 2 + 1] = weights[1, len(names) // 2 - 1 :] = 0.8
    return pd.DataFrame(true @ weights + 0.6 * rng.normal(size=(n, len(names))), columns=list(names))


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 500),
    st.permutations("abcdefgh"),
    st.lists(st.sampled_from([-3.0, 0.1, 2.0]), min_size=8, max_size=8),
)
def test_a_solution_depends_on_neither_order_nor_unit_and_turns_with_the_items(seed, order, units):
    items = two_factors(seed)
    first = ex.efa(items, 2)
    second = ex.efa((items * units)[list(order)], 2)
    np.testing.assert_allclose(second.uniquenesses[list("abcdefgh")], first.uniquenesses, atol=1e-6)
    assert second.fit.chisq == pytest.approx(first.fit.chisq, abs=1e-6)
    turned = second.loadings.loc[list("abcdefgh")].mul(np.sign(units), axis=0)
    assert ex.congruence(turned, first.loadings).matched["phi"].abs().min() > 1 - 1e-6
    assert ex.kmo((items * units)[list(order)]).overall == pytest.approx(ex.kmo(items).overall, abs=1e-10)
    assert ex.map_test(items[list(order)]).components == ex.map_test(items).components
