"""Derivatives against differences, cluster scores against a direct likelihood, robust units, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from pipeline import sem
from pipeline.sem.structure.ram import imply
from pipeline.sem.twolevel.inference import all_scores

from .references import CASES, data_of, fitted

KEYS = ["tutorial", "m211", "lq_tsig_hostil_cfa", "cfa_crosslevel_inv"]


def away(fit):
    """A point near the optimum, not at it."""
    rng = np.random.default_rng(1)
    x = fit.solution.state.x
    return fit.solution.problem, x + 0.02 * rng.normal(size=len(x)) * np.sqrt(np.diag(np.linalg.inv(
        fit.solution.state.hessian() * fit.nobs)))  # fmt: skip


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
@pytest.mark.parametrize("key", KEYS)
def test_derivatives(key, missing):
    case = CASES[f"c_twolevel:{key}"]
    fit = sem.fit(case.reference["syntax"], data_of(case.data), cluster=case.cluster, missing=missing)
    problem, x = away(fit)
    state, step = problem.at(x), 2e-6
    moves = step * np.eye(len(x))
    slope = [(problem.value(x + m) - problem.value(x - m)) / (2 * step) for m in moves]
    assert np.allclose(slope, state.gradient, atol=1e-6, rtol=1e-5)
    if missing == "listwise":
        curve = [(problem.at(x + m).gradient - problem.at(x - m).gradient) / (2 * step) for m in moves]
        assert np.allclose(curve, state.hessian(), rtol=1e-5, atol=1e-6 * np.abs(curve).max())


@pytest.mark.parametrize("key", ["m221", "tutorial"])
def test_scores(key):
    """Each cluster's score is the derivative of its own normal density."""
    fit = fitted(f"c_twolevel:{key}_mlr" if key == "tutorial" else f"c_twolevel_more:{key}_mlr")
    problem, theta = fit.solution.problem, fit.solution.state.theta
    scores = all_scores(fit.solution.state, fit.clusters, fit.solution.sample.scale)
    rows, scale = fit.clusters.groups[0], fit.solution.sample.scale
    q = rows.z.shape[1]

    def density(theta, j):
        implied = [imply(b, theta[p]) for b, p in zip(problem.blocks, problem.parts, strict=True)]
        moments = problem.place.joint(*implied)
        y, z = rows.y[rows.cluster == j] / scale[q:], rows.z[j] / scale[:q]
        n, p = y.shape
        owner = np.concatenate([np.arange(q), np.tile(np.arange(q, q + p), n)])
        V = moments.between[np.ix_(owner, owner)].copy()
        for i in range(n):
            at = slice(q + i * p, q + (i + 1) * p)
            V[at, at] += moments.within
        return multivariate_normal.logpdf(np.concatenate([z, y.ravel()]), moments.mu[owner], V)

    for j in (0, 7, 42):
        steps = 1e-5 * np.eye(len(theta))
        slope = [(density(theta + m, j) - density(theta - m, j)) / 2e-5 for m in steps]
        assert np.allclose(slope, scores[j], atol=1e-6)


def test_error_of_a_mean_with_clustered_rows():
    data = data_of("Demo_twolevel.csv")
    sums = (data["x1"] - data["x1"].mean()).groupby(data["cluster"]).sum()
    expected = np.sqrt((sums**2).sum()) / len(data)
    rows = fitted("c_twolevel_more:tutorial_mlr").estimates
    mine = rows.query("lhs == 'x1' and op == '~1' and level == 1")["se"].iloc[0]
    assert np.isclose(mine, expected, rtol=1e-6)


def test_robust_unit_of_one_cluster_each_changes_nothing_and_larger_units_do():
    case = CASES["c_twolevel:cfa_6_2f_mlr"]
    data = data_of("Demo_twolevel.csv").assign(
        own=lambda d: d["cluster"] * 7, team=lambda d: d["cluster"] // 4
    )
    options = {"cluster": "cluster", "estimator": "MLR"}
    plain, own, team = (
        sem.fit(case.reference["syntax"], data, robust_unit=unit, **options) for unit in (None, "own", "team")
    )
    assert np.allclose(plain.vcov, own.vcov)
    assert np.allclose(plain.theta, team.theta)
    assert not np.allclose(plain.vcov, team.vcov, rtol=1e-2)
    assert plain.measures["chisq.scaled"] != team.measures["chisq.scaled"]


def test_units_that_cut_clusters_are_refused():
    data = data_of("Demo_twolevel.csv").assign(team=lambda d: np.arange(len(d)) % 5)
    with pytest.raises(sem.DataError, match="within 'team'"):
        sem.fit(CASES["c_twolevel:cfa_123"].reference["syntax"], data, cluster="cluster", robust_unit="team",
                estimator="MLR")  # fmt: skip


@pytest.mark.parametrize("key", ["tutorial", "lq_m211", "lq_latent111"])
def test_units_of_variables_do_not_matter(key):
    case = CASES[f"c_twolevel:{key}"]
    data = data_of(case.data).copy()
    rng = np.random.default_rng(2)
    scaled = [name for name in data.columns if name not in {"half", case.cluster}]
    data[scaled] = data[scaled] * 10 ** rng.uniform(-4, 4, len(scaled)) + rng.normal(size=len(scaled))
    fit = sem.fit(case.reference["syntax"], data, cluster=case.cluster)
    assert fit.converged
    assert abs(fit.measures["chisq"] - fitted(case.name).measures["chisq"]) < 1e-5


def test_order_of_rows_and_names_of_clusters_do_not_matter():
    case = CASES["c_twolevel:lq_tsig_hostil_cfa"]
    data = data_of(case.data).sample(frac=1, random_state=3)
    data = data.assign(COMPID=data["COMPID"].map(lambda value: f"company {value % 7}-{value}"))
    fit = sem.fit(case.reference["syntax"], data, cluster="COMPID")
    assert np.allclose(fit.theta, fitted(case.name).theta, atol=1e-9)


def test_singletons_and_all_sizes():
    rng = np.random.default_rng(5)
    sizes = np.concatenate([np.ones(30, int), np.arange(1, 40), [300]])
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    effect = rng.normal(size=(len(sizes), 2)) @ [[0.7, 0.4], [0, 0.5]]
    import pandas as pd

    values = effect[cluster] + rng.normal(size=(len(cluster), 2))
    data = pd.DataFrame(values, columns=["x", "y"]).assign(cluster=cluster)
    fit = sem.fit("level: 1\ny ~ x\nlevel: 2\ny ~ b*x", data, cluster="cluster")
    assert fit.converged
    assert abs(fit.measures["chisq"]) < 1e-9
    assert abs(fit.estimates.query("label == 'b'")["est"].iloc[0] - 0.28 / 0.49) < 0.6
