"""Item response models and differential functioning against OpenMx, rpf and R; what they do not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, irt
from pipeline.psychometrics.irt.cumulative_logit import expand
from pipeline.psychometrics.irt.marginal import expand_marginal, log_likelihood

KEPT = load_reference("j_irt_dif")
N5 = [f"N{k}" for k in range(1, 6)]
CUTS = range(1, 6)


@pytest.mark.parametrize("key", ["LSAT6_2pl", "LSAT6_1pl", "LSAT7_2pl", "LSAT7_1pl"])
def test_two_parameter_models_agree_with_openmx(key):
    theirs, (name, kind) = KEPT[key], key.split("_")
    table = load_data(name)
    items, often = table.iloc[:, :5], table.iloc[:, 5]
    ours = irt.grm(items, equal_slopes=kind == "1pl", weights=often)
    assert ours.converged
    assert_close("IRT log-likelihood", -2 * ours.loglik, theirs["minus2LL"])
    for column, name in (("a", "a"), ("d1", "d"), ("b1", "b_difficulty")):
        assert_close("IRT parameters", ours.frame[column], list(theirs[name].values()))
    frame, errors = ours.frame, list(theirs["se"].values())
    if kind == "1pl":
        assert_close("IRT standard errors", [frame["a_se"].iloc[0], *frame["d1_se"]], errors)
    else:
        assert_close("IRT standard errors", np.ravel(frame[["a_se", "d1_se"]]), errors)
    assert (ours.n, ours.npar) == (theirs["n"], 6 if kind == "1pl" else 10)


@pytest.fixture(scope="module")
def graded() -> irt.GradedResponse:
    return irt.grm(load_data("bfi15_n800")[N5])


def test_the_graded_response_model_agrees_with_openmx(graded):
    theirs = KEPT["grm_neuro"]
    slopes, *cuts = theirs["slope_intercepts"]["values"]
    assert graded.converged
    assert graded.warnings == ()
    assert_close("IRT log-likelihood", -2 * graded.loglik, theirs["minus2LL"])
    assert_close("IRT parameters", graded.frame["a"], slopes)
    assert_close("IRT parameters", graded.frame[[f"d{k}" for k in CUTS]].T, cuts)
    assert_close("IRT parameters", graded.frame[[f"b{k}" for k in CUTS]].T, theirs["thresholds_b"]["values"])
    errors = graded.frame[["a_se", *(f"d{k}_se" for k in CUTS)]]
    assert_close("IRT standard errors", np.ravel(errors), list(theirs["se"].values()))


def test_scores_and_information_agree_with_rpf(graded):
    theirs = KEPT["grm_test_info"]
    found = graded.information(theirs["theta"])
    assert_close("IRT parameters", found["test"], theirs["info"])
    assert found["se"].to_numpy() == pytest.approx(found["test"].to_numpy() ** -0.5)
    head = load_data("bfi15_n800")[N5].head(6)
    assert_close("IRT parameters", graded.eap(head), KEPT["grm_neuro"]["eap_head"]["values"])


def test_marginal_reliability_is_the_mean_over_the_trait(graded):
    points = np.linspace(-6, 6, 2001)
    density = np.exp(-(points**2) / 2)
    information = graded.information(points)["test"].to_numpy()
    mean = np.sum(density * information / (information + 1)) / density.sum()
    assert irt.marginal_reliability(graded) == pytest.approx(mean, abs=1e-6)


def test_empirical_reliability_is_how_well_scores_know_the_trait():
    rng = np.random.default_rng(5)
    theta, slopes = rng.normal(size=4000), np.array([1.0, 1.4, 1.8, 2.2, 1.5])
    linear = theta[:, None] * slopes + rng.logistic(size=(4000, 5))
    items = pd.DataFrame(np.digitize(linear, [-1.5, 0.0, 1.5]).astype(float), columns=list("abcde"))
    model = irt.grm(items)
    scores = model.eap(items)
    squared = np.corrcoef(scores["eap"], theta)[0, 1] ** 2
    assert irt.empirical_reliability(scores) == pytest.approx(squared, abs=0.015)
    assert irt.marginal_reliability(model) == pytest.approx(squared, abs=0.02)
    gaps = pd.concat([scores, pd.DataFrame({"eap": [np.nan], "se": [np.nan]})])
    assert irt.empirical_reliability(gaps) == irt.empirical_reliability(scores)


def test_delta_errors_of_thresholds_and_the_criteria(graded):
    frame = graded.frame
    assert (frame["b3_se"] > 0).all()
    assert graded.aic == pytest.approx(-2 * graded.loglik + 60)
    assert graded.bic == pytest.approx(-2 * graded.loglik + 30 * np.log(800))


def test_derivatives_are_those_of_the_functions(graded):
    items = load_data("bfi15_n800")[N5].head(60)
    model = irt.grm(items)
    from pipeline.psychometrics.irt.graded_response import _codes
    from pipeline.psychometrics.irt.marginal import Answers

    answers = Answers(
        _codes(items, model.categories), np.ones(60), tuple(map(len, model.categories.values()))
    )
    away = model.parameters.moved(np.linspace(-0.05, 0.05, len(model.parameters.free)))
    size = len(away.free)
    _, gradient, information = expand_marginal(answers, away, model.grid)
    steps = 1e-5 * np.eye(size)
    slope = [
        (
            log_likelihood(answers, away.moved(s), model.grid)
            - log_likelihood(answers, away.moved(-s), model.grid)
        )
        / 2e-5
        for s in steps
    ]
    np.testing.assert_allclose(gradient, slope, atol=1e-5)
    curve = [
        (
            expand_marginal(answers, away.moved(s), model.grid)[1]
            - expand_marginal(answers, away.moved(-s), model.grid)[1]
        )
        / 2e-5
        for s in steps
    ]
    np.testing.assert_allclose(-information, curve, atol=1e-4)


def test_the_kernel_has_the_derivatives_of_its_value():
    rng = np.random.default_rng(1)
    x, counts = rng.normal(size=(30, 2)), rng.random((30, 4))
    at = np.array([1.0, 0.2, -0.9, 0.5, -0.3])
    found = expand(at[:3], at[3:], x, counts)
    for k, step in enumerate(1e-5 * np.eye(5)):
        up, down = (expand((at + s)[:3], (at + s)[3:], x, counts) for s in (step, -step))
        assert found.gradient[k] == pytest.approx((up.value - down.value) / 2e-5, abs=1e-6)
        np.testing.assert_allclose(found.hessian[k], (up.gradient - down.gradient) / 2e-5, atol=1e-6)


def test_parameters_are_recovered_with_gaps():
    rng = np.random.default_rng(4)
    theta, slopes = rng.normal(size=3000), np.array([0.8, 1.2, 1.6, 2.0])
    chance = rng.random((3000, 4))
    cuts = np.array([1.0, -0.5])
    at_least = 1 / (1 + np.exp(-(theta[:, None, None] * slopes[:, None] + cuts)))
    answers = (chance[:, :, None] < at_least).sum(axis=2).astype(float)
    items = pd.DataFrame(answers, columns=list("abcd")).mask(rng.random((3000, 4)) < 0.1)
    found = irt.grm(items)
    assert ((found.frame["a"] - slopes).abs() < 3 * found.frame["a_se"]).all()
    scores = found.eap(items)
    assert np.corrcoef(scores["eap"].fillna(0), theta)[0, 1] > 0.75
    assert scores[items.isna().all(axis="columns")].isna().all().all()


@pytest.mark.parametrize("item", KEPT["dif_ordinal"], ids=lambda item: item["item"])
def test_ordinal_dif_agrees_with_polr(item):
    frame = load_data("bfi_neuro_gender_n1200")
    ours = irt.dif(frame[N5], frame["gender"]).frame.loc[item["item"]]
    parts = ("match", "group", "product")
    logl = [ours[f"logl_{part}"] for part in parts]
    assert_close("IRT log-likelihood", logl, item["logLik"])
    assert (np.array(logl) >= np.array(item["logLik"]) - 1e-7).all()
    assert_close("IRT log-likelihood", [ours[f"r2_{part}"] for part in parts], item["nagelkerke"])
    assert_close("IRT log-likelihood", [ours[f"mcfadden_{part}"] for part in parts], item["mcfadden"])
    assert_close("IRT probability", ours["p_total"], item["p_total"])
    assert_close("IRT parameters", ours["effect"], item["coef_g"])
    assert_close("IRT standard errors", ours["effect_se"], item["se_g"])


def test_ordinal_dif_agrees_with_statsmodels():
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    frame = load_data("bfi_neuro_gender_n1200")
    design = pd.DataFrame({"total": frame[N5].sum(axis="columns"), "group": frame["gender"] - 1.0})
    theirs = OrderedModel(frame["N4"], design, distr="logit").fit(
        method="bfgs", disp=False, gtol=1e-4, maxiter=500
    )
    ours = irt.dif(frame[N5], frame["gender"]).frame.loc["N4"]
    assert_close("IRT log-likelihood", ours["logl_group"], theirs.llf)
    assert_close("IRT parameters", ours["effect"], theirs.params["group"])


def test_mantel_haenszel_agrees_with_r():
    theirs, frame = KEPT["mh_N1"], load_data("bfi_neuro_gender_n1200")
    rest = frame[N5].sum(axis="columns") - frame["N1"]
    ours = irt.mantel_haenszel((frame["N1"] >= 4).astype(int), frame["gender"], rest)
    assert_close("reliability", [ours.chisq, ours.odds_ratio], [theirs["stat"], theirs["or"]])
    assert_close("reliability", [ours.ci_lower, ours.ci_upper], theirs["ci"])
    assert_close("IRT probability", ours.pvalue, theirs["p"])
    assert list(ours.breaks) == theirs["strata_breaks"]
    assert (ours.grade, ours.strata, ours.n) == ("A", 5, 1200)


def test_an_item_made_harder_for_one_group_is_found():
    rng = np.random.default_rng(9)
    theta, group = rng.normal(size=900), pd.Series(np.repeat(["a", "b", "c"], 300))
    linear = 1.5 * theta[:, None] + np.zeros(6)
    linear[group == "b", 0] -= 1.5
    items = pd.DataFrame(
        (rng.random((900, 6)) < 1 / (1 + np.exp(-linear))).astype(float), columns=list("uvwxyz")
    )
    found = irt.dif(items, group, match="rest")
    assert found.frame["p_holm"].idxmin() == "u"
    assert found.frame.loc["u", "p_holm"] < 1e-6
    assert found.frame.loc["u", "df_total"] == 4
    assert found.frame["effect"].isna().all()
    two = group != "c"
    graded = irt.mantel_haenszel(
        items["u"][two], group[two], items.drop(columns="u").sum(axis="columns")[two], None
    )
    assert graded.grade == "C"
    assert graded.odds_ratio < 0.5


@pytest.mark.parametrize(
    ("labels", "order"),
    [(["b", "a"], ("a", "b")), ([10, 9], (9, 10)), (["m", 1], (1, "m")), ([True, False], (False, True))],
)
def test_groups_are_ordered_by_value_or_by_text(labels, order):
    sides = pd.Series(labels * 30)
    assert irt.dif(ITEMS, sides).groups == order
    assert irt.mantel_haenszel(ITEMS["a"], sides, ITEMS["b"]).n == 60


ITEMS = pd.DataFrame(np.random.default_rng(1).integers(0, 2, (60, 4)).astype(float), columns=list("abcd"))
RELATED = pd.DataFrame(
    (np.random.default_rng(2).normal(size=(400, 1)) + np.random.default_rng(3).logistic(size=(400, 4)) > 0)
    * 1.0,
    columns=list("abcd"),
)
SIDES = pd.Series(np.tile([0, 1], 30))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: irt.grm(ITEMS[["a", "b"]]), "three or more"),
        (lambda: irt.grm(ITEMS.assign(a=1.0)), "same answer to a"),
        (lambda: irt.grm(ITEMS.head(5)), "only 5 rows"),
        (lambda: irt.grm(ITEMS.assign(a=np.arange(60.0))), "60 different answers"),
        (lambda: irt.two_parameter(ITEMS.assign(a=ITEMS["a"] + ITEMS["b"])), "use the graded response"),
        (lambda: irt.two_parameter(RELATED).eap(RELATED + 5), "has not seen"),
        (lambda: irt.dif(ITEMS, SIDES * 0), "1 groups"),
        (lambda: irt.dif(ITEMS, SIDES, "score"), "not 'score'"),
        (lambda: irt.dif(ITEMS.assign(a=1.0), SIDES), "same answer to a"),
        (lambda: irt.mantel_haenszel(ITEMS["a"] * 0, SIDES, ITEMS["b"]), "two of each"),
        (lambda: irt.mantel_haenszel(SIDES, SIDES, ITEMS["b"]), "does not overlap|do not overlap"),
    ],
)
def test_what_cannot_be_modelled_is_refused(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call()


def test_items_that_have_nothing_in_common_have_no_model():
    found = irt.two_parameter(ITEMS)
    assert not found.converged
    assert found.frame.isna().all().all()
    assert found.warnings[-1].startswith("the model did not converge")
    with pytest.raises(PsychometricsError, match="no solution"):
        found.eap(ITEMS)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.permutations("abcd"), st.sampled_from([1.0, 2.0, 10.0]))
def test_a_model_depends_on_neither_order_nor_unit_and_turns_with_its_items(seed, order, unit):
    rng = np.random.default_rng(seed)
    linear = 1.2 * rng.normal(size=(250, 1)) + rng.logistic(size=(250, 4))
    items = pd.DataFrame(np.digitize(linear, [-1.0, 1.0]).astype(float), columns=list("abcd"))
    first, second = irt.grm(items), irt.grm(-unit * items[list(order)] + 3)
    assert second.loglik == pytest.approx(first.loglik, abs=1e-6)
    np.testing.assert_allclose(second.frame.loc[list("abcd"), "a"], first.frame["a"], atol=1e-5)
    np.testing.assert_allclose(second.frame.loc[list("abcd"), "b1"], -first.frame["b2"], atol=1e-4)
    sides = pd.Series(rng.integers(0, 2, 250))
    one, other = irt.dif(items, sides).frame, irt.dif(items[list(order)] * unit, 1 - sides).frame
    np.testing.assert_allclose(other.loc[list("abcd"), "p_total"], one["p_total"], atol=1e-8)
    np.testing.assert_allclose(other.loc[list("abcd"), "effect"], -one["effect"], atol=1e-6)
