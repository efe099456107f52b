"""What a researcher reads when a model or its data cannot be used, or when a solution is doubtful."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline import sem

from .references import HS, fitted, frame

ERRORS = [
    ("f =~ x1 + x2", {}, sem.ModelError, "4 free parameters but the data give only 3"),
    ("f =~ NA*x1 + x2 + x3", {}, sem.ModelError, "give factor 'f' a scale"),
    ("f =~ x1 + x2\ng =~ x3 + x4\nf ~~ 0*g", {}, sem.ModelError, "not identified: .*2 indicator"),
    ("f =~ x1 + x2 + x99", {}, sem.DataError, "'x99' .did you mean 'x9'"),
    ("f =~ x1 + school", {}, sem.DataError, "'school' holds"),
    ("f =~ x1 + x2 + c(a, b, c)*x3", {"group": "school"}, sem.ModelError, "3 modifiers for 2 group"),
    ("f =~ x1 + x2 + x3", {"group_equal": ["loadings"]}, sem.ModelError, "needs group="),
    (
        "f =~ x1 + x2 + x3",
        {"group": "school", "group_equal": ["loading"]},
        sem.ModelError,
        "not one of loadings",
    ),
    ("level: 1\nf =~ x1 + x2 + x3", {}, sem.ModelError, "two-level"),
    ("f =~ x1 + x2 + x3 + x4\na := b*c", {}, sem.ModelError, "line 2: 'b' is not the label"),
    ("f =~ x1 + a*x2 + x3 + x4\na == b", {}, sem.ModelError, "line 2: 'b' .*labels so far: a"),
    ("f =~ x1 + a*x2 + b*x3 + x4\na^2 + b^2 == -1", {}, sem.ModelError, "could not be met"),
    ("f =~ x1 + a*x2 + b*x3 + x4\na == b\na == 1\nb == 2", {}, sem.ModelError, "contradict"),
    ("f =~ f + x1", {}, sem.ModelError, "own indicator"),
    ("x1 ~ x1", {}, sem.ModelError, "predict itself"),
    ("f =~ x1 + x2 + x3", {"estimator": "BAYES"}, sem.ModelError, "choose one of ML"),
    ("f =~ x1 + x2 + x3", {"estimator": "WLSMV"}, sem.ModelError, "ordered"),
    ("f =~ x1 + x2 + x3", {"missing": "fiml", "estimator": "GLS"}, sem.ModelError, "full-information"),
    ("f =~ x1 + x2 + x3", {"missing": "pairwise"}, sem.ModelError, "'listwise' or 'fiml'"),
    ("f =~ x1 + x2 + x3", {"ordered": True}, sem.ModelError, "ordered"),
]


@pytest.mark.parametrize(("model", "options", "kind", "message"), ERRORS)
def test_errors(model, options, kind, message):
    with pytest.raises(kind, match=message):
        sem.fit(model, frame(HS), **options)


FRAMES = [
    (lambda d: d.assign(x3=1.0), "'x3' does not vary"),
    (lambda d: d.assign(x3=d.x1 + d.x2), "singular"),
    (lambda d: d.head(4), "4 complete rows for 4 variables"),
    (lambda d: d.assign(x3=np.inf), "infinite"),
    (lambda d: d.assign(x3=np.nan), "0 usable row"),
]


@pytest.mark.parametrize(("change", "message"), FRAMES)
def test_data_errors(change, message):
    with pytest.raises(sem.DataError, match=message):
        sem.fit("f =~ x1 + x2 + x3 + x4", change(frame(HS)))


def test_heywood_case_is_named_with_a_remedy():
    fit = sem.fit("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", frame(HS).head(25))
    assert any(
        "residual variance of 'x1' is negative" in text and "x1 ~~ 0*x1" in text for text in fit.warnings
    )


def test_factors_that_correlate_beyond_one_are_named():
    fit = sem.fit("f =~ x1 + x2\ng =~ x3 + x4", frame(HS))
    assert any("'f' and 'g' correlate 1.466" in text for text in fit.warnings)


def test_estimates_that_run_off_are_named():
    draw = np.random.default_rng(0)
    noise = pd.DataFrame(draw.normal(size=(100, 8)), columns=[f"y{i}" for i in range(8)])
    fit = sem.fit("f =~ y0 + y1 + y2 + y3\ng =~ y4 + y5 + y6 + y7\ng ~ f", noise)
    assert not fit.converged
    assert any("did not converge" in text and "went furthest" in text for text in fit.warnings)


def test_a_second_start_helps_where_the_first_runs_off():
    rows = frame(HS).sample(20, random_state=1)
    fit = sem.fit("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9", rows)
    assert fit.converged
    assert np.isclose(fit.measures["fmin"], 1.058184442, rtol=1e-7)  # lavaan 0.6-14 from its own start


def test_left_out_rows_are_counted():
    assert any("196 row(s) with a missing value" in text for text in fitted("a_fiml:listwise_mcar").warnings)


@pytest.mark.parametrize("estimator", ["MLM", "MLR", "WLS"])
def test_moments_alone_are_refused_where_rows_are_needed(estimator):
    moments = sem.Moments.of(frame(HS), ["x1", "x2", "x3", "x4"])
    with pytest.raises(sem.DataError, match="rows of the data"):
        assert sem.fit("f =~ x1 + x2 + x3 + x4", moments, estimator=estimator).measures


def test_rows_without_group_are_counted():
    data = frame(HS).copy()
    data.loc[data.index[:5], "school"] = None
    fit = sem.fit("f =~ x1 + x2 + x3", data, group="school")
    assert fit.nobs == len(data) - 5
    assert any(text.startswith("5 row(s)") for text in fit.warnings)


def test_complete_rows_are_needed_for_satorra_2000():
    models = ("x1 ~~ x2 + x3", "x1 ~~ x2\nx3 ~~ x3")
    fits = [sem.fit(model, frame("HS_mcar10.csv"), missing="fiml", estimator="MLR") for model in models]
    assert sem.compare(*fits).df == 1
    with pytest.raises(sem.ModelError, match="needs complete rows"):
        sem.compare(*fits, method="satorra.2000")


def test_several_groups_must_be_named():
    with pytest.raises(sem.DataError, match="name one of Pasteur, Grant-White"):
        fitted("e_invariance:ml:fits:config").r2()


def test_nullable_integers_are_numbers():
    items = [f"x{i}" for i in range(1, 5)]
    whole = frame(HS)[items].round()
    model = "f =~ x1 + x2 + x3 + x4"
    assert np.allclose(sem.fit(model, whole.astype("Int64")).theta, sem.fit(model, whole).theta)


def test_a_long_chain_of_full_regressions_is_identified():
    names = [f"v{k}" for k in range(12)]
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 12)), columns=names)
    model = "\n".join(f"{name} ~ {' + '.join(names[:k])}" for k, name in enumerate(names) if k)
    fit = sem.fit(model, data)
    assert fit.converged
    assert fit.df == 0


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_a_model_that_reproduces_its_moments_has_chi_square_zero(estimator):
    rng = np.random.default_rng(2)
    raw = rng.normal(size=(200, 5))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False)).T)
    loadings = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    cov = np.outer(loadings, loadings)
    np.fill_diagonal(cov, 1.0)
    data = pd.DataFrame(white @ np.linalg.cholesky(cov).T, columns=list("abcde"))
    measures = sem.fit("f =~ a + b + c + d + e", data, estimator=estimator).measures
    assert 0 <= measures["chisq"] < 1e-6
    assert measures["pvalue"] == pytest.approx(1)
    assert (measures["rmsea.ci.lower"], measures["rmsea.ci.upper"]) == (0, 0)
