"""Random intercepts: against lme4, against the dense likelihood, and at the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import TWO_LEVEL_SHARE_OF_SE, assert_close

from pipeline.mediation import fit_random_intercepts
from pipeline.mediation.likelihood import NestedLikelihood

MODELS = {
    "bh_null_ml": ("bh1996", "GRP", "WBEING", (), False),
    "bh_null_reml": ("bh1996", "GRP", "WBEING", (), True),
    "bh_ri_ml": ("bh1996", "GRP", "WBEING", ("HRS", "G.HRS"), False),
    "bh_ri_reml": ("bh1996", "GRP", "WBEING", ("HRS", "G.HRS"), True),
    "lq_m": ("lq2002", "COMPID", "TSIG", ("W", "GLEAD"), True),
    "lq_y": ("lq2002", "COMPID", "HOSTILE", ("WT", "GTSIG", "W", "GLEAD"), True),
}


def design(table: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    return np.column_stack([np.ones(len(table)), *(table[name] for name in names)]).astype(float)


@pytest.mark.parametrize("key", MODELS)
def test_fit_agrees_with_lme4(key, reference, data):
    theirs = reference("c_twolevel")["lmer"][key]
    dataset, cluster, outcome, names, reml = MODELS[key]
    table = data(dataset)
    if dataset == "lq2002":
        table = table.assign(W=table["LEAD"] - table["GLEAD"], WT=table["TSIG"] - table["GTSIG"])
    ours = fit_random_intercepts(
        table[outcome].to_numpy(float), design(table, names), [pd.factorize(table[cluster])[0]], reml
    )
    est = np.array([row["Estimate"] for row in theirs["fixef"]])
    se = np.array([row["Std. Error"] for row in theirs["fixef"]])
    assert theirs["REML"] == reml
    assert ours.converged
    assert ours.second.agrees
    assert_close("mixed model estimates", ours.coefficients, est)
    assert np.all(np.abs(ours.coefficients - est) < TWO_LEVEL_SHARE_OF_SE * se)
    assert_close("two-level standard errors", np.sqrt(np.diag(ours.cov)), se)
    variances = [row["vcov"] for row in theirs["varcorr"]]
    assert_close("mixed model variances", [*ours.variances, ours.residual], variances)
    assert_close("two-level log-likelihood", ours.logl, theirs["loglik"])
    assert ours.logl >= theirs["loglik"] - 1e-6


INTERCEPTS = {"mult_icc_bh": ("bh1996", "GRP"), "mult_icc_lq": ("lq2002", "COMPID")}


@pytest.mark.parametrize("key", INTERCEPTS)
def test_shares_of_clusters_are_those_of_multilevel(key, reference, data):
    """multilevel's mult.icc: intercepts alone by REML, the reliability of means for the average size."""
    dataset, cluster = INTERCEPTS[key]
    table = data(dataset)
    codes = pd.factorize(table[cluster])[0]
    size = len(table) / (codes.max() + 1)
    for told in reference("g_aggregation")[key]:
        fit = fit_random_intercepts(
            table[told["Variable"]].to_numpy(float), np.ones((len(table), 1)), [codes], True
        )
        share = fit.variances[0] / (fit.variances[0] + fit.residual)
        means = size * share / (1 + (size - 1) * share)
        assert_close("reliability", [share, means], [told["ICC1"], told["ICC2"]])


def nested(rng: np.random.Generator, teams: int, staff: int, clients: int) -> tuple[np.ndarray, np.ndarray]:
    """Unequal clusters in unequal clusters."""
    sizes = rng.integers(1, 2 * clients, teams * staff)
    unit = np.repeat(np.arange(teams * staff), sizes)
    return unit, unit // staff


def dense_logl(y, X, groups, variances, residual, reml) -> float:
    """The multivariate normal, written out."""
    V = residual * np.eye(len(y))
    for codes, variance in zip(groups, variances, strict=True):
        V += variance * (codes[:, None] == codes)
    inverse = np.linalg.inv(V)
    information = X.T @ inverse @ X
    e = y - X @ np.linalg.solve(information, X.T @ inverse @ y)
    n = len(y) - (X.shape[1] if reml else 0)
    twice = n * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + e @ inverse @ e
    return -0.5 * (twice + (np.linalg.slogdet(information)[1] if reml else 0))


