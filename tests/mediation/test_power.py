"""Power of indirect effects: the formula against reference numbers, simulation against both."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from pipeline.compute import Place, generator, replicate
from pipeline.mediation import MediationError, NotEstimable
from pipeline.mediation.calibration.analysis import CLIENT, GRAPH, LEVELS
from pipeline.mediation.calibration.design import ALLIANCE, OUTCOME, STAFF, SUPPORT, TEAM, Trial, sample
from pipeline.mediation.power import (
    FlatSetting,
    LevelModel,
    flat_setting,
    minimum_detectable,
    of_standardized,
    of_unstandardized,
    power_at,
    spread_evenly,
    two_level_setting,
)
from pipeline.mediation.power.simulation import found_in, plan_of

ROUTE = ("x", "m", "y")
BETWEEN_ROUTE = (SUPPORT, ALLIANCE, OUTCOME)


def flat(n: int, a: float, b: float, direct: float = 0.0) -> FlatSetting:
    """Fritz & MacKinnon's set-up: x and both residuals have variance 1."""
    total = direct + a * b
    covariance = np.array(
        [
            [1.0, a, total],
            [a, a**2 + 1, a * total + b],
            [total, a * total + b, total**2 + b**2 + 1],
        ]
    )
    return FlatSetting.of(n, ROUTE, {"m": ("x",), "y": ("m", "x")}, covariance)


def power_of(n: int, a: float, b: float) -> float:
    setting = flat(n, a, b)
    betas = (a / np.sqrt(a**2 + 1), b * np.sqrt(a**2 + 1) / np.sqrt((a * b) ** 2 + b**2 + 1))
    model = setting.levels["flat"].with_betas(ROUTE, betas)
    assumed = spread_evenly(setting, "flat", ROUTE, 0.1, 1)
    return power_at(setting, replace(assumed, model=model), 0.95)


def clients(trial: Trial, seed: int = 1) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    frame = sample(trial, generator(seed, 0))
    staff = frame.groupby(STAFF, sort=False)[[SUPPORT, TEAM]].first().reset_index(names="id")
    below = frame[[ALLIANCE, OUTCOME, STAFF, TEAM]].assign(id=range(len(frame)))
    return {CLIENT: below, STAFF: staff}, frame


@pytest.fixture(scope="module")
def two_level():
    return two_level_setting(GRAPH, clients(Trial(40, 6, 6, 0.5))[0], LEVELS, {})


@pytest.mark.parametrize("row", range(6))
def test_sample_sizes_for_a_power_of_80(reference, row):
    wanted = reference("l_screening_power_sensitivity")["power_joint"][row]
    n, a, b = (wanted[name] for name in ("n80", "a", "b"))
    assert power_of(n - 1, a, b) < 0.8 <= power_of(n, a, b)


def test_simulated_power_of_a_single_level_design(reference):
    wanted = reference("l_screening_power_sensitivity")["power_sim"]
    setting, count = flat(wanted["n"], wanted["a"], wanted["b"]), 2000
    assumed = spread_evenly(setting, "flat", ROUTE, 0.1, 1)
    same = replace(assumed, model=setting.levels["flat"])
    found = replicate(partial(found_in, plan_of(setting, same, 0.95)), count, 5, Place(1))
    share = np.mean([one.joint for one in found])
    error = np.sqrt(0.8 * 0.2 * (1 / count + 1 / wanted["reps"]))
    assert abs(share - wanted["power"]) < 3 * error


@pytest.mark.parametrize("estimated", [(0.0, 0.0), (0.5, 0.5), (-0.4, 0.7)])
def test_the_estimate_of_the_effect_plays_no_part(estimated):
    a, b = estimated
    setting = flat(200, a, b)
    assumed = of_standardized(setting, "flat", ROUTE, 0.05)
    blank = flat(200, 0.0, 0.0)
    assert power_at(setting, assumed, 0.95) == pytest.approx(
        power_at(blank, of_standardized(blank, "flat", ROUTE, 0.05), 0.95), abs=1e-9
    )


@pytest.mark.parametrize("betas", [(0.3, 0.3), (0.2, -0.6), (-0.9, 0.05), (0.0, 0.4)])
def test_slopes_are_standardized_as_asked_and_residuals_stay(betas):
    before = flat(100, 0.4, 0.2, direct=0.5).levels["flat"]
    after = before.with_betas(ROUTE, betas)
    spread = np.sqrt(np.diag(after.covariance))
    found = [after.slope(("x", "m")) * spread[0] / spread[1], after.slope(("m", "y")) * spread[1] / spread[2]]
    assert found == pytest.approx(betas, abs=1e-12)
    assert after.slope(("x", "y")) == before.slope(("x", "y"))
    np.testing.assert_array_equal(after.residual, before.residual)


@pytest.mark.parametrize("beta", [1.0, -1.2])
def test_a_slope_that_leaves_nothing_to_chance_is_refused(beta):
    with pytest.raises(MediationError, match="leaves nothing to chance"):
        flat(100, 0.4, 0.2).levels["flat"].with_betas(ROUTE, (beta, 0.1))


def test_slopes_and_residuals_come_back_from_what_they_imply():
    model = flat(100, 0.4, 0.2, direct=0.5).levels["flat"]
    again = LevelModel.of(ROUTE, model.route(ROUTE) | {("x", "y"): model.slope(("x", "y"))}, model.covariance)
    np.testing.assert_allclose(again.residual, np.eye(3), atol=1e-12)
    assert model.has(ROUTE)
    assert not model.has(("y", "x"))


