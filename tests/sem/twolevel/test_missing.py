"""Missing answers by full information: agreement with direct likelihoods and with complete data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from pipeline import sem

from ..references import frame, load
from ..tolerances import close
from .references import CASES, data_of, fitted

DIRECT, OPENMX = load("c_twolevel_direct"), load("k_openmx_crosscheck")
SATURATED = "level: 1\n{0}\nlevel: 2\n{0}"


def saturated_model(names):
    lines = [f"{a} ~~ {' + '.join(names[i:])}" for i, a in enumerate(names)]
    return SATURATED.format("\n".join(lines))


@cache
def direct(key):
    data, cluster = (
        (frame("lq2002.csv"), "COMPID") if key.startswith("lq") else (frame("Demo_twolevel.csv"), "cluster")
    )
    missing = "fiml" if "mcar" in key else "listwise"
    if "mcar" in key:
        data = frame("Demo_twolevel_mcar8.csv")
    return sem.fit(saturated_model(DIRECT[key]["cols"]), data, cluster=cluster, missing=missing)


@pytest.mark.parametrize("key", [key for key, node in DIRECT.items() if "logl" in node])
def test_direct_likelihood(key):
    fit, node = direct(key), DIRECT[key]
    assert fit.logl >= node["logl"] - 1e-6
    assert close("two-level log-likelihood", fit.logl, node["logl"])
    errors = fit.estimates.set_index(["lhs", "op", "rhs", "level"])["se"]
    for level, name in ((1, "within"), (2, "between")):
        own = fit.implied(level)[0].loc[node["cols"], node["cols"]].to_numpy()
        for (i, j), value in np.ndenumerate(np.array(node[name])):
            if i <= j:
                se = errors[node["cols"][i], "~~", node["cols"][j], level]
                # the direct likelihood with missing cells was optimised to a gradient of 1e-4
                assert abs(own[i, j] - value) < (0.01 if "mcar" in key else 0.002) * se


def test_mediation_of_the_direct_likelihood():
    estimates = fitted("c_twolevel:lq_m111_fixedxF").estimates
    for name in ("within", "between"):
        own = {k: estimates.query(f"label == '{k}{name[0]}'").iloc[0] for k in "abc"}
        for key, row in own.items():
            assert abs(row["est"] - DIRECT["lq_m111"][name][key]) < 0.002 * row["se"]


NAMES = {
    "lw2": ("fw", "=~", "y2", 1), "lw3": ("fw", "=~", "y3", 1), "psiw": ("fw", "~~", "fw", 1),
    "lb2": ("fb", "=~", "y2", 2), "lb3": ("fb", "=~", "y3", 2), "psib": ("fb", "~~", "fb", 2),
} | {f"tw{i}": (f"y{i}", "~~", f"y{i}", 1) for i in (1, 2, 3)} | {
    f"tb{i}": (f"y{i}", "~~", f"y{i}", 2) for i in (1, 2, 3)
} | {f"mu{i}": (f"y{i}", "~1", "", 2) for i in (1, 2, 3)}  # fmt: skip


@pytest.mark.parametrize(("key", "data", "missing"), [
    ("twolevel_cfa123", "Demo_twolevel.csv", "listwise"),
    ("twolevel_cfa123", "Demo_twolevel.csv", "fiml"),
    ("twolevel_cfa123_mcar8", "Demo_twolevel_mcar8.csv", "fiml"),
])  # fmt: skip
def test_openmx(key, data, missing):
    fit = sem.fit(
        CASES["c_twolevel:cfa_123"].reference["syntax"], frame(data), cluster="cluster", missing=missing
    )
    assert fit.logl >= OPENMX[key]["logl"] - 1e-6
    assert close("two-level log-likelihood", fit.logl, OPENMX[key]["logl"])
    rows = fit.estimates.set_index(["lhs", "op", "rhs", "level"])
    for reference in OPENMX[key]["parameters"]:
        mine = rows.loc[NAMES[reference["name"]]]
        assert abs(mine["est"] - reference["Estimate"]) < 0.002 * reference["Std.Error"], reference
        assert close("two-level standard error", mine["se"], reference["Std.Error"]), reference


@pytest.mark.parametrize("key", ["tutorial", "m211", "cfa_6_2f_mlr"])
def test_complete_answers_give_the_same_fit_by_either_way(key):
    case = CASES[f"c_twolevel:{key}"]
    full = sem.fit(
        case.reference["syntax"], data_of(case.data), cluster="cluster", missing="fiml", **case.options
    )
    plain = fitted(case.name)
    assert abs(full.logl - plain.logl) < 1e-7
    assert np.allclose(full.theta, plain.theta, atol=1e-7)
    assert np.allclose(full.vcov, plain.vcov, rtol=1e-4, atol=1e-9)
    assert abs(full.measures["chisq"] - plain.measures["chisq"]) < 1e-5


def test_missing_answers_of_clusters_variables():
    data = data_of("Demo_twolevel.csv").copy()
    rng = np.random.default_rng(3)
    for name in ("y1", "y2", "x1"):
        data.loc[rng.random(len(data)) < 0.15, name] = np.nan
    data.loc[data["cluster"].isin(rng.choice(200, 40, replace=False)), "w1"] = np.nan
    fit = sem.fit(CASES["c_twolevel:tutorial"].reference["syntax"], data, cluster="cluster", missing="fiml")
    assert fit.converged
    assert fit.nobs == 2500
    listwise = sem.fit(CASES["c_twolevel:tutorial"].reference["syntax"], data, cluster="cluster")
    assert listwise.nobs < 2500
    assert "left out" in " ".join(listwise.warnings)
    assert (fit.estimates["se"].sum() < listwise.estimates["se"].sum()).all()
