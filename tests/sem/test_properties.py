"""What must hold whatever the data: units, order, labels, parametrisation and chunks do not matter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sem

from .references import HS, fitted, frame, load

MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ b*visual"
NAMES = [f"x{i}" for i in range(1, 7)]
WAYS = [{"estimator": "ML"}, {"estimator": "MLR"}, {"estimator": "GLS"}, {"missing": "fiml"}]


def chisq(fit):
    measures = fit.measures
    return measures.get("chisq.scaled", measures["chisq"])


def data_for(options):
    return frame("HS_mcar10.csv" if "missing" in options else HS)[[*NAMES, "school"]].dropna(
        how="all", subset=NAMES
    )


@pytest.mark.parametrize("options", WAYS, ids=str)
@settings(max_examples=10, deadline=None)
@given(powers=st.lists(st.floats(-4, 4), min_size=6, max_size=6), shift=st.floats(-100, 100))
def test_units_do_not_matter(options, powers, shift):
    data = data_for(options)
    plain = sem.fit(MODEL, data, **options)
    moved = data.copy()
    for name, power in zip(NAMES, powers, strict=True):
        moved[name] = (data[name] + shift) * 10**power
    other = sem.fit(MODEL, moved, **options)
    assert other.converged
    assert np.isclose(chisq(other), chisq(plain), rtol=1e-7)
    columns, kept = ["est", "se"], plain.standardized["op"] != "~1"
    assert np.allclose(
        other.standardized.loc[kept, columns], plain.standardized.loc[kept, columns], atol=1e-6
    )


@pytest.mark.parametrize("options", WAYS, ids=str)
@settings(max_examples=10, deadline=None)
@given(order=st.permutations(NAMES), seed=st.integers(0, 10**6))
def test_order_of_columns_and_rows_does_not_matter(options, order, seed):
    data = data_for(options)
    shuffled = data[[*order, "school"]].sample(frac=1, random_state=seed)
    assert np.isclose(
        chisq(sem.fit(MODEL, shuffled, **options)), chisq(sem.fit(MODEL, data, **options)), rtol=1e-9
    )


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_order_of_indicators_and_statements_does_not_matter(options):
    other = "textual ~ visual\ntextual =~ x5 + x4 + x6\nvisual =~ x2 + x3 + x1"
    fits = [sem.fit(model, data_for(options), **options) for model in (MODEL, other)]
    assert np.isclose(chisq(fits[0]), chisq(fits[1]), rtol=1e-8)


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_group_labels_do_not_matter(options):
    data = data_for(options)
    renamed = data.assign(school=data["school"].map({"Pasteur": "z", "Grant-White": "a"}))[::-1]
    fits = [sem.fit(MODEL, d, group="school", group_equal=["loadings"], **options) for d in (data, renamed)]
    assert np.isclose(chisq(fits[0]), chisq(fits[1]), rtol=1e-8)


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_equivalent_parametrisations_fit_alike(options):
    data = data_for(options)
    models = {
        "marker": (MODEL, {}),
        "unit variance": (MODEL, {"std_lv": True}),
        "other marker": (MODEL.replace("=~ x1 + x2", "=~ NA*x1 + 1*x2"), {}),
        "covariance": (MODEL.replace("textual ~ b*visual", "textual ~~ visual"), {}),
        "effects coding": (
            MODEL.replace("x1 + x2 + x3", "NA*x1 + l1*x1 + l2*x2 + l3*x3") + "\nl1 + l2 + l3 == 3",
            {},
        ),
    }
    values = [chisq(sem.fit(model, data, **options, **more)) for model, more in models.values()]
    assert np.allclose(values, values[0], rtol=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 299), min_size=1, max_size=4, unique=True),
    missing=st.booleans(),
    grouped=st.booleans(),
)
def test_moments_of_chunks_add_up(cuts, missing, grouped):
    data = frame("HS_mcar10.csv" if missing else HS)
    group = "school" if grouped else None
    edges = [0, *sorted(cuts), len(data)]
    chunks = [sem.Moments.of(data.iloc[a:b], NAMES, group) for a, b in pairwise(edges)]
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    whole = sem.Moments.of(data, NAMES, group)
    options = {"missing": "fiml"} if missing else {}
    fits = [sem.fit(MODEL, moments, **options) for moments in (total, whole)]
    assert total.count == whole.count
    assert np.isclose(chisq(fits[0]), chisq(fits[1]), rtol=1e-9)
    assert np.allclose(fits[0].theta, fits[1].theta, rtol=1e-7)


def test_moments_give_the_fit_of_their_rows():
    moments = sem.Moments.of(frame(HS), [f"x{i}" for i in range(1, 10)])
    fit = sem.fit(load("a_cfa_hs_ml")["ml"]["syntax"], moments)
    assert fit.measures == pytest.approx(fitted("a_cfa_hs_ml:ml").measures)
    assert fit.vcov.to_numpy() == pytest.approx(fitted("a_cfa_hs_ml:ml").vcov.to_numpy())


def test_parquet_gives_the_fit_of_its_frame(tmp_path):
    path = tmp_path / "data.parquet"
    frame(HS).to_parquet(path)
    assert np.allclose(sem.fit(MODEL, path).theta, sem.fit(MODEL, frame(HS)).theta)
    with pytest.raises(sem.DataError, match="did you mean 'x9'"):
        sem.fit("f =~ x1 + x2 + x99", path)


def test_a_population_is_recovered():
    draw = np.random.default_rng(5)
    n = 200_000
    f = draw.normal(size=n)
    m = 0.5 * f + draw.normal(size=n) * 0.8
    columns = {f"a{i}": w * f + draw.normal(size=n) for i, w in enumerate([1, 0.8, 1.2])}
    columns |= {f"b{i}": 3 + w * m + draw.normal(size=n) for i, w in enumerate([1, 0.7, 1.1])}
    fit = sem.fit("f =~ a0 + a1 + a2\nm =~ b0 + b1 + b2\nm ~ f", pd.DataFrame(columns), meanstructure=True)
    values = fit.estimates.set_index(["lhs", "op", "rhs"])
    truth = {("m", "~", "f"): 0.5, ("f", "=~", "a2"): 1.2, ("m", "~~", "m"): 0.64, ("b1", "~1", ""): 3.0}
    for key, value in truth.items():
        assert abs(values.loc[key, "est"] - value) < 5 * values.loc[key, "se"]


def test_expected_information_is_that_of_the_hessian_at_a_perfect_fit():
    saturated = "x1 ~~ x2 + x3\nx2 ~~ x3"
    fits = [sem.fit(saturated, frame(HS), information=kind) for kind in ("expected", "observed")]
    assert np.allclose(fits[0].vcov, fits[1].vcov, rtol=1e-10)


MODELS = [
    MODEL,
    "x1 ~ x2 + x3\nx3 ~ x4\nx1 ~ 1",
    "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nk =~ x7 + x8 + x9\nh =~ f + g + k\nx1 ~~ x4",
    "f =~ x1 + x2 + x3\nf ~ x4 + x5\nx4 ~ x6\nx3 ~ x6",
]


@pytest.mark.parametrize("model", MODELS)
def test_derivatives_are_those_of_differences(model):
    """Gradient and Hessian of the discrepancy against central differences."""
    state = sem.fit(model, frame(HS), meanstructure=True).solution.state
    problem, x = state.problem, state.x + np.random.default_rng(1).normal(0, 0.03, len(state.x))
    step = 1e-6

    def gradient(at):
        return problem.at(at).gradient

    own = problem.at(x)
    moves = np.eye(len(x)) * step
    numeric = [(problem.at(x + move).value - problem.at(x - move).value) / (2 * step) for move in moves]
    assert np.allclose(own.gradient, numeric, atol=1e-7)
    hessian = np.array([(gradient(x + move) - gradient(x - move)) / (2 * step) for move in moves])
    assert np.allclose(own.hessian(), hessian, atol=1e-6)


def population(draw, n):
    """A latent mediation with known paths .5 and .4."""
    x = draw.normal(size=n)
    m = 0.5 * x + draw.normal(size=n)
    y = 0.4 * m + draw.normal(size=n)
    columns = {}
    for name, factor in (("x", x), ("m", m), ("y", y)):
        for i in range(3):
            columns[f"{name}{i}"] = factor + draw.normal(size=n)
    return pd.DataFrame(columns)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_intervals_of_paths_cover_95_percent(estimator):
    model = "x =~ x0 + x1 + x2\nm =~ m0 + m1 + m2\ny =~ y0 + y1 + y2\nm ~ a*x\ny ~ b*m"
    draw, hits = np.random.default_rng(20), []
    for _ in range(1000):
        frame = sem.fit(model, population(draw, 250), estimator=estimator).estimates
        for label, truth in (("a", 0.5), ("b", 0.4)):
            row = frame[frame["label"] == label].iloc[0]
            hits.append(row["ci_lower"] < truth < row["ci_upper"])
    assert 0.93 <= np.mean(hits) <= 0.97
