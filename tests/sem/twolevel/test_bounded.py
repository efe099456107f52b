"""Between variances kept from falling below zero: against a plain bounded optimiser, and what is told."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from pipeline import sem
from pipeline.sem.twolevel.estimate import prepare

from .references import CASES, data_of, fitted

FREE = "level: 1\nfw =~ y1 + y2 + y3 + y4\nlevel: 2\nfb =~ y1 + y2 + y3 + y4"
EQUAL = "level: 1\nfw =~ y1 + a*y2 + b*y3 + d*y4\nlevel: 2\nfb =~ y1 + a*y2 + b*y3 + d*y4"
# Seeds whose unbounded likelihood has a maximum with a negative variance, and seeds where it has none.
PROPER, RISING = (0, 4, 14), (2, 11, 22)


@cache
def few_clusters(seed):
    """Ten to 25 small clusters that hardly differ in their items."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(8, 25))
    cluster = np.repeat(np.arange(count), rng.integers(2, 9, count))
    between = rng.normal(size=count) * 0.4
    common = between[cluster] + rng.normal(size=len(cluster))
    values = np.array([1, 0.8, 0.7, 0.9]) * common[:, None] + rng.normal(size=(len(cluster), 4))
    values += (rng.normal(size=(count, 4)) * 0.1)[cluster]
    return pd.DataFrame(values, columns=["y1", "y2", "y3", "y4"]).assign(cluster=cluster)


def model_of(seed):
    return FREE if seed % 2 else EQUAL


@cache
def bounded(seed):
    return sem.fit(model_of(seed), few_clusters(seed), cluster="cluster", bounds="between")


def referee(fit):
    """The smallest F of L-BFGS-B from several starts, by the plain problem with its bounds as bounds."""
    problem = prepare(fit.table, fit.solution.sample)[0]
    K = problem.reduction.K
    columns = [int(np.flatnonzero(K[row])[0]) for row in fit.solution.bounded.roots]
    limits = [(0, None) if at in columns else (None, None) for at in range(K.shape[1])]

    def objective(x):
        try:
            state = problem.at(x)
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(x)
        return state.value, state.gradient

    rng, found = np.random.default_rng(1), []
    for _ in range(4):
        x = problem.reduction.reduce(fit.solution.state.theta) + 0.2 * rng.normal(size=len(limits))
        x[columns] = np.maximum(x[columns], 0.05)
        if objective(x)[0] < 1e9:
            options = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-10, "maxfun": 20000}
            found.append(minimize(objective, x, jac=True, method="L-BFGS-B", bounds=limits, options=options))
    return min(own.fun for own in found)


@pytest.mark.parametrize("seed", PROPER + RISING)
def test_the_optimum_is_that_of_a_bounded_optimiser(seed):
    fit = bounded(seed)
    assert fit.converged
    assert fit.solution.held
    assert abs(fit.solution.state.value - referee(fit)) < 1e-9
    variances = fit.estimates.query("level == 2 and op == '~~'")["est"]
    assert variances.min() == 0


@pytest.mark.parametrize("seed", RISING)
def test_without_bounds_the_likelihood_has_no_maximum(seed):
    fit = sem.fit(model_of(seed), few_clusters(seed), cluster="cluster")
    assert not fit.converged
    assert "bounds='between'" in " ".join(fit.warnings)


@pytest.mark.parametrize("seed", PROPER)
def test_bounds_cost_likelihood_where_a_variance_would_be_negative(seed):
    free = sem.fit(model_of(seed), few_clusters(seed), cluster="cluster")
    assert free.converged
    assert free.estimates.query("level == 2 and op == '~~'")["est"].min() < 0
    assert bounded(seed).logl < free.logl
    assert bounded(seed).df == free.df
    assert bounded(seed).level_fit(2).df == free.level_fit(2).df
    assert bounded(seed).measures["chisq"] > free.measures["chisq"]


def test_what_rests_at_zero_is_named_and_its_error_is_zero():
    fit = bounded(0)
    named = [fit.table.whole.free_rows[at].text for at in fit.solution.held]
    told = " ".join(fit.warnings)
    assert all(name in told for name in named)
    assert "approximate" in told
    rows = fit.estimates.query("level == 2 and op == '~~'")
    assert ((rows["est"] == 0) == (rows["se"] == 0)).all()


def test_errors_are_those_of_the_model_with_these_variances_fixed():
    fit = bounded(0)
    held = {fit.table.whole.free_rows[at].lhs for at in fit.solution.held}
    fixed = "\n".join(f"{name} ~~ 0*{name}" for name in sorted(held))
    own = sem.fit(f"{model_of(0)}\n{fixed}", few_clusters(0), cluster="cluster")
    assert abs(own.logl - fit.logl) < 1e-8
    assert own.df == fit.df + len(held)
    keys = ["lhs", "op", "rhs", "level"]
    pair = fit.estimates.merge(own.estimates, on=keys, suffixes=("", "_fixed"))
    assert np.allclose(pair["se"], pair["se_fixed"], rtol=1e-4, atol=1e-9)


def test_where_no_bound_is_met_nothing_changes_and_it_is_told():
    case = CASES["c_twolevel:cfa_123"]
    fit = sem.fit(case.reference["syntax"], data_of(case.data), cluster=case.cluster, bounds="between")
    assert np.allclose(fit.theta, fitted(case.name).theta, atol=1e-7)
    assert not fit.solution.held
    assert any("none rests at zero" in text for text in fit.warnings)
    assert not any("bounds='between'" in text for text in fitted(case.name).warnings)


def test_missing_answers_are_bounded_too():
    data = few_clusters(0).copy()
    data.loc[np.random.default_rng(2).random(len(data)) < 0.1, "y2"] = np.nan
    fit = sem.fit(model_of(0), data, cluster="cluster", missing="fiml", bounds="between")
    assert fit.converged
    assert fit.estimates.query("level == 2 and op == '~~'")["est"].min() >= 0


def test_a_resample_may_leave_the_bound():
    fit = bounded(0)
    draws = fit.bootstrap(draws=60, seed=2)
    name = fit.table.whole.free_rows[fit.solution.held[0]]
    values = draws.of(f"{name.lhs}~~{name.rhs}.l2")
    values = values[np.isfinite(values)]
    assert values.min() >= 0
    assert values.max() > 0


@pytest.mark.parametrize(("model", "options", "message"), [
    (FREE, {"cluster": "cluster", "bounds": "all"}, "bounds='all' is not known"),
    ("f =~ y1 + y2 + y3 + y4", {"bounds": "between"}, "belongs to two-level models"),
])  # fmt: skip
def test_mistakes_are_answered(model, options, message):
    with pytest.raises(sem.ModelError, match=message):
        sem.fit(model, few_clusters(0), **options)


def test_parameters_shared_with_the_within_level_are_not_counted_as_the_between_level_s_own():
    data = data_of("Demo_twolevel.csv").query("cluster <= 12")
    free, equal = (sem.fit(model.replace("y4", "y5"), data, cluster="cluster", bounds="between")
                   for model in (FREE, EQUAL))  # fmt: skip
    assert any("12 free parameters of its own for 12 clusters" in text for text in free.warnings)
    assert not any("of its own" in text for text in equal.warnings)
