"""Response surfaces: the referee's numbers, another program's errors, planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from tolerances import assert_close

from pipeline.mediation import MediationError, discrepancies, fit_surface

NAMES = ["x", "y", "z"]


def army() -> tuple[pd.DataFrame, pd.Series]:
    table = load_data("bh1996")
    return table[["COHES", "LEAD", "WBEING"]], table["GRP"].rename("company")


def surface(kind: str):
    scores, groups = army()
    if kind == "within":
        return fit_surface(scores, 3.0, groups)
    return fit_surface(scores, 3.0, robust=groups)


@pytest.mark.parametrize("kind", ["whole", "within"])
def test_surfaces_are_those_of_the_referee(kind):
    ours, theirs = surface(kind), load_reference("o_moderation")[f"surface_{kind}"]
    assert_close("estimates", ours.coefficients["est"], theirs["b"])
    assert_close("standard errors", ours.coefficients["se"], theirs["b_se"])
    for row in ours.surface.to_dict("records"):
        assert_close("estimates", row["est"], theirs["a"][row["name"]])
        assert_close("standard errors", row["se"], theirs["a_se"][row["name"]])
        assert row["pvalue"] == pytest.approx(theirs["p"][row["name"]], rel=1e-6)
        assert row["df"] == theirs["df"]
    assert (ours.n, ours.clusters, ours.errors) == (theirs["n"], theirs["clusters"], "company")


def test_shares_of_discrepant_cases_are_those_of_the_referee():
    scores, _ = army()
    ours, theirs = (
        discrepancies(scores["COHES"], scores["LEAD"]),
        load_reference("o_moderation")["discrepancy"],
    )
    for name, share in theirs.items():
        assert_close("estimates", ours[name], share)
    assert sum(ours[name] for name in theirs) == pytest.approx(1)


def test_cluster_robust_errors_are_those_of_statsmodels():
    from statsmodels.regression.linear_model import OLS

    scores, groups = army()
    x, y, z = (scores[name] - (3 if name != "WBEING" else 0) for name in scores)
    design = np.column_stack([np.ones(len(z)), x, y, x**2, x * y, y**2])
    theirs = OLS(z.to_numpy(), design).fit(cov_type="cluster", cov_kwds={"groups": groups.to_numpy()})
    ours = surface("whole")
    assert ours.coefficients["se"].to_numpy() == pytest.approx(theirs.bse[1:], rel=1e-8)
    assert ours.r2 == pytest.approx(theirs.rsquared)


def people(seed: int = 4, n: int = 1500, b=(0.3, 0.1, -0.15, 0.3, -0.15)) -> tuple[pd.DataFrame, pd.Series]:
    """Clients in staff; a congruence effect: the outcome is highest along x = y. Staff differ too."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(n // 10), 10)
    x = rng.normal(size=n)
    y = 0.4 * x + rng.normal(scale=0.9, size=n)
    z = np.column_stack([x, y, x**2, x * y, y**2]) @ np.array(b) + rng.normal(scale=0.7, size=n)
    part = rng.normal(scale=0.5, size=(3, n // 10))[:, codes]
    frame = pd.DataFrame({"x": x + part[0] + 3, "y": y + part[1] + 3, "z": z - part[0] - part[1] + part[2]})
    return frame, pd.Series(codes, name="staff")


def test_a_planted_congruence_effect_is_found_within_clusters():
    scores, staff = people()
    found = fit_surface(scores, 3.0, staff).surface.set_index("name")
    truth = {"a1": 0.4, "a2": 0.0, "a3": 0.2, "a4": -0.6, "a5": 0.0}
    for name, value in truth.items():
        row = found.loc[name]
        assert abs(row["est"] - value) < 3 * row["se"], name
        assert row["ci_lower"] <= row["est"] <= row["ci_upper"]
    assert found.loc["a4", "ci_upper"] < 0


def test_whole_scores_mix_what_the_surface_within_leaves_out():
    scores, staff = people()
    whole = fit_surface(scores, 3.0, robust=staff).surface.set_index("name")["est"]
    within = fit_surface(scores, 3.0, staff).surface.set_index("name")["est"]
    assert within["a1"] - whole["a1"] > 0.2


@pytest.mark.parametrize("name", NAMES)
def test_what_differs_between_clusters_leaves_the_surface_within_alone(name):
    scores, staff = people()
    push = np.random.default_rng(1).normal(scale=5, size=int(staff.max()) + 1)[staff]
    moved = fit_surface(scores.assign(**{name: scores[name] + push}), 3.0, staff)
    assert moved.surface["est"].to_numpy() == pytest.approx(
        fit_surface(scores, 3.0, staff).surface["est"].to_numpy(), abs=1e-9
    )


def test_exchanging_the_predictors_turns_the_line_of_incongruence_round():
    scores, staff = people()
    ours = fit_surface(scores, 3.0, staff).surface.set_index("name")["est"]
    turned = fit_surface(scores[["y", "x", "z"]], 3.0, staff).surface.set_index("name")["est"]
    signs = pd.Series({"a1": 1, "a2": 1, "a3": -1, "a4": 1, "a5": -1})
    assert turned.to_numpy() == pytest.approx((ours * signs).to_numpy(), abs=1e-10)


def test_the_surface_is_level_at_its_stationary_point():
    scores, staff = people()
    found = fit_surface(scores, 3.0, robust=staff)
    b = found.coefficients.set_index("name")["est"]
    x, y = found.stationary
    assert b["b1"] + 2 * b["b3"] * x + b["b4"] * y == pytest.approx(0, abs=1e-9)
    assert b["b2"] + 2 * b["b5"] * y + b["b4"] * x == pytest.approx(0, abs=1e-9)
    assert found.r2 >= found.r2_linear


@pytest.mark.parametrize("smallest", [1, 5, 20])
def test_the_outline_is_of_cells_with_enough_people(smallest):
    """Its corners are those of cells half a standard deviation wide, and all full cells lie inside."""
    scores, _ = people()
    points = scores[["x", "y"]].to_numpy() - 3
    side = 0.5 * np.sqrt(points.var(axis=0).mean())
    corners = np.array(fit_surface(scores, 3.0, smallest_cell=smallest).hull)
    assert np.abs(corners / side - np.round(corners / side)).max() < 1e-9
    cells = [tuple(cell) for cell in np.floor(points / side).astype(int)]
    full = {cell for cell in cells if cells.count(cell) >= smallest}
    for corner in np.round(corners / side).astype(int):
        assert any((corner[0] - i, corner[1] - j) in full for i in (0, 1) for j in (0, 1))
    middles = (np.array(sorted(full)) + 0.5) * side
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        assert ((other - one)[0] * (middles - one)[:, 1] - (other - one)[1] * (middles - one)[:, 0]).min() > 0


def test_a_person_far_from_the_others_does_not_show_in_the_outline():
    scores, _ = people()
    alone = scores.copy()
    alone.loc[0, ["x", "y"]] = [9.0, -9.0]
    assert np.abs(np.array(fit_surface(alone, 3.0).hull)).max() < 4
    assert np.abs(np.array(fit_surface(alone, 3.0, smallest_cell=1).hull)).max() > 6
    assert fit_surface(scores, 3.0, smallest_cell=len(scores)).hull == ()


def test_without_clusters_errors_are_those_of_least_squares():
    from statsmodels.regression.linear_model import OLS

    scores, _ = people()
    x, y = scores["x"] - 3, scores["y"] - 3
    theirs = OLS(scores["z"], np.column_stack([np.ones(len(x)), x, y, x**2, x * y, y**2])).fit()
    ours = fit_surface(scores, 3.0)
    assert ours.coefficients["se"].to_numpy() == pytest.approx(theirs.bse.to_numpy()[1:], rel=1e-8)
    assert ours.coefficients["df"].iloc[0] == theirs.df_resid
    assert ours.errors is None


def test_rows_without_an_answer_or_a_cluster_are_left_out():
    scores, staff = people()
    scores.loc[:9, "x"] = np.nan
    lost = staff.astype(float).where(np.arange(len(staff)) > 19)
    assert fit_surface(scores, 3.0, lost.rename("staff")).n == len(scores) - 20


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.head(10), "only .* complete rows"),
        (lambda s: s.assign(y=2.0), "'y' does not vary"),
        (lambda s: s.assign(y=s["x"]), "linear combinations"),
    ],
)
def test_what_has_no_surface(change, told):
    with pytest.raises(MediationError, match=told):
        fit_surface(change(people()[0]), 3.0)
