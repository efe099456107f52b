"""Every lavaan fit of tests/reference: estimates, errors, standardized values, tests, fit measures, R2."""

from __future__ import annotations

import math

import pytest

from .references import CASES, fitted
from .tolerances import close

KEYS = list(CASES)


def rows_of(case, frame, value):
    """Pair each reference row with ours: (name, mine, reference)."""
    groups = fitted(case.name).table.groups
    mine = {}
    for row in frame.itertuples():
        for key in ((row.lhs, row.op, row.rhs), (row.rhs, row.op, row.lhs)):
            mine[(*key, row.group) if row.op != ":=" else (row.lhs, ":=", "", "")] = row
    table = case.reference["parameters" if value in {"est", "se"} else "standardized"]
    for row in table:
        if row["op"] == "==":
            continue
        group = groups[row.get("group", 1) - 1] if row.get("group", 1) > 0 else ""
        key = (row["lhs"], ":=", "", "") if row["op"] == ":=" else (row["lhs"], row["op"], row["rhs"], group)
        yield key, mine[key], row


def kind_of_estimate(case):
    least_squares = case.options.get("estimator", "ML") in {"GLS", "ULS", "ULSM", "WLS", "DWLS"}
    return "least squares estimate" if least_squares else "estimate"


@pytest.mark.parametrize("key", KEYS)
def test_converges_without_errors(key):
    fit = fitted(key)
    assert fit.converged
    assert not [text for text in fit.warnings if "left out" not in text]


@pytest.mark.parametrize("key", KEYS)
def test_estimates(key):
    case = CASES[key]
    for name, mine, row in rows_of(case, fitted(key).estimates, "est"):
        within_error = case.early and abs(mine.est - row["est"]) < 0.002 * (row["se"] or math.inf)
        assert within_error or close(kind_of_estimate(case), mine.est, row["est"]), name


@pytest.mark.parametrize("key", [key for key in KEYS if CASES[key].early])
def test_optimum_is_not_above_the_referee_s(key):
    assert fitted(key).measures["fmin"] < CASES[key].reference["fmin"]


@pytest.mark.parametrize("key", KEYS)
def test_standard_errors(key):
    case = CASES[key]
    kind = "robust standard error" if case.robust else "standard error"
    for name, mine, row in rows_of(case, fitted(key).estimates, "se"):
        assert close(kind, mine.se, row["se"]), name


@pytest.mark.parametrize("key", KEYS)
def test_standardized_solution(key):
    case = CASES[key]
    kind = "robust standard error" if case.robust else "standard error"
    for name, mine, row in rows_of(case, fitted(key).standardized, "est.std"):
        tolerance = kind_of_estimate(case) if kind_of_estimate(case) != "estimate" else "standardized"
        within_error = case.early and abs(mine.est - row["est.std"]) < 0.002 * (row["se"] or math.inf)
        assert within_error or close(tolerance, mine.est, row["est.std"]), name
        assert abs(mine.se) < 1e-6 if (row["se"] or 0) < 1e-6 else close(kind, mine.se, row["se"]), name


def kind_of_measure(name, case):
    if "chisq" in name:
        return "scaled chi-square" if "scal" in name else "chi-square"
    if name in {"logl", "unrestricted.logl"}:
        return "log-likelihood"
    if name in {"aic", "bic", "bic2"}:
        return "fit index"
    least_squares = kind_of_estimate(case) == "least squares estimate"
    return "scaled fit index" if "scal" in name or "robust" in name or least_squares else "fit index"


@pytest.mark.parametrize("key", KEYS)
def test_fit_measures(key):
    case, measures = CASES[key], fitted(key).measures
    for name, value in case.reference["fit"].items():
        if value is not None and name not in case.without:
            assert close(kind_of_measure(name, case), measures[name], value), name


@pytest.mark.parametrize("key", [key for key in KEYS if CASES[key].reference.get("rsquare")])
def test_r_squared(key):
    case = CASES[key]
    mine = fitted(key).r2()
    for name, value in case.reference["rsquare"].items():
        assert close(kind_of_estimate(case), mine[name], value), name
