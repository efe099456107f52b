"""Resamples of ordinal models: many at once, as one by one."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem

from ..references import frame
from .references import AGE, HALF, NEURO, fitted

BATCHED = [
    "b_ordinal:mediation_wlsmv_800",
    "b_ordinal:wlsmv_800_theta",
    "b_ordinal:ulsmv_800",
    "b_ordinal:wlsmv_pairwise",
    "b_ordinal:ordinal_invariance:thresholds_loadings",
    "e_invariance:datCat_theta:strict",
]
ONE = "f =~ N1 + N2 + N3 + N4 + N5"


@pytest.mark.parametrize("key", BATCHED)
def test_resamples_at_once_are_those_one_by_one(key):
    resampling = fitted(key).bootstrap(draws=1).resampling
    counts = next(resampling.units.drawn(6, seed=5))
    together, apart = resampling.ordinal(counts), resampling.ordinal._one_by_one(counts)
    assert resampling.ordinal.batched
    assert np.array_equal(together.converged, apart.converged)
    some = together.converged
    assert some.any()
    assert np.allclose(together.theta[some], apart.theta[some], atol=2e-6)
    assert np.allclose(together.value[some], apart.value[some], rtol=1e-9)


def test_the_sample_itself_is_a_resample():
    fit = fitted("b_ordinal:mediation_wlsmv_800")
    boot = fit.bootstrap(indices=np.arange(800)[None, :])
    assert np.allclose(boot.draws.iloc[0][list(fit.parameter_names)], fit.theta, atol=1e-6)


def test_intervals_of_a_latent_mediation():
    fit = fitted("b_ordinal:mediation_wlsmv_800")
    boot = fit.bootstrap(draws=200, seed=4)
    assert boot.failed == 0
    own = boot.interval("ind")
    assert own.lower < own.estimate < own.upper < 0
    assert np.allclose(boot.of("ind"), boot.of("a*b"))
    standardized = fit.standardized.query("lhs == 'ind'")["est"].iloc[0]
    assert boot.interval("std_all:ind").estimate == pytest.approx(standardized)


@pytest.mark.parametrize(
    "key", ["b_ordinal:wlsmv_800_theta", "b_ordinal:wlsmv_800", "b_ordinal:sem_mixed_wlsmv"]
)
@pytest.mark.parametrize("kind", ["", "std_all:", "std_lv:"])
def test_every_value_of_the_table_is_known_to_the_bootstrap(key, kind):
    fit = fitted(key)
    original = sem.bootstrap.values.Values.of_sample(fit.solution)
    frame_ = fit.estimates
    column = {"": "est", "std_all:": "std_all", "std_lv:": "std_lv"}[kind]
    for row in frame_.itertuples():
        value = original.of(f"{kind}{row.lhs}{row.op}{row.rhs}")[0]
        assert value == pytest.approx(getattr(row, column), abs=1e-9), (row.lhs, row.op, row.rhs)


MIXED = [
    (f"{ONE}\nf ~ zage", {}),
    (f"{ONE} + zage", {}),
    (ONE, {"estimator": "WLS"}),
]


@pytest.mark.parametrize(("model", "options"), MIXED)
def test_other_models_are_refitted_draw_by_draw(model, options):
    fit = sem.fit(model, frame(AGE), ordered=NEURO, **options)
    boot = fit.bootstrap(draws=3, seed=1)
    assert not boot.resampling.ordinal.batched
    assert boot.failed == 0
    assert np.isfinite(boot.of("std_all:f=~N2")).all()


def test_a_resample_without_a_category_fails_and_is_counted():
    data = frame(HALF)[NEURO].head(120)
    fit = sem.fit(ONE, data.assign(N1=np.where(np.arange(120) == 7, 9, data["N1"].clip(1, 5))), ordered=True)
    boot = fit.bootstrap(draws=40, seed=3)
    assert 5 < boot.failed < 25
    assert "did not converge" in boot.warnings[0]


STRUCTURAL = "N1 ~ N2 + N3\nN4 ~ N1\nN5 ~ N4 + N1"


def chain(parameterization):
    """Items that cause items: their residual variances follow from one another."""
    return sem.fit(STRUCTURAL, frame(HALF), ordered=NEURO, fixed_x=False, parameterization=parameterization)


@pytest.mark.parametrize("key", [*BATCHED, "delta", "theta"])
def test_gradient_of_the_kernel_is_that_of_differences(key):
    fit = chain(key) if key in {"delta", "theta"} else fitted(key)
    ordinal = fit.bootstrap(draws=1).resampling.ordinal
    draw = np.random.default_rng(2)
    owners = ordinal.units.owners
    for g, (kernel, part) in enumerate(zip(ordinal.kernels, fit.solution.problem.layout.parts, strict=True)):
        group = ordinal.sources[g].group(np.ones((1, len(owners[g]))), fit.method)
        theta = fit.solution.state.theta[part] * draw.uniform(0.97, 1.03, part.stop - part.start)
        steps = np.eye(len(theta)) * 1e-6
        numeric = [
            (kernel((theta + step)[None], group)[0][0] - kernel((theta - step)[None], group)[0][0]) / 2e-6
            for step in steps
        ]
        assert np.allclose(kernel(theta[None], group)[1][0], numeric, atol=1e-6)
