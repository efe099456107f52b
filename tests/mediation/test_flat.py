"""The single-level path model: least squares on complete rows, lavaan's FIML with missing outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tolerances import assert_close

from pipeline import sem
from pipeline.mediation import Design, MediationError, PathGraph, draw_slopes, fit_flat, indirect_effects

GRAPH = PathGraph.of([("x", "m"), ("x", "k"), ("m", "y"), ("x", "y"), ("k", "z"), ("m", "z")])
NAMES = ("x", "m", "k", "y", "z", "age")
DESIGN = Design(("person",), dict.fromkeys(NAMES, "person"))
COVARIATES = {"y": ("age",), "m": ("age",)}


def persons(n: int = 200, seed: int = 3) -> pd.DataFrame:
    """Two mediators, two last outcomes whose residuals correlate, and a covariate."""
    rng = np.random.default_rng(seed)
    x, age, shared = rng.normal(size=n), rng.normal(40, 9, size=n), rng.normal(size=n)
    m = 0.5 * x + 0.02 * age + rng.normal(size=n)
    k = 0.3 * x + rng.normal(size=n)
    y = 0.4 * m + 0.2 * x - 0.03 * age + shared + rng.normal(size=n)
    z = 0.3 * k + 0.1 * m + shared + rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "m": m, "k": k, "y": y, "z": z, "age": age})
    return frame.assign(id=[str(row) for row in range(n)])


def least_squares(frame: pd.DataFrame, outcome: str, predictors: list[str]):
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools import add_constant

    return OLS(frame[outcome], add_constant(frame[predictors])).fit()


@pytest.mark.parametrize(
    ("outcome", "predictors"),
    [("m", ["x", "age"]), ("k", ["x"]), ("y", ["m", "x", "age"]), ("z", ["k", "m"])],
)
def test_on_complete_rows_the_model_is_least_squares(outcome, predictors):
    frame = persons()
    model = fit_flat(GRAPH, {"person": frame}, DESIGN, COVARIATES)
    theirs, rows = least_squares(frame, outcome, predictors), model.slopes()
    for name in predictors:
        ours = rows[name, outcome, "flat"]
        assert ours["est"] == pytest.approx(theirs.params[name], abs=1e-8)
        assert ours["se"] == pytest.approx(theirs.bse[name], rel=1e-8)
        assert ours["pvalue"] == pytest.approx(theirs.pvalues[name], rel=1e-6, abs=1e-12)
        assert (ours["ci_lower"], ours["ci_upper"]) == pytest.approx(theirs.conf_int().loc[name], rel=1e-7)
    equation = model.equations[outcome]
    assert equation.logl == pytest.approx(theirs.llf, rel=1e-10)
    assert equation.intercept == pytest.approx(theirs.params["const"], abs=1e-7)
    assert equation.variances["residual"] == pytest.approx(theirs.scale, rel=1e-8)
    assert model.second.program == "statsmodels OLS"
    assert model.second.largest_difference_estimates == 0


def test_a_saturated_equation_explains_what_least_squares_explains():
    frame = persons()
    model = fit_flat(PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")]), {"person": frame}, DESIGN)
    assert model.equations["y"].r2["flat"] == pytest.approx(least_squares(frame, "y", ["m", "x"]).rsquared)
    slope = model.slopes()["m", "y", "flat"]
    assert slope["beta"] == pytest.approx(slope["est"] * frame["m"].std() / frame["y"].std())


def test_full_information_is_that_of_sem():
    frame = persons()
    frame.loc[:29, "m"] = np.nan
    frame.loc[20:49, "y"] = np.nan
    frame.loc[190:, "x"] = np.nan
    graph = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])
    model = fit_flat(graph, {"person": frame}, DESIGN, missing="fiml")
    theirs = sem.fit("y ~ m + x\nm ~ x", frame.loc[:189], missing="fiml")
    rows = theirs.estimates[theirs.estimates["op"] == "~"].set_index(["rhs", "lhs"])
    for predictor, outcome in graph.edges:
        ours = model.slopes()[predictor, outcome, "flat"]
        assert_close("estimates", ours["est"], rows.loc[(predictor, outcome), "est"])
        assert_close("standard errors", ours["se"], rows.loc[(predictor, outcome), "se"])
        assert ours["df"] is None or np.isnan(ours["df"])
    # Rows 20 to 29 lack both outcomes; nothing explains x, so a row without it says nothing.
    assert model.equations["y"].n == 180
    assert model.equations["y"].left_out == {"no answer: x": 10, "no answer to any outcome": 10}
    assert (model.second.n, model.second.largest_difference_estimates) == (140, 0)


def test_indirect_effects_use_the_joint_covariance():
    """With missing mediators the slopes of different equations are no longer independent."""
    frame = persons()
    frame.loc[:99, "m"] = np.nan
    graph = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])
    model = fit_flat(graph, {"person": frame}, DESIGN, missing="fiml")
    a, b = ("x", "m", "flat"), ("m", "y", "flat")
    joint = model.joint
    assert abs(joint.loc[a, b]) > 0
    slopes = model.slopes()
    gradient = np.array([slopes[b]["est"], slopes[a]["est"]])
    se = np.sqrt(gradient @ joint.loc[[a, b], [a, b]].to_numpy() @ gradient)
    effects = indirect_effects(model, graph, 1000, 1).frame.set_index("kind")
    assert effects.loc["specific", "se"] == pytest.approx(se)
    drawn = draw_slopes(model, 200_000, 1)
    found = np.cov(np.array(list(drawn.values())))
    names = list(drawn)
    spread = np.sqrt(np.diag(joint.loc[names, names]))
    np.testing.assert_allclose(
        found / np.outer(spread, spread), joint.loc[names, names] / np.outer(spread, spread), atol=0.015
    )


def test_a_path_without_complete_rows_is_refused():
    frame = persons(60)
    frame.loc[:29, "m"] = np.nan
    frame.loc[30:, "y"] = np.nan
    with pytest.raises(MediationError, match="no row is complete"):
        fit_flat(PathGraph.of([("x", "m"), ("x", "y")]), {"person": frame}, DESIGN)


def test_names_that_syntax_would_not_take_are_no_trouble():
    names = {"x": "~ x", "m": "m + 1", "y": "y =~ 0*"}
    frame = persons().rename(columns=names)
    graph = PathGraph.of([(names["x"], names["m"]), (names["m"], names["y"])])
    design = Design(("person",), dict.fromkeys(names.values(), "person"))
    plain = fit_flat(PathGraph.of([("x", "m"), ("m", "y")]), {"person": persons()}, DESIGN)
    odd = fit_flat(graph, {"person": frame}, design)
    assert odd.frame["est"].tolist() == pytest.approx(plain.frame["est"].tolist())
