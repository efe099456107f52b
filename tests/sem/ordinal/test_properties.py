"""What must hold of ordinal models whatever the data: labels, order, signs, parametrisation, derivatives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sem

from ..references import frame
from .references import AGE, GENDER, HALF, NEURO, fitted

ONE = "f =~ N1 + N2 + N3 + N4 + N5"


def statistic(fit):
    return fit.tested.scaled.statistic


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(NEURO), power=st.floats(0.5, 3), seed=st.integers(0, 999))
def test_labels_and_order_do_not_matter(order, power, seed):
    data = frame(HALF)[NEURO]
    plain = fitted("b_ordinal:neuro_wlsmv_800")
    moved = (data[list(order)] ** power).sample(frac=1, random_state=seed)
    other = sem.fit("f =~ " + " + ".join(order), moved, ordered=True)
    assert np.isclose(statistic(other), statistic(plain), rtol=1e-8)


@pytest.mark.parametrize("item", NEURO)
def test_a_reversed_item_flips_its_loading(item):
    data = frame(HALF)[NEURO]
    plain = sem.fit(ONE, data, ordered=True, std_lv=True)
    turned = sem.fit(ONE, data.assign(**{item: -data[item]}), ordered=True, std_lv=True)
    assert np.isclose(statistic(turned), statistic(plain), rtol=1e-8)
    loads = [fit.standardized.query("op == '=~'").set_index("rhs")["est"].abs() for fit in (plain, turned)]
    assert np.allclose(loads[0], loads[1], atol=1e-7)


@pytest.mark.parametrize("estimator", ["WLSMV", "ULSMV", "WLS"])
def test_parametrisations_fit_alike(estimator):
    data = frame(HALF)[NEURO]
    ways = [
        {},
        {"std_lv": True},
        {"parameterization": "theta"},
        {"parameterization": "theta", "std_lv": True},
    ]
    fits = [sem.fit(ONE, data, ordered=True, estimator=estimator, **way) for way in ways]
    assert np.allclose([fit.tested.statistic for fit in fits], fits[0].tested.statistic, rtol=1e-8)
    for fit in fits:
        own = fit.standardized.query("op == '=~'")
        first = fits[0].standardized.query("op == '=~'")
        assert np.allclose(own[["est", "se"]], first[["est", "se"]], atol=1e-6)


def test_a_population_is_recovered():
    draw = np.random.default_rng(8)
    n = 20_000
    f = draw.normal(size=n)
    m = 0.5 * f + np.sqrt(0.75) * draw.normal(size=n)
    columns = {}
    for name, factor in (("a", f), ("b", m)):
        for i, load in enumerate((0.7, 0.8, 0.6)):
            y = load * factor + np.sqrt(1 - load**2) * draw.normal(size=n)
            columns[f"{name}{i}"] = np.digitize(y, [-1.0, 0.1, 0.9])
    fit = sem.fit("f =~ a0 + a1 + a2\nm =~ b0 + b1 + b2\nm ~ f", pd.DataFrame(columns), ordered=True)
    own = fit.standardized.set_index(["lhs", "op", "rhs"])
    truth = {("m", "~", "f"): 0.5, ("f", "=~", "a1"): 0.8, ("m", "=~", "b2"): 0.6, ("a0", "|", "t2"): 0.1}
    for key, value in truth.items():
        assert abs(own.loc[key, "est"] - value) < 4 * own.loc[key, "se"]


MODELS = [
    (ONE, {}),
    (ONE + "\nf ~ zage\nN1 ~ zage", {}),
    (ONE + " + zage", {}),
    ("N1 ~ N2 + N3\nN4 ~ N1\nN5 ~ N4 + zage", {}),
    ("N1 ~ N2 + N3\nN4 ~ N1\nzage ~ N4", {"fixed_x": False}),
]


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
@pytest.mark.parametrize(("model", "options"), MODELS)
def test_derivatives_are_those_of_differences(model, options, parameterization):
    fit = sem.fit(model, frame(AGE), ordered=NEURO, parameterization=parameterization, **options)
    problem, x = fit.solution.problem, fit.solution.state.x
    state, step = problem.at(x), 1e-6
    numeric = np.column_stack(
        [
            (problem.at(x + move).responses[0].stacked() - problem.at(x - move).responses[0].stacked())
            / (2 * step)
            for move in np.eye(len(x)) * step
        ]
    )
    assert np.allclose(state.deltas[0] @ problem.reduction.K, numeric, atol=1e-7)
    slopes = np.array(
        [(problem.at(x + m).value - problem.at(x - m).value) / (2 * step) for m in np.eye(len(x)) * step]
    )
    assert np.allclose(state.gradient, slopes, atol=1e-7)


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_derivatives_with_free_scales_and_groups(parameterization):
    fit = sem.fit(
        ONE, frame(GENDER), ordered=NEURO, group="gender", group_equal=["thresholds", "loadings"],
        parameterization=parameterization,
    )  # fmt: skip
    problem, x, step = fit.solution.problem, fit.solution.state.x * 1.02, 1e-6
    slopes = [(problem.at(x + m).value - problem.at(x - m).value) / (2 * step) for m in np.eye(len(x)) * step]
    assert np.allclose(problem.at(x).gradient, slopes, atol=1e-7)


def test_group_labels_do_not_matter():
    data = frame(GENDER)
    renamed = data.assign(gender=data["gender"].map({1: "z", 2: "a"}))[::-1]
    fits = [
        sem.fit(ONE, d, ordered=NEURO, group="gender", group_equal=["thresholds"]) for d in (data, renamed)
    ]
    assert np.isclose(statistic(fits[0]), statistic(fits[1]), rtol=1e-7)


MISTAKES = [
    (ONE, {"estimator": "MLR"}, sem.ModelError, "not for ordered items; choose one of WLSMV"),
    (ONE, {"missing": "fiml"}, sem.ModelError, "'listwise' or 'pairwise'"),
    (ONE, {"cluster": "gender"}, sem.ModelError, "clusters of ordered items"),
    (ONE, {"likelihood": "wishart"}, sem.ModelError, "maximum likelihood"),
    (ONE, {"information": "observed"}, sem.ModelError, "needs a likelihood"),
    (ONE + "\nN1 | t9", {}, sem.ModelError, "thresholds are t1, t2, t3, t4, t5"),
    (ONE + "\nN1 ~~ 0.5*N1", {}, sem.ModelError, "use parameterization='theta'"),
    (ONE + "\nN1 ~*~ N1", {"parameterization": "theta"}, sem.ModelError, "use parameterization='delta'"),
    (ONE + "\nN1 ~*~ N2", {}, sem.ModelError, "stands on its own variable"),
    (ONE + "\nN1 ~ 1", {}, sem.ModelError, "not identified"),
    (ONE, {"group": "gender", "group_equal": ["residuals"]}, sem.ModelError, "parameterization='theta'"),
    (ONE, {"parameterization": "logit"}, sem.ModelError, "'delta' or 'theta'"),
]


@pytest.mark.parametrize(("model", "options", "kind", "message"), MISTAKES)
def test_mistakes(model, options, kind, message):
    with pytest.raises(kind, match=message):
        sem.fit(model, frame(GENDER), ordered=NEURO, **options)


def test_a_category_missing_in_a_group_is_told():
    data = frame(GENDER)
    data = data[~((data["gender"] == 1) & (data["N2"] == 6))]
    with pytest.raises(sem.DataError, match=r"category 6 of 'N2' is empty in group '1'.*join it"):
        sem.fit(ONE, data, ordered=NEURO, group="gender")


def test_thresholds_make_an_item_ordered():
    fit = sem.fit(ONE + "\nN1 | t1 + t2 + t3 + t4 + t5", frame(HALF), ordered=NEURO[1:])
    assert set(fit.table.ordered) == set(NEURO)


def test_an_ordered_covariate_is_conditioned_on_and_told():
    fit = sem.fit("f =~ N1 + N2 + N3\nf ~ N4", frame(HALF), ordered=True)
    assert "N4" not in fit.table.ordered
    assert any("'N4' is a fixed covariate" in text for text in fit.warnings)
    cut = sem.fit("f =~ N1 + N2 + N3\nf ~ N4", frame(HALF), ordered=True, fixed_x=False)
    assert "N4" in cut.table.ordered


def test_moments_alone_are_not_enough():
    moments = sem.Moments.of(frame(HALF), NEURO)
    with pytest.raises(sem.DataError, match="do not hold their tables"):
        sem.fit(ONE, moments, ordered=True)


def test_pairwise_deletion_keeps_rows():
    data = frame(HALF)[NEURO].astype(float)
    data.iloc[:200, 0] = np.nan
    assert sem.fit(ONE, data, ordered=True, missing="pairwise").nobs == 800
    assert sem.fit(ONE, data, ordered=True).nobs == 600
