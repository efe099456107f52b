"""What must not change a bootstrap: batch sizes, units of variables, order of rows, the kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sem
from pipeline.sem.bootstrap.dense import Dense
from pipeline.sem.bootstrap.factor import Factor
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant
from pipeline.sem.bootstrap.resampling import Resampling
from pipeline.sem.bootstrap.units import BATCH, count
from pipeline.sem.estimate.newton import TOLERANCE
from sem.references import frame

from . import cases

HS = "HolzingerSwineford1939.csv"


def resampled(fit, rows):
    """The model fitted anew to one resample, by the core."""
    return sem.fit(cases.CFA, frame(HS).iloc[rows])


def tables(boot):
    return boot.draws.to_numpy()


def test_counts_and_rows_give_the_same_estimates():
    given_ = cases.indices("boot_idx_hs_40.csv.gz")[:5]
    mine = cases.factors().bootstrap(indices=given_)
    theta = mine.values.theta / mine.values.solution.factor
    anew = np.array([resampled(cases.factors(), rows).theta for rows in given_])
    np.testing.assert_allclose(theta, anew, atol=2e-6)


def test_batch_size_does_not_matter(monkeypatch):
    small = cases.factors().bootstrap(draws=60, seed=3)
    monkeypatch.setattr(Resampling, "portion", 7)
    np.testing.assert_allclose(tables(cases.factors().bootstrap(draws=60, seed=3)), tables(small), atol=1e-9)


def test_large_samples_are_drawn_in_smaller_portions(monkeypatch):
    whole = cases.factors().bootstrap(draws=60, seed=3)
    monkeypatch.setattr("pipeline.sem.bootstrap.units._CELLS", 2000)
    np.testing.assert_allclose(tables(cases.factors().bootstrap(draws=60, seed=3)), tables(whole), atol=1e-9)


@pytest.mark.parametrize("fit", [cases.factors, cases.democracy, cases.incomplete, cases.ordered])
def test_the_number_of_threads_does_not_matter(monkeypatch, fit):
    monkeypatch.setattr(Resampling, "portion", 7)
    monkeypatch.setattr("pipeline.sem.bootstrap.resampling.PORTION", 7)
    alone, together = (fit().bootstrap(draws=40, seed=3, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(tables(together), tables(alone))
    np.testing.assert_array_equal(together.status, alone.status)


def test_a_longer_run_begins_with_the_shorter_one():
    short, long = (cases.factors().bootstrap(draws=n, seed=3) for n in (30, BATCH + 30))
    np.testing.assert_allclose(tables(long)[:30], tables(short), atol=1e-9)
    assert np.abs(tables(long)[BATCH:] - tables(short)).min(axis=1).max() > 1e-6


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(9)), st.lists(st.floats(-4, 4), min_size=9, max_size=9))
def test_units_of_variables_do_not_matter(order, powers):
    names = [f"x{i}" for i in range(1, 10)]
    data = frame(HS)[names] * 10.0 ** np.array(powers)
    given_ = cases.indices("boot_idx_hs_40.csv.gz")[:10]
    name = "std_all:visual~~textual"
    mine = sem.fit(cases.CFA, data[[names[i] for i in order]]).bootstrap(indices=given_).of(name)
    np.testing.assert_allclose(mine, cases.factors().bootstrap(indices=given_).of(name), atol=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_does_not_matter(seed):
    data = frame(HS)
    order = np.random.default_rng(seed).permutation(len(data))
    given_ = cases.indices("boot_idx_hs_40.csv.gz")[:10]
    place = np.argsort(order)
    mine = sem.fit(cases.CFA, data.iloc[order]).bootstrap(indices=place[given_])
    np.testing.assert_allclose(tables(mine), tables(cases.factors().bootstrap(indices=given_)), atol=1e-6)


def test_clusters_of_one_row_are_rows():
    data = frame(HS)
    mine = sem.fit(cases.CFA, data).bootstrap(draws=20, unit=np.arange(len(data)))
    np.testing.assert_allclose(tables(mine), tables(cases.factors().bootstrap(draws=20)), atol=1e-9)


def test_clusters_that_span_groups_are_drawn_over_all_groups():
    fit = cases.schools()
    owner = np.arange(fit.nobs) % 50
    boot = fit.bootstrap(draws=20, unit=owner)
    assert boot.failed == 0
    assert len(boot.resampling.units.strata) == 1


@pytest.mark.parametrize("meanstructure", [False, True])
@pytest.mark.parametrize("second_order", [False, True])
def test_both_kernels_agree(meanstructure, second_order):
    model = cases.CFA + ("\ng =~ visual + textual + speed" if second_order else "")
    fit = sem.fit(model, frame(HS), meanstructure=meanstructure)
    resampling = fit.bootstrap(draws=1).resampling
    batch = resampling.source.batch(next(resampling.units.drawn(BATCH, 1)))
    block = fit.solution.problem.layout.blocks[0]
    theta = fit.solution.state.theta + 0.02 * np.random.default_rng(1).standard_normal((BATCH, block.q))
    fast, general = Factor(block), Dense(block, np.array([], dtype=np.intp))
    for mine, other in zip(fast(theta, batch.groups[0]), general(theta, batch.groups[0]), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-10)


@pytest.mark.parametrize(
    "fit", [cases.factors, cases.schools, cases.democracy], ids=["one", "groups", "paths"]
)
def test_gradients_are_those_of_the_value(fit):
    resampling = fit().bootstrap(draws=1).resampling
    batch = resampling.source.batch(next(resampling.units.drawn(BATCH, 1))).keep(np.arange(3))
    objective = resampling.refitter.objective(resampling.refitter.dense)
    x = np.repeat(fit().solution.state.x[None], 3, axis=0) + 0.01
    slopes = objective(x, batch)[1]
    for k in range(x.shape[1]):
        step = np.zeros(x.shape[1])
        step[k] = 1e-5
        numeric = (objective(x + step, batch)[0] - objective(x - step, batch)[0]) / 2e-5
        np.testing.assert_allclose(slopes[:, k], numeric, atol=1e-7)


def test_draws_are_converged_by_the_exact_decrement():
    boot = cases.democracy_bootstrap()
    resampling = boot.resampling
    given_ = cases.indices("boot_idx_poldem_1000.csv.gz")
    batch = resampling.source.batch(count(given_, 75))
    for draw in range(len(given_)):
        problem = resampling.refitter.alone(batch.keep(np.array([draw])))
        state = problem.at(problem.reduction.reduce(boot.values.theta[draw]))
        assert state.gradient @ np.linalg.solve(state.hessian(), state.gradient) < TOLERANCE


@pytest.mark.parametrize("size", [1, 3, 7, 24])
def test_stacks_are_inverted(size):
    factor = np.random.default_rng(size).standard_normal((5, size, size + 2))
    stack = factor @ factor.swapaxes(1, 2)
    inverse, log_determinant = inverse_and_log_determinant(stack)
    np.testing.assert_allclose(inverse, np.linalg.inv(stack), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(log_determinant, np.linalg.slogdet(stack)[1])


def test_an_indefinite_matrix_spoils_only_itself():
    stack = np.repeat(np.eye(9)[None], 3, axis=0)
    stack[1, 0, 0] = stack[1, 8, 8] = -1.0
    inverse, log_determinant = inverse_and_log_determinant(stack)
    assert np.isnan(log_determinant[1])
    np.testing.assert_array_equal(inverse[[0, 2]], stack[[0, 2]])


def test_standardized_values_are_those_of_the_fit():
    original, estimates = cases.democracy_bootstrap().original, cases.democracy().estimates
    for kind in ("std_all", "std_lv"):
        mine = [original.of(f"{kind}:{row.text}")[0] for row in cases.democracy().table.rows]
        np.testing.assert_allclose(mine, estimates[kind].iloc[: len(mine)], atol=1e-9)


def test_sums_of_large_samples_are_taken_in_portions(monkeypatch):
    whole = tables(cases.factors().bootstrap(draws=10))
    monkeypatch.setattr("pipeline.sem.bootstrap.moments._CHUNK", 40)
    np.testing.assert_allclose(tables(cases.factors().bootstrap(draws=10)), whole, atol=1e-9)


def test_weights_follow_their_rows():
    data = frame("HolzingerSwineford1939_weights.csv")
    fit = sem.fit(cases.CFA, data, sampling_weights="w", estimator="MLR")
    rows = cases.indices("boot_idx_hs_40.csv.gz")[0]
    mine = fit.bootstrap(indices=rows[None]).values.theta[0] / fit.solution.factor
    anew = sem.fit(cases.CFA, data.iloc[rows], sampling_weights="w", estimator="MLR").theta
    np.testing.assert_allclose(mine, anew, atol=2e-6)


def test_nonlinear_constraints_are_kept_in_every_draw():
    model = "x1 ~ a*x2 + b*x3\na == b^2"
    boot = sem.fit(model, frame(HS)).bootstrap(draws=5)
    np.testing.assert_allclose(boot.of("a"), boot.of("b") ** 2, atol=1e-8)


def test_singular_resamples_fail_and_are_counted():
    data = pd.DataFrame(np.random.default_rng(1).standard_normal((20, 3)), columns=["x", "m", "y"])
    fit = sem.fit("m ~ a*x\ny ~ b*m + x\nab := a*b", data)
    drawn = np.random.default_rng(2).integers(20, size=(10, 20))
    drawn[0] = 4
    boot = fit.bootstrap(indices=drawn)
    assert list(boot.status[:2]) == ["failed", "converged"]
    assert np.isnan(boot.draws.iloc[0]).all()
    assert not boot.interval("ab").withheld
    half = np.where(np.arange(10)[:, None] < 2, 4, drawn)
    withheld = fit.bootstrap(indices=half).interval("ab")
    assert withheld.withheld
    assert "8 of 10" in withheld.reason
    assert np.isnan(withheld.lower)


def test_replacing_the_model_s_start_changes_nothing():
    fit = cases.factors()
    moved = replace(fit, source=None).bootstrap(draws=5)
    np.testing.assert_array_equal(tables(moved), tables(fit.bootstrap(draws=5)))
