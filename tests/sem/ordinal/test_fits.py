"""Every ordinal fit of tests/reference: estimates, errors, standardized values, tests, fit measures, R2."""

from __future__ import annotations

import pytest

from ..tolerances import close
from .references import CASES, fitted

KEYS = list(CASES)


def rows_of(case, frame, table):
    """Pair each reference row with ours: (name, mine, reference)."""
    groups, mine = fitted(case.name).table.groups, {}
    for row in frame.itertuples():
        for key in ((row.lhs, row.op, row.rhs), (row.rhs, row.op, row.lhs)):
            mine[(*key, row.group) if row.op != ":=" else (row.lhs, ":=", "", "")] = row
    for row in case.reference[table]:
        if row["op"] != "==":
            group = groups[row.get("group", 1) - 1] if row.get("group", 1) > 0 else ""
            key = (
                (row["lhs"], ":=", "", "")
                if row["op"] == ":="
                else (row["lhs"], row["op"], row["rhs"], group)
            )
            yield key, mine[key], row


@pytest.mark.parametrize("key", KEYS)
def test_converges_without_errors(key):
    fit = fitted(key)
    assert fit.converged
    assert not [text for text in fit.warnings if "left out" not in text and "empty cells" not in text]


@pytest.mark.parametrize("key", KEYS)
def test_estimates_and_errors(key):
    case = CASES[key]
    for name, mine, row in rows_of(case, fitted(key).estimates, "parameters"):
        assert close("least squares estimate", mine.est, row["est"]), name
        assert close("robust standard error", mine.se, row["se"]), name


@pytest.mark.parametrize("key", KEYS)
def test_standardized_solution(key):
    case = CASES[key]
    for name, mine, row in rows_of(case, fitted(key).standardized, "standardized"):
        assert close("least squares estimate", mine.est, row["est.std"]), name
        assert (
            abs(mine.se) < 1e-6
            if (row["se"] or 0) < 1e-6
            else close("robust standard error", mine.se, row["se"])
        )


def kind_of_measure(name):
    if "chisq" in name:
        return "scaled chi-square" if "scal" in name or "shift" in name else "chi-square"
    return "scaled fit index" if "scal" in name or "robust" in name else "fit index"


@pytest.mark.parametrize("key", KEYS)
def test_fit_measures(key):
    case, measures = CASES[key], fitted(key).measures
    for name, value in case.reference["fit"].items():
        if value is not None:
            assert close(kind_of_measure(name), measures[name], value), name


@pytest.mark.parametrize("key", KEYS)
def test_tests(key):
    case, fit = CASES[key], fitted(key)
    for test in case.reference["test"].values():
        if test["test"] == "standard":
            assert close("chi-square", fit.tested.statistic, test["stat"])
            continue
        scaled = fit.tested.scaled
        assert scaled.name == test["test"]
        assert close("scaled chi-square", scaled.statistic, test["stat"])
        assert close("scaled chi-square", scaled.df, test["df"])
        assert close("scaled chi-square", scaled.factor, test["scaling.factor"])
        if "shift.parameter" in test:
            assert close("scaled chi-square", scaled.shift, test["shift.parameter"])


@pytest.mark.parametrize("key", [key for key in KEYS if CASES[key].reference.get("rsquare")])
def test_r_squared(key):
    case, fit = CASES[key], fitted(key)
    reference = case.reference["rsquare"]
    groups = [None] if len(fit.table.groups) == 1 else list(fit.table.groups)
    for group in groups:
        own, mine = reference if group is None else reference[group], fit.r2(group)
        for name, value in own.items():
            assert close("least squares estimate", mine[name], value), name
