"""What a two-level fit offers: levels, ICC, R-squared, level-specific fit, warnings, messages."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem

from ..references import frame
from .references import CASES, data_of, fitted

TUTORIAL = "c_twolevel:tutorial"
KEYS = [key for key, case in CASES.items() if case.file == "c_twolevel" and not case.robust]


@pytest.mark.parametrize("key", [k for k in KEYS if not CASES[k].fixed])
def test_intraclass_correlations(key):
    mine = fitted(key).icc()
    for name, value in CASES[key].reference["icc"].items():
        # from saturated moments, where the referee stops early: up to .0016 here
        assert abs(mine[name] - value) < 2e-3, name


@pytest.mark.parametrize("key", [k for k in KEYS if CASES[k].model != "lq_m111"])
def test_r_squared(key):
    for level, label in ((1, "within"), (2, CASES[key].cluster)):
        mine = fitted(key).r2(level)
        reference = CASES[key].reference["rsquare"].get(label) or {}
        for name, value in reference.items():
            if value is not None:
                assert abs(mine[name] - value) < 2e-3, name


def test_factor_shares_need_equal_loadings():
    assert "fw/fb" not in fitted("c_twolevel:cfa_123").icc()
    fit = fitted("c_twolevel:cfa_crosslevel_inv")
    values = fit.estimates.query("lhs in ('fw', 'fb') and op == '~~'")["est"].to_numpy()
    assert np.isclose(fit.icc()["fw/fb"], values[1] / values.sum())


BLIESE = {"aw": 0.477, "bw": 0.085, "iw": 0.041, "ab": 0.452, "bb": -0.215, "ib": -0.097}


def test_published_mediation_within_and_between_army_companies():
    """1-1-1 of leadership, cohesion and well-being (bh1996): the indirect effect changes its sign."""
    model = (
        "level: 1\nCOHES ~ aw*LEAD\nWBEING ~ bw*COHES + LEAD\n"
        "level: 2\nCOHES ~ ab*LEAD\nWBEING ~ bb*COHES + LEAD\niw := aw*bw\nib := ab*bb"
    )
    fit = sem.fit(model, frame("bh1996.csv"), cluster="GRP")
    rows = fit.estimates.set_index("label")
    for label, value in BLIESE.items():
        assert abs(rows.loc[label, "est"] - value) < 5e-4, label
    assert abs(rows.loc["ib", "se"] - 0.077) < 5e-4
    assert abs(fit.measures["chisq"]) < 1e-6
    assert fit.nclusters == 99


def test_level_fit():
    fit = fitted("c_twolevel:cfa_6_2f")
    within, between = fit.level_fit("within"), fit.level_fit(2)
    assert (within.df, between.df) == (8, 8)
    assert within.converged
    assert between.converged
    assert 0 <= within.statistic + between.statistic <= fit.measures["chisq"] + 3
    same = fitted("c_twolevel:cfa_123").level_fit(1)
    assert same.df == 0
    assert abs(same.statistic) < 1e-6


def test_level_fit_keeps_constraints_within_a_level():
    model = "level: 1\nfw =~ y1 + a*y2 + a*y3\nlevel: 2\nfb =~ y1 + y2 + y3"
    fit = sem.fit(model, data_of("Demo_twolevel.csv"), cluster="cluster")
    assert fit.level_fit(1).df == 1
    assert np.isclose(fit.level_fit(1).statistic, fit.measures["chisq"], atol=1e-6)


def test_constraints_by_equation_are_those_by_label():
    model = "level: 1\nfw =~ y1 + a2*y2 + a3*y3\nlevel: 2\nfb =~ y1 + b2*y2 + b3*y3\na2 == b2\na3 == b3"
    fit = sem.fit(model, data_of("Demo_twolevel.csv"), cluster="cluster")
    assert np.isclose(fit.logl, fitted("c_twolevel:cfa_crosslevel_inv").logl)
    assert fit.df == 2


def test_names_of_levels():
    model = CASES["c_twolevel:cfa_123"].reference["syntax"]
    for first, second in (("within", "between"), ("person", "team")):
        other = model.replace("level: 1", f"level: {first}").replace("level: 2", f"level: {second}")
        fit = sem.fit(other, data_of("Demo_twolevel.csv"), cluster="cluster")
        assert np.isclose(fit.logl, fitted("c_twolevel:cfa_123").logl)


def test_wald_test_of_equal_slopes_is_the_squared_z_of_their_difference():
    fit = fitted("c_twolevel:lq_m111_fixedxF")
    row = fit.estimates.query("lhs == 'diff'").iloc[0]
    assert np.isclose(fit.wald("indb - indw == 0").statistic, row["z"] ** 2)


def test_expected_information_is_near_the_observed():
    model = CASES["c_twolevel:cfa_6_2f"].reference["syntax"]
    fit = sem.fit(model, data_of("Demo_twolevel.csv"), cluster="cluster", information="expected")
    ratio = np.sqrt(np.diag(fit.vcov) / np.diag(fitted("c_twolevel:cfa_6_2f").vcov))
    assert abs(ratio - 1).max() < 0.1


def test_negative_variances_are_named_with_their_level():
    warnings = " ".join(fitted("c_twolevel:lq_tsig_hostil_cfa").warnings)
    assert "level 2 (between) is negative" in warnings or "nearly singular" in warnings
    assert "below 50" in warnings


def test_few_clusters_are_told():
    data = data_of("Demo_twolevel.csv").query("cluster <= 25")
    fit = sem.fit("level: 1\ny1 ~ x1\nlevel: 2\ny1 ~ w1", data, cluster="cluster")
    assert any("only 25 clusters" in text for text in fit.warnings)


MESSAGES = {
    "no cluster": ("level: 1\ny1 ~ x1\nlevel: 2\ny1 ~ w1", {}, "name the column of the clusters"),
    "one level": ("level: 1\ny1 ~ x1", {"cluster": "cluster"}, "nothing at level 2"),
    "three": (
        "level: 1\ny1~x1\nlevel: 2\ny1~w1\nlevel: 3\ny1~~y1",
        {"cluster": "cluster"},
        "two are estimated",
    ),
    "before": (
        "y1 ~ x1\nlevel: 1\ny1 ~ x1\nlevel: 2\ny1 ~ w1",
        {"cluster": "cluster"},
        "line 1: this formula",
    ),
    "own varies": (
        "level: 1\ny1 ~~ y1\nlevel: 2\ny1 ~ x1",
        {"cluster": "cluster"},
        "'x1' stands only at level 2",
    ),
    "flat": ("level: 1\ny1 ~ w1\nlevel: 2\ny1 ~~ y1", {"cluster": "cluster"}, "'w1' does not vary within"),
    "fixed": (
        "level: 1\ny1~x1\nlevel: 2\ny1~w1",
        {"cluster": "cluster", "fixed_x": True},
        "never fix covariates",
    ),
    "estimator": (
        "level: 1\ny1~x1\nlevel: 2\ny1~w1",
        {"cluster": "cluster", "estimator": "GLS"},
        "choose 'ML'",
    ),
    "mean": ("level: 1\ny1~x1\ny1~1\nlevel: 2\ny1~w1", {"cluster": "cluster"}, "belongs to level 2"),
    "count": ("level: 1\nf =~ y1 + y2\nlevel: 2\ny1 ~~ y2", {"cluster": "cluster"}, "only 8 means"),
    "unidentified": (
        "level: 1\nf =~ NA*y1 + y2 + y3 + y4\nlevel: 2\nb =~ y1 + y2 + y3 + y4",
        {"cluster": "cluster"},
        r"not identified.*level 1",
    ),
    "label": ("level: 1\ny1~x1\nlevel: 2\ny1~w1\nz := a*b", {"cluster": "cluster"}, "not the label"),
    "curved": ("level: 1\ny1~a*x1\nlevel: 2\ny1~b*w1\na*b == 0", {"cluster": "cluster"}, "nonlinear"),
}


@pytest.mark.parametrize("key", list(MESSAGES))
def test_mistakes_are_answered(key):
    model, options, message = MESSAGES[key]
    with pytest.raises((sem.ModelError, sem.DataError), match=message):
        sem.fit(model, data_of("Demo_twolevel.csv"), **options)
