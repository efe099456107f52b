"""Calibration: the design that it draws from, its closed forms, and (slow) what it finds."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from pipeline import sem
from pipeline.compute import generator, replicate
from pipeline.mediation import fit_latent_means
from pipeline.mediation.calibration import (
    BOOTSTRAP,
    CLIENTS_FLAT,
    INTERVALS,
    JOINT,
    MONTE_CARLO,
    SLOPE,
    STAFF_MEANS,
    TWO_LEVEL,
    Trial,
    analyse,
    monte_carlo_error,
    rates,
)
from pipeline.mediation.calibration.analysis import CLIENT, GRAPH, LEVELS, regressions, two_level_rows
from pipeline.mediation.calibration.bootstrap import indirect_draws, indirect_of
from pipeline.mediation.calibration.design import ALLIANCE, OUTCOME, STAFF, SUPPORT, TEAM, sample
from pipeline.mediation.latent_rows import CLUSTER, UNIT

SMALL = Trial(12, 3, 4, 0.5)
LARGE = Trial(1500, 6, 6, 0.5)
# Rates and their Monte Carlo error in lavaan, 200 samples: joint test and Monte Carlo interval at .5.
LAVAAN = {
    40: {SLOPE: 0.43, JOINT: 0.39, MONTE_CARLO: 0.37},
    100: {SLOPE: 0.80, JOINT: 0.80, MONTE_CARLO: 0.81},
}


@pytest.fixture(scope="module")
def large():
    return sample(LARGE, generator(1, 0))


def parts(frame):
    """Covariances of team means, of staff means about them, and of clients about those."""
    values = frame[[SUPPORT, ALLIANCE, OUTCOME]]
    staff = values.groupby(frame[STAFF]).transform("mean")
    within = (values - staff).cov() * (len(frame) - 1) / (len(frame) - frame[STAFF].nunique())
    between = staff.drop_duplicates().cov()
    n = len(frame) / frame[STAFF].nunique()
    own = within.copy()
    own.loc[SUPPORT] = own[SUPPORT] = 0.0
    return between - own / n, within


def test_samples_have_the_shares_and_slopes_of_the_design(large):
    between, within = parts(large)
    assert large[[SUPPORT, ALLIANCE, OUTCOME]].var().tolist() == pytest.approx([1, 1, 1], abs=0.05)
    assert within.loc[ALLIANCE, ALLIANCE] == pytest.approx(0.90, abs=0.02)
    assert within.loc[OUTCOME, OUTCOME] == pytest.approx(0.93, abs=0.02)
    slope = within.loc[ALLIANCE, OUTCOME] / within.loc[ALLIANCE, ALLIANCE]
    assert slope == pytest.approx(0.28 * np.sqrt(0.93 / 0.90), abs=0.02)
    assert np.diag(between)[1:] == pytest.approx([0.10, 0.07], abs=0.015)


def test_the_model_estimates_the_slopes_that_the_design_implies(large):
    between, _ = parts(large)
    a, b = LARGE.slopes
    assert between.loc[SUPPORT, ALLIANCE] / between.loc[SUPPORT, SUPPORT] == pytest.approx(a, abs=0.015)
    predictors = between.loc[[ALLIANCE, SUPPORT], [ALLIANCE, SUPPORT]].to_numpy()
    found = np.linalg.solve(predictors, between.loc[[ALLIANCE, SUPPORT], OUTCOME].to_numpy())[0]
    assert found == pytest.approx(b, abs=0.06)
    assert (a, b, LARGE.planted) == pytest.approx((0.1086, 0.3057, 0.3953), abs=1e-4)


@pytest.mark.parametrize("teams", [40, 100])
def test_without_a_slope_between_there_is_no_indirect_effect(teams):
    assert Trial(teams, 6, 6, 0.0).indirect == 0


def test_the_closed_form_is_the_bootstrap_of_the_estimation_core():
    frame = sample(SMALL, generator(2, 0))
    rows = two_level_rows(frame)
    fit = sem.fit(rows.syntax, rows.frame, estimator="ML", cluster=CLUSTER)
    chosen = generator(3, 0).integers(SMALL.teams, size=(60, SMALL.teams))
    boot = fit.bootstrap(60, unit=UNIT, indices=chosen)
    name = rows.names.token
    searched = (
        boot.draws[f"{name(ALLIANCE)}~{name(SUPPORT)}.l2"]
        * boot.draws[f"{name(OUTCOME)}~{name(ALLIANCE)}.l2"]
    )
    counts = np.stack([np.bincount(one, minlength=SMALL.teams) for one in chosen]).astype(float)
    assert searched.notna().mean() > 0.8
    at = searched.notna().to_numpy()
    np.testing.assert_allclose(indirect_of(frame, counts)[at], searched[at], rtol=1e-4, atol=1e-5)


def test_the_sample_itself_is_one_of_its_resamples():
    frame = sample(SMALL, generator(2, 0))
    rows = two_level_rows(frame)
    fit = sem.fit(rows.syntax, rows.frame, estimator="ML", cluster=CLUSTER)
    est = dict(zip(fit.parameter_names, fit.theta, strict=True))
    name = rows.names.token
    wanted = est[f"{name(ALLIANCE)}~{name(SUPPORT)}.l2"] * est[f"{name(OUTCOME)}~{name(ALLIANCE)}.l2"]
    assert indirect_of(frame, np.ones((1, SMALL.teams)))[0] == pytest.approx(wanted, abs=1e-6)
    drawn = indirect_draws(frame, 400, generator(4, 0))
    assert np.quantile(drawn, 0.025) < wanted < np.quantile(drawn, 0.975)


def test_the_model_is_the_one_that_the_pipeline_fits():
    frame = sample(Trial(40, 6, 6, 0.5), generator(5, 0))
    found = analyse(Trial(40, 6, 6, 0.5), generator(5, 0))
    clients = frame[[ALLIANCE, OUTCOME, STAFF, TEAM]].assign(id=range(len(frame)))
    staff = frame.groupby(STAFF)[[SUPPORT, TEAM]].first().reset_index(names="id")
    model = fit_latent_means(GRAPH, {CLIENT: clients, STAFF: staff}, LEVELS)
    slopes = model.slopes()
    a, b = (slopes[edge[0], edge[1], "between"] for edge in ((SUPPORT, ALLIANCE), (ALLIANCE, OUTCOME)))
    assert found.slope == pytest.approx(b["est"], abs=1e-6)
    assert found.estimate == pytest.approx(a["est"] * b["est"], abs=1e-6)
    assert found.rejects is not None
    assert found.rejects[TWO_LEVEL, SLOPE] == (b["pvalue"] < 0.05)
    assert found.rejects[TWO_LEVEL, JOINT] == (max(a["pvalue"], b["pvalue"]) < 0.05)
    assert model.unit == TEAM


@pytest.mark.parametrize("method", [CLIENTS_FLAT, STAFF_MEANS])
def test_flat_errors_are_those_ofregressions_robust_to_teams(method):
    """Cluster-robust errors of statsmodels, by another program."""
    import statsmodels.api as sm

    frame = sample(SMALL, generator(6, 0))
    rows = frame if method == CLIENTS_FLAT else frame.groupby(STAFF, sort=False).mean()
    slopes, cov = regressions(rows)
    for at, (outcome, names) in enumerate([(ALLIANCE, [SUPPORT]), (OUTCOME, [ALLIANCE, SUPPORT])]):
        other = sm.OLS(rows[outcome], sm.add_constant(rows[names])).fit(
            cov_type="cluster", cov_kwds={"groups": rows[TEAM].astype(int)}
        )
        assert slopes[at] == pytest.approx(other.params[names[0]], abs=1e-10)
        assert cov[at, at] ** 0.5 == pytest.approx(other.bse[names[0]], rel=1e-10)


def test_rates_are_shares_of_what_converged():
    found = [analyse(SMALL, generator(7, number)) for number in range(4)]
    told = rates(SMALL, [*found, type(found[0])(False)])
    assert (told.n, told.failed) == (4, 1)
    for key, share in told.rejected.items():
        assert share == np.mean([one.rejects[key] for one in found])
    for name in INTERVALS:
        assert told.covered[name] + told.missed_below[name] + told.missed_above[name] == pytest.approx(1)


@pytest.fixture(scope="module")
def measured():
    """250 samples a trial, about a minute and a half."""
    trials = [Trial(teams, 6, 6, slope) for teams in (40, 100) for slope in (0.0, 0.5)]
    return {
        (trial.teams, trial.between): rates(trial, replicate(partial(analyse, trial), 250, 71 + number))
        for number, trial in enumerate(trials)
    }


@pytest.mark.slow
@pytest.mark.parametrize("teams", [40, 100])
def test_false_alarms_by_method(measured, teams):
    """At most 7 % between, at least 85 % of clients and 70 % of staff means, give or take three errors."""
    found = measured[teams, 0.0]
    assert found.failed == 0
    for test in (SLOPE, JOINT, MONTE_CARLO, BOOTSTRAP):
        assert found.rejected[TWO_LEVEL, test] <= 0.07 + 3 * monte_carlo_error(0.07, found.n)
    for method, least in ((CLIENTS_FLAT, 0.85), (STAFF_MEANS, 0.70)):
        assert found.rejected[method, JOINT] >= least - 3 * monte_carlo_error(least, found.n)


@pytest.mark.slow
@pytest.mark.parametrize("teams", [40, 100])
def test_power_is_that_of_another_program(measured, teams):
    found = measured[teams, 0.5]
    for test, share in LAVAAN[teams].items():
        error = np.hypot(monte_carlo_error(share, 200), monte_carlo_error(share, found.n))
        assert abs(found.rejected[TWO_LEVEL, test] - share) < 3 * error, test


@pytest.mark.slow
@pytest.mark.parametrize("teams", [40, 100])
def test_intervals_cover_the_true_effect(measured, teams):
    """92 to 97 %, give or take three errors of this many samples."""
    found = measured[teams, 0.5]
    for name in (MONTE_CARLO, BOOTSTRAP):
        low, high = (
            share + sign * 3 * monte_carlo_error(share, found.n) for share, sign in ((0.92, -1), (0.97, 1))
        )
        assert low <= found.covered[name] <= high, name