@pytest.mark.parametrize("reml", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_levels_reach_the_maximum_of_the_dense_likelihood(seed, reml):
    rng = np.random.default_rng(seed)
    unit, team = nested(rng, 15, 4, 4)
    x = rng.normal(size=len(unit)) + rng.normal(size=unit.max() + 1)[unit]
    y = (
        3
        + 0.4 * x
        + rng.normal(size=15)[team] * 0.5
        + rng.normal(size=60)[unit] * 0.6
        + rng.normal(size=len(x))
    )
    X, groups = np.column_stack([np.ones(len(x)), x]), [unit, team]
    ours = fit_random_intercepts(y, X, groups, reml)
    assert ours.converged
    assert ours.second.agrees
    best = dense_logl(y, X, groups, ours.variances, ours.residual, reml)
    assert ours.logl == pytest.approx(best, abs=1e-8)
    for k in range(3):
        for factor in (0.97, 1.03):
            moved = np.array([*ours.variances, ours.residual])
            moved[k] *= factor
            assert dense_logl(y, X, groups, moved[:2], moved[2], reml) < best


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(5)
    unit, team = nested(rng, 10, 3, 4)
    y, X = rng.normal(size=len(unit)), np.column_stack([np.ones(len(unit)), rng.normal(size=len(unit))])
    for reml in (False, True):
        likelihood = NestedLikelihood.of(y, X, [unit, team], reml)
        at, step = np.array([0.3, 0.1]), 1e-5
        numeric = [
            (likelihood.logl(at + step * unit_vector) - likelihood.logl(at - step * unit_vector)) / (2 * step)
            for unit_vector in np.eye(2)
        ]
        np.testing.assert_allclose(likelihood.gradient(at), numeric, rtol=1e-6)


def test_a_variance_of_zero_gives_least_squares_and_no_stray_warning(recwarn, capfd):
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(20), 5)
    y = rng.normal(size=100)
    y -= (np.bincount(codes, weights=y) / 5)[codes]
    X = np.column_stack([np.ones(100), rng.normal(size=100)])
    ours = fit_random_intercepts(y, X, [codes])
    assert ours.variances == (0.0,)
    assert ours.converged
    assert ours.second is None
    np.testing.assert_allclose(ours.coefficients, np.linalg.lstsq(X, y, rcond=None)[0], atol=1e-12)
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_where_the_default_optimizer_of_mixedlm_fails_ours_does_not(data):
    table = data("bh1996")
    X = design(table, ("W.LEAD", "G.LEAD"))
    ours = fit_random_intercepts(table["COHES"].to_numpy(float), X, [pd.factorize(table["GRP"])[0]])
    assert np.isfinite(ours.logl)
    assert ours.second.agrees
    assert ours.variances[0] > 0.01


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.randoms())
def test_units_order_and_labels_change_nothing_else(seed, unit_x, shift, unit_y, random):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(15), rng.integers(2, 8, 15))
    x = rng.normal(size=len(codes))
    y = 0.5 * x + rng.normal(size=15)[codes] + rng.normal(size=len(codes))
    first = fit_random_intercepts(y, np.column_stack([np.ones(len(x)), x]), [codes])
    order = list(range(len(x)))
    random.shuffle(order)
    relabelled = pd.factorize(codes[order])[0]
    moved = np.column_stack([np.ones(len(x)), (x * unit_x + shift)[order]])
    second = fit_random_intercepts((y * unit_y)[order], moved, [relabelled])
    ratio = unit_y / unit_x
    assert second.coefficients[1] == pytest.approx(first.coefficients[1] * ratio, rel=1e-6)
    assert second.cov[1, 1] == pytest.approx(first.cov[1, 1] * ratio**2, rel=1e-6)
    assert second.variances[0] == pytest.approx(first.variances[0] * unit_y**2, rel=1e-5, abs=1e-9)


def test_published_slopes_on_well_being(data):
    """WBEING ~ LEAD + COHES + HRS + (1 | GRP), as published: slopes and errors to four decimals."""
    table = data("bh1996")
    ours = fit_random_intercepts(
        table["WBEING"].to_numpy(float),
        design(table, ("LEAD", "COHES", "HRS")),
        [pd.factorize(table["GRP"])[0]],
        reml=True,
    )
    assert ours.coefficients[1:] == pytest.approx([0.4647, 0.0775, -0.0296], abs=5e-5)
    assert np.sqrt(np.diag(ours.cov))[1:] == pytest.approx([0.0140, 0.0120, 0.0044], abs=5e-5)
