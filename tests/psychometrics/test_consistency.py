"""Lower bounds, split halves, omega and bootstrap intervals against psych; what they do not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, reliability
from pipeline.psychometrics import consistency as co

SCALES = {letter: [f"{letter}{n}" for n in range(1, 6)] for letter in "ACENO"}
KEPT = load_reference("f_reliability_validity")


def scale(letter: str) -> pd.DataFrame:
    return load_data("bfi_keyed")[SCALES[letter]]


@pytest.mark.parametrize("letter", SCALES)
def test_lower_bounds_agree_with_their_formulas_and_psych(letter):
    theirs = KEPT["guttman_lambdas"][letter]
    ours, standard = co.guttman(scale(letter)), co.guttman(scale(letter), standardized=True)
    names = {"lambda1": "l1", "lambda2": "l2", "lambda3": "l3", "lambda5": "l5", "lambda6": "l6_cov"}
    assert_close("reliability", [ours[n] for n in names], [theirs[n] for n in names.values()])
    assert_close("reliability", [standard[f"mu{r}"] for r in range(4)], list(theirs["tenberge"].values()))
    assert_close("reliability", standard["lambda6"], KEPT["guttman"][letter]["lambda6"])
    assert_close("reliability", standard["lambda3"], KEPT["guttman"][letter]["alpha"])
    assert ours["mu0"] == pytest.approx(ours["lambda3"], abs=1e-12)


@pytest.mark.parametrize("letter", SCALES)
def test_splits_agree_with_psych(letter):
    """Of an odd number of items psych takes the first half of the splits only."""
    theirs = KEPT["guttman"][letter]
    ours = co.split_half(scale(letter), standardized=True)
    first = ours.frame["est"][: theirs["n_splits"]]
    assert_close(
        "reliability",
        [first.max(), first.min(), first.mean()],
        [theirs[n] for n in ("maxrb", "minrb", "meanr")],
    )
    assert (len(ours.frame), ours.exhaustive) == (10, True)


def test_the_mean_of_all_even_splits_is_alpha(data):
    items = data("bfi_keyed")[["N1", "N2", "N3", "N4", "N5", "E1"]]
    assert co.split_half(items).mean == pytest.approx(reliability(items).est, abs=1e-12)
    assert len(co.split_half(items).frame) == 10
    sampled = co.split_half(data("bfi_keyed").iloc[:, :20], most=500)
    assert (len(sampled.frame), sampled.exhaustive) == (500, False)
    assert sampled.frame["half"].str.split().map(len).eq(10).all()


@pytest.mark.parametrize("letter", SCALES)
def test_the_bound_by_factors_agrees_with_psych(letter):
    assert_close("GLB", co.glb(scale(letter), "factors").est, KEPT["glb"][letter]["glb.fa"])


@pytest.mark.parametrize("letter", SCALES)
def test_the_greatest_bound_is_at_least_every_other_and_at_the_edge(letter):
    items = scale(letter)
    found, bounds = co.glb(items), co.guttman(items)
    assert found.est >= bounds.frame["est"].max() - 1e-7
    cov = items.dropna().cov().to_numpy()
    left = cov - np.diag(found.frame["error"] * np.diag(cov))
    assert np.linalg.eigvalsh(left)[0] == pytest.approx(0, abs=1e-6)
    assert found.frame["error"].between(0, 1).all()


def test_the_greatest_bound_of_parallel_items_is_alpha():
    loads = np.full(6, 0.7)
    cov = np.outer(loads, loads) + np.diag(np.full(6, 0.51))
    items = pd.DataFrame(exactly(cov, 60))
    assert co.glb(items).est == pytest.approx(reliability(items).est, abs=1e-7)


def exactly(cov: np.ndarray, n: int) -> np.ndarray:
    """Rows whose covariance matrix is as given."""
    rows = np.random.default_rng(1).normal(size=(n, len(cov)))
    rows -= rows.mean(axis=0)
    return rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T @ np.linalg.cholesky(cov).T


@pytest.mark.parametrize("letter", SCALES)
def test_omega_of_one_factor_agrees_with_psych(letter):
    theirs = KEPT["omega_total_1f"][letter]
    ours = co.omega_total(scale(letter))
    assert_close("reliability", ours.est, theirs["omega_total_std"])
    assert_close("EFA", ours.frame["loading"], list(theirs["loadings"].values()))


def omega(key: str) -> co.OmegaHierarchical:
    if key == "omega_thurstone":
        stored = KEPT["thurstone_cor"]
        return co.omega_hierarchical(pd.DataFrame(stored["values"], stored["rows"], stored["cols"]), 3, n=213)
    if key == "omega_bfi5":
        return co.omega_hierarchical(
            load_data("bfi_keyed")[[name for names in SCALES.values() for name in names]], 5
        )
    return co.omega_hierarchical(load_data("ability"), 4)


@pytest.mark.parametrize("key", ["omega_thurstone", "omega_bfi5", "omega_ability_4"])
def test_hierarchical_omega_agrees_with_psych(key):
    theirs, ours = KEPT[key], omega(key)
    names = {
        "hierarchical": "omega_h",
        "total": "omega_tot",
        "limit": "omega_lim",
        "explained_common_variance": "ECV",
    }
    assert_close(
        "omega of rotated factors", [getattr(ours, n) for n in names], [theirs[n] for n in names.values()]
    )
    assert_close("reliability", [ours.alpha, ours.lambda6], [theirs["alpha"], theirs["G6"]])
    columns = ["total", "general", "group"]
    assert_close("rotated loadings", ours.frame[columns], pd.DataFrame(theirs["group"])[columns])
    general = pd.DataFrame(theirs["schmid"])["g"]
    assert_close("rotated loadings", ours.solution.frame["g"].abs(), general.abs())


def test_items_against_the_general_factor_are_named():
    assert set(omega("omega_bfi5").flipped) >= {"N1", "N2", "N3", "N4", "N5"}


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_the_bootstrap_interval_is_that_of_resampled_rows(kind):
    items = scale("N").head(150)
    ours = co.alpha_interval(items, 400, kind=kind, seed=7)
    complete = items.dropna().reset_index(drop=True)
    rng = np.random.default_rng([7, 0])
    counts = rng.multinomial(len(complete), np.full(len(complete), 1 / len(complete)), size=250)
    plain = [reliability(complete.loc[complete.index.repeat(row)]).est for row in counts[:25]]
    np.testing.assert_allclose(ours.values[:25], plain, atol=1e-12)
    assert ours.est == reliability(items).est
    assert ours.ci_lower < ours.est < ours.ci_upper
    if kind == "percentile":
        assert [ours.ci_lower, ours.ci_upper] == pytest.approx(np.quantile(ours.values, [0.025, 0.975]))


def test_the_interval_of_omega_is_that_of_resampled_rows():
    items = scale("N").head(200).dropna().reset_index(drop=True)
    ours = co.omega_interval(items, 300, seed=2)
    counts = np.random.default_rng([2, 0]).multinomial(
        len(items), np.full(len(items), 1 / len(items)), size=250
    )
    plain = [co.omega_total(items.loc[items.index.repeat(row)]).est for row in counts[:15]]
    np.testing.assert_allclose(ours.values[:15], plain, atol=1e-5)
    assert ours.est == co.omega_total(items).est
    assert [ours.ci_lower, ours.ci_upper] == pytest.approx(np.quantile(ours.values, [0.025, 0.975]))
    assert ours.ci_lower < ours.est < ours.ci_upper
    with pytest.raises(PsychometricsError, match="three items"):
        co.omega_interval(items[["N1", "N2"]])


def test_bootstrap_and_feldt_agree_on_normal_answers():
    rng = np.random.default_rng(5)
    items = pd.DataFrame(rng.normal(size=(800, 1)) + rng.normal(size=(800, 6)))
    exact, resampled = reliability(items), co.alpha_interval(items, 2000, kind="bca")
    assert resampled.ci_lower == pytest.approx(exact.ci_lower, abs=0.005)
    assert resampled.ci_upper == pytest.approx(exact.ci_upper, abs=0.005)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: co.guttman(x[["a"]]), "at least two items"),
        (lambda x: co.guttman(x.assign(d=x["a"] + x["b"])), "sum of the others"),
        (lambda x: co.glb(x, "sdp"), "not 'sdp'"),
        (lambda x: co.alpha_interval(x, kind="bc"), "not 'bc'"),
        (lambda x: co.omega_hierarchical(x, 1), "at least two"),
    ],
)
def test_what_has_no_coefficient_is_refused(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call(pd.DataFrame(np.random.default_rng(1).normal(size=(30, 3)), columns=list("abc")))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.permutations("abcdef"), st.floats(0.1, 10), st.sampled_from([-1.0, 1.0]))
def test_bounds_do_not_depend_on_order_unit_or_direction(seed, order, unit, sign):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.normal(size=(80, 1)) + rng.normal(size=(80, 6)), columns=list("abcdef"))
    other = (items * unit * sign)[list(order)]
    first, second = co.guttman(items).frame["est"], co.guttman(other).frame["est"]
    np.testing.assert_allclose(first, second, atol=1e-10)
    assert co.glb(other).est == pytest.approx(co.glb(items).est, abs=1e-7)
    assert co.omega_total(other).est == pytest.approx(co.omega_total(items).est, abs=1e-6)
    assert first[0] < first[2] <= first[1] + 1e-12
