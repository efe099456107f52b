"""Cluster bootstrap: draws are refits of duplicated clusters, units above the clusters, statuses, bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline import sem
from pipeline.sem.twolevel.bootstrap.incomplete import PatternTable, evaluate
from pipeline.sem.twolevel.bootstrap.run import Resampling2
from pipeline.sem.twolevel.incomplete import Incomplete

from ..references import frame
from .references import CASES, data_of, fitted

LQ = "c_twolevel:lq_m111_fixedxF"


def bounded_fit():
    """The same model; none of its between variances is negative in the sample itself."""
    case = CASES[LQ]
    return sem.fit(case.reference["syntax"], data_of(case.data), cluster=case.cluster, bounds="between")


def resampled(data, cluster, indices):
    """The rows of a resample, every drawn cluster under a name of its own."""
    names = data[cluster].unique()
    parts = [data[data[cluster] == names[j]].assign(**{cluster: k}) for k, j in enumerate(indices)]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("key", "missing"), [
    ("lq_m111_fixedxF", "listwise"), ("tutorial", "listwise"), ("m211", "listwise"), ("m211", "fiml"),
    ("cfa_crosslevel_inv", "listwise"),
])  # fmt: skip
def test_a_draw_is_the_fit_of_its_clusters(key, missing):
    case = CASES[f"c_twolevel:{key}"]
    data = data_of(case.data).copy()
    if missing == "fiml":
        data.loc[np.random.default_rng(1).random(len(data)) < 0.1, "y2"] = np.nan
    fit = sem.fit(case.reference["syntax"], data, cluster=case.cluster, missing=missing)
    indices = np.random.default_rng(4).integers(fit.nclusters, size=(2, fit.nclusters))
    draws = fit.bootstrap(indices=indices)
    for r, row in enumerate(indices):
        own = sem.fit(case.reference["syntax"], resampled(data, case.cluster, row), cluster=case.cluster,
                      missing=missing)  # fmt: skip
        se = np.sqrt(np.diag(own.vcov))
        assert own.converged
        assert (np.abs(draws.values.theta[r] / fit.solution.factor - own.theta) < 1e-3 * se).all()


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_the_number_of_threads_does_not_matter(monkeypatch, missing):
    monkeypatch.setattr(Resampling2, "portion", 5)
    case = CASES["c_twolevel:m211"]
    fit = sem.fit(case.reference["syntax"], data_of(case.data), cluster=case.cluster, missing=missing)
    alone, together = (fit.bootstrap(draws=20, seed=3, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(together.draws.to_numpy(), alone.draws.to_numpy())


def test_named_quantities():
    fit = fitted(LQ)
    indices = np.arange(fit.nclusters)[None]
    draws = fit.bootstrap(indices=indices)
    rows = fit.estimates
    assert np.isclose(draws.of("indb")[0], rows.query("lhs == 'indb'")["est"].iloc[0])
    assert np.isclose(draws.of("ab*bb - aw*bw")[0], rows.query("lhs == 'diff'")["est"].iloc[0])
    between = rows.query("lhs == 'TSIG' and op == '~' and level == 2").iloc[0]
    assert np.isclose(draws.of("TSIG ~ LEAD.l2")[0], between["est"])
    assert np.isclose(draws.of("std_all:TSIG ~ LEAD.l2")[0], between["std_all"])
    assert draws.draws.shape == (1, len(fit.theta) + 3)
    with pytest.raises(sem.ModelError):
        draws.of("TSIG ~~~ LEAD")


def test_interval_near_the_delta_method_s():
    fit = fitted(LQ)
    draws = fit.bootstrap(draws=400, seed=7)
    interval, row = draws.interval("indw"), fit.estimates.query("lhs == 'indw'").iloc[0]
    robust = fitted("c_twolevel:lq_m111_fixedxF_mlr").estimates.query("lhs == 'indw'").iloc[0]
    assert 0.8 < interval.se / robust["se"] < 1.25
    assert interval.lower < row["est"] < interval.upper
    assert draws.interval("indw", kind="bca").lower < row["est"]
    assert set(draws.status) <= {"converged", "inadmissible", "failed"}
    fewer = fit.bootstrap(draws=50, seed=7).draws
    assert np.allclose(fewer, draws.draws.iloc[:50], atol=1e-6, equal_nan=True)


def test_units_above_the_clusters_are_drawn_whole():
    data = data_of("Demo_twolevel.csv").assign(team=lambda d: d["cluster"] // 5)
    fit = sem.fit("level: 1\ny1 ~ x1\nlevel: 2\ny1 ~ b*w1", data, cluster="cluster")
    teams = data["team"].nunique()
    indices = np.random.default_rng(2).integers(teams, size=(1, teams))
    draws = fit.bootstrap(unit="team", indices=indices)
    names = data["team"].unique()
    parts = [data[data["team"] == names[j]].assign(cluster=lambda d, k=k: d["cluster"] + 1000 * k)
             for k, j in enumerate(indices[0])]  # fmt: skip
    own = sem.fit("level: 1\ny1 ~ x1\nlevel: 2\ny1 ~ b*w1", pd.concat(parts), cluster="cluster")
    assert np.isclose(draws.of("b")[0], own.estimates.query("label == 'b'")["est"].iloc[0], atol=1e-6)


def test_bounds_keep_between_variances_from_falling_below_zero():
    plain, kept = (fit.bootstrap(draws=100, seed=3) for fit in (fitted(LQ), bounded_fit()))
    assert plain.inadmissible > 0
    assert kept.inadmissible == 0
    assert kept.failed == 0
    assert kept.of("HOSTILE ~~ HOSTILE.l2").min() >= 0
    proper = plain.status == "converged"
    assert np.allclose(plain.of("indb")[proper], kept.of("indb")[proper], atol=1e-5)


def test_two_groups_are_resampled_apart():
    case = CASES["c_twolevel_more:two_groups"]
    fit = fitted(case.name)
    draws = fit.bootstrap(draws=3, seed=1)
    assert not draws.failed
    assert np.isfinite(draws.of("fw1 =~ y2.g2")).all()
    assert np.isfinite(draws.of("fb1 =~ y2.l2.g2")).all()


def test_shipped_company_indices():
    """The 1,000 shipped resamples of companies: the two-level within effect moves with the flat one."""
    indices = (
        np.loadtxt("tests/reference/data/boot_idx_lq2002_clusters_1000.csv.gz", delimiter=",", dtype=int) - 1
    )
    draws = bounded_fit().bootstrap(indices=indices[:200])
    data = frame("lq2002.csv")[["COMPID", "LEAD", "TSIG", "HOSTILE"]]
    sums = {}
    for name, own in data.groupby("COMPID", sort=False):
        X = np.column_stack([np.ones(len(own)), own[["LEAD", "TSIG", "HOSTILE"]]])
        sums[name] = X.T @ X
    table = np.array(list(sums.values()))
    flat = []
    for row in indices[:200]:
        S = table[row].sum(0)
        a = np.linalg.solve(S[:2, :2], S[:2, 2])[1]
        flat.append(a * np.linalg.solve(S[:3, :3], S[:3, 3])[2])
    assert not draws.failed
    assert np.corrcoef(flat, draws.of("indw"))[0, 1] > 0.8


@pytest.mark.parametrize("own", [True, False], ids=["with cluster variables", "without"])
def test_the_batched_likelihood_of_incomplete_rows_is_the_plain_one(own):
    """Missing answers of people and of clusters; a resample that draws some clusters often, others never."""
    rng = np.random.default_rng(6)
    data = data_of("Demo_twolevel.csv").iloc[:600].copy()
    data["w1"] = data["w1"].where(~data["cluster"].isin(data["cluster"].unique()[::7]))
    for name in ("y1", "y2", "x1"):
        data.loc[rng.random(len(data)) < 0.15, name] = np.nan
    between = "y2 ~ y1 + w1\ny1 ~ w1\nw1 ~~ w1" if own else "y2 ~ y1"
    syntax = f"level: 1\ny2 ~ y1 + x1\ny1 ~~ y1\nx1 ~~ x1\nlevel: 2\n{between}\nx1 ~~ x1"
    fit = sem.fit(syntax, data, cluster="cluster", missing="fiml")
    rows, scale = fit.clusters.groups[0], fit.solution.sample.scale
    counts = np.array([np.bincount(rng.integers(rows.clusters, size=rows.clusters), minlength=rows.clusters)])
    draws = PatternTable.of(rows, scale).draw(np.repeat(counts, 3, axis=0).astype(float))
    implied = fit.solution.state.points[0].implied
    moments = (implied.within, implied.between, implied.mu)
    batched = evaluate(*(np.repeat(part[None], 3, axis=0) for part in moments), draws)
    plain = Incomplete(draws.moments(1)).at(implied)
    assert np.isclose(batched.value[1], plain.value, rtol=1e-12)
    for name in ("by_within", "by_between", "by_mu"):
        np.testing.assert_allclose(getattr(batched, name)[1], getattr(plain, name), atol=1e-12)