@pytest.mark.parametrize("effect", [0.02, -0.15])
def test_an_effect_in_points_of_the_scales_is_reached(two_level, effect):
    found = of_unstandardized(two_level, "between", BETWEEN_ROUTE, effect)
    assert found is not None
    assert found.effect == pytest.approx(effect, abs=1e-5)
    assert found.standardized == pytest.approx(np.sign(effect) * found.beta**2)


def test_an_effect_that_no_slopes_reach_is_none(two_level):
    assert of_unstandardized(two_level, "between", BETWEEN_ROUTE, 50.0) is None


@pytest.mark.parametrize(
    ("level", "route", "sign"),
    [
        ("between", BETWEEN_ROUTE, 1),
        ("within", (ALLIANCE, OUTCOME), 1),
        ("within", (ALLIANCE, OUTCOME), -1),
        ("between", (SUPPORT, OUTCOME), -1),
    ],
)
def test_the_least_effect_has_the_power_asked_for(two_level, level, route, sign):
    least = minimum_detectable(two_level, level, route, 0.95, sign=sign)
    assert least is not None
    assert np.sign(least.effect) == sign
    assert power_at(two_level, least, 0.95) == pytest.approx(0.8, abs=1e-4)
    smaller = spread_evenly(two_level, level, route, 0.9 * least.beta, sign)
    assert power_at(two_level, smaller, 0.95) < 0.8


def test_a_design_too_small_for_any_effect_has_no_least_one():
    assert minimum_detectable(flat(6, 0.1, 0.1), "flat", ROUTE, 0.95) is None


def test_power_at_no_effect_is_the_rate_of_false_alarms():
    setting = flat(100, 0.3, 0.3)
    assert power_at(setting, spread_evenly(setting, "flat", ROUTE, 0.0, 1), 0.95) == pytest.approx(0.05**2)
    one = spread_evenly(setting, "flat", ("x", "m"), 0.0, 1)
    assert power_at(setting, one, 0.95) == pytest.approx(0.05)


def test_the_formula_knows_the_power_of_calibration(two_level):
    """The slopes that calibration plants: 42 % of its 1,000 samples of 40x6x6 have both significant."""
    model = two_level.levels["between"]
    a, b = Trial(40, 6, 6, 0.5).slopes
    spread = np.sqrt([1.0, 0.10, 0.07])
    set_to = model.with_betas(BETWEEN_ROUTE, (a * spread[0] / spread[1], b * spread[1] / spread[2]))
    assumed = spread_evenly(two_level, "between", BETWEEN_ROUTE, 0.2, 1)
    power = power_at(two_level, replace(assumed, model=set_to), 0.95)
    assert power == pytest.approx(0.42, abs=0.15)  # variances are those of one sample


@pytest.mark.parametrize(("level", "route"), [("between", BETWEEN_ROUTE), ("within", (ALLIANCE, OUTCOME))])
def test_simulation_of_clusters_bears_the_formula_out(two_level, level, route):
    least = minimum_detectable(two_level, level, route, 0.95)
    assert least is not None
    count = 120
    found = replicate(partial(found_in, plan_of(two_level, least, 0.95)), count, 2, Place(1))
    assert all(one.converged for one in found)
    for share in (np.mean([one.joint for one in found]), np.mean([one.monte_carlo for one in found])):
        assert abs(share - 0.8) < 3 * np.sqrt(0.8 * 0.2 / count)


def test_samples_have_the_studys_clusters_and_the_assumed_covariances(two_level):
    least = minimum_detectable(two_level, "between", BETWEEN_ROUTE, 0.95)
    assert least is not None
    plan = plan_of(two_level, least, 0.95)
    np.testing.assert_array_equal(np.bincount(plan.clusters), np.full(240, 6))
    names = [two_level.rows.names.token(name) for name in BETWEEN_ROUTE]
    own = [plan.between[0].index(name) for name in names]
    at = [least.model.names.index(name) for name in BETWEEN_ROUTE]
    np.testing.assert_allclose(
        plan.between[1][np.ix_(own, own)], least.model.covariance[np.ix_(at, at)], atol=1e-10
    )


def test_flat_setting_takes_residuals_from_least_squares():
    frames, frame = clients(Trial(10, 3, 4, 0.5))
    setting = flat_setting(GRAPH, frames, LEVELS, {})
    X = np.column_stack([np.ones(len(frame)), frame[ALLIANCE], frame[SUPPORT]])
    left = np.linalg.lstsq(X, frame[OUTCOME], rcond=None)[1][0] / len(frame)
    at = setting.model.names.index(OUTCOME)
    assert setting.model.residual[at, at] == pytest.approx(left)
    assert setting.freedom("flat", OUTCOME) == len(frame) - 3


def test_variances_below_zero_give_no_setting():
    frames, _ = clients(Trial(5, 2, 3, 0.5), seed=8)
    frames[CLIENT][ALLIANCE] -= frames[CLIENT].groupby(STAFF)[ALLIANCE].transform("mean") * 0.999
    with pytest.raises(NotEstimable):
        two_level_setting(GRAPH, frames, LEVELS, {})
