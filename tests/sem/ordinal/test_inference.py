"""Difference tests, modification indices and residuals of ordinal models against lavaan's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline import sem

from ..references import load
from ..tolerances import close
from .references import CASES, fitted

LADDERS = {
    "difftest": (["b_ordinal:wlsmv_800", "b_ordinal:orthogonal_800"], ("b_ordinal", "difftest_satorra2000")),
    "gender": (
        [f"b_ordinal:ordinal_invariance:{step}" for step in ("config", "thresholds", "thresholds_loadings")],
        ("b_ordinal", "ordinal_invariance", "lrt"),
    ),
    "delta": (
        [f"e_invariance:datCat:{step}" for step in ("config", "thresholds", "thr_load", "thr_load_int")],
        ("e_invariance", "datCat_lrt"),
    ),
    "theta": (
        [f"e_invariance:datCat_theta:{step}" for step in ("config", "thr_load_int", "strict")],
        ("e_invariance", "datCat_theta_lrt"),
    ),
}


@pytest.mark.parametrize("ladder", list(LADDERS))
def test_difference_tests(ladder):
    keys, path = LADDERS[ladder]
    reference = load(path[0])
    for key in path[1:]:
        reference = reference[key]
    for (wide, narrow), row in zip(pairwise(keys), reference[1:], strict=True):
        mine = sem.compare(fitted(wide), fitted(narrow))
        assert mine.method == "satorra.2000"
        assert mine.df == row["Df diff"]
        assert close("scaled chi-square", mine.statistic, row["Chisq diff"]), narrow
        assert close("scaled chi-square", mine.pvalue, row["Pr(>Chisq)"]), narrow


def test_modification_indices():
    mine = {}
    for row in fitted("b_ordinal:wlsmv_800").modification_indices().itertuples():
        mine[row.lhs, row.op, row.rhs] = mine[row.rhs, row.op, row.lhs] = row
    reference = load("b_ordinal")["wlsmv_800"]["modindices"]
    assert len(mine) == 2 * len(reference)
    for row in reference:
        own = mine[row["lhs"], row["op"], row["rhs"]]
        for name, value in (("mi", "mi"), ("epc", "epc"), ("sepc_lv", "sepc.lv"), ("sepc_all", "sepc.all")):
            assert close("modification index", getattr(own, name), row[value]), row


def blocks(case):
    """Pair groups with their residuals; lavaan gives the covariate's own where one is conditioned on."""
    residuals = case.reference["residuals_cor"]
    return {None: residuals} if "cov" in residuals else residuals


SHOWN = [
    key
    for key, case in CASES.items()
    if case.reference.get("residuals_cor") and key != "b_ordinal:sem_mixed_wlsmv"
]


@pytest.mark.parametrize("key", SHOWN)
def test_residuals(key):
    fit = fitted(key)
    for group, reference in blocks(CASES[key]).items():
        mine = fit.residuals(group=group)
        names = reference["cov"]["rows"]
        own = mine.cov.loc[names, names].to_numpy()
        assert np.abs(own - np.array(reference["cov"]["values"])).max() < 1e-4
        if reference["cov.z"]:
            # lavaan 0.6-14 divides the covariance of a group's moments by the rows of all groups, which
            # makes z too large by sqrt(N / n); its continuous path takes n, and so do we.
            shares = fit.solution.sample.counts / fit.nobs
            share = 1.0 if group is None else float(shares[fit.table.groups.index(group)])
            z = np.array(reference["cov.z"]["values"], dtype=float) * np.sqrt(share)
            assert np.abs(mine.cov_z.loc[names, names].to_numpy() - z).max() < 1e-3


@pytest.mark.parametrize("key", [key for key in SHOWN if "invariance" not in key])
def test_residual_summary(key):
    mine, summary = fitted(key).residuals().summary, blocks(CASES[key])[None]["summary"]
    for row in summary or []:
        if row["row"] in mine:
            assert close("robust standard error", mine[row["row"]], row["cor"]), row


def test_residuals_given_covariates_have_no_z_values():
    mine = fitted("b_ordinal:sem_mixed_wlsmv").residuals()
    assert mine.cov_z is None
    assert mine.cov.shape == (15, 15)
