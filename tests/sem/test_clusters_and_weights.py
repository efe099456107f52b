"""Cluster-robust errors, sampling weights and saturated correlates."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem

from .references import frame, load
from .tolerances import close

MODEL = "T =~ TSIG01 + TSIG02 + TSIG03\nL =~ LP1 + LP2 + LP3\nT ~ a*L"

# lavaan 0.6-14, sem(MODEL, lq2002_parcels, ...), w = 0.5 + (row %% 5) / 4; in the last two 40 LP1 missing
COMBINATIONS = [
    ({"cluster": "COMPID"}, False, 31.33075317),
    ({"cluster": "COMPID", "estimator": "MLR"}, False, 31.13144368),
    ({"sampling_weights": "w"}, False, 33.41249525),
    ({"sampling_weights": "w", "cluster": "COMPID", "estimator": "MLR"}, False, 30.33228862),
    ({"missing": "fiml", "cluster": "COMPID", "estimator": "MLR"}, True, 30.93120087),
    ({"missing": "fiml", "sampling_weights": "w", "estimator": "MLR"}, True, 33.01724808),
]


@pytest.fixture(scope="module")
def companies():
    data = frame("lq2002_parcels.csv").copy()
    data["w"] = 0.5 + (np.arange(1, len(data) + 1) % 5) / 4
    return data


@pytest.mark.parametrize(("options", "missing", "chisq"), COMBINATIONS)
def test_scaled_chi_square(companies, options, missing, chisq):
    data = companies.copy()
    if missing:
        data.loc[data.index[:40], "LP1"] = np.nan
    assert close("scaled chi-square", sem.fit(MODEL, data, **options).measures["chisq.scaled"], chisq)


def test_a_cluster_a_row_is_no_cluster(companies):
    data = companies.head(500).assign(row=np.arange(500))
    alone = sem.fit(MODEL, data, cluster="row", estimator="MLR")
    plain = sem.fit(MODEL, data, estimator="MLR", meanstructure=True)
    assert np.allclose(alone.vcov, plain.vcov * 500 / 499)


def test_weights_are_relative(companies):
    one = sem.fit(MODEL, companies, sampling_weights="w")
    ten = sem.fit(MODEL, companies.assign(w=companies["w"] * 10), sampling_weights="w")
    assert np.allclose(one.vcov, ten.vcov)
    assert np.isclose(one.measures["chisq.scaled"], ten.measures["chisq.scaled"])


@pytest.mark.parametrize("column", ["est", "se"])
def test_saturated_correlates(column):
    items = " + ".join(f"x{i}" for i in range(1, 10))
    extra = f"\nageyr ~~ ageyr + grade + {items}\ngrade ~~ grade + {items}"
    reference = load("a_fiml")["auxiliary_mar"]
    fit = sem.fit(load("a_fiml")["fiml_mar"]["syntax"] + extra, frame("HS_mar.csv"), missing="fiml")
    mine = {}
    for row in fit.estimates.itertuples():
        mine[row.lhs, row.op, row.rhs] = mine[row.rhs, row.op, row.lhs] = row
    kind = "estimate" if column == "est" else "standard error"
    for row in reference["parameters"]:
        ours = getattr(mine[row["lhs"], row["op"], row["rhs"]], column)
        assert close(kind, ours, row[column]), row
    # semTools compares CFI and TLI with a baseline that keeps the correlates' covariances
    for name in ("chisq", "df", "pvalue", "rmsea", "srmr", "npar", "logl"):
        assert close(
            "chi-square" if name == "chisq" else "fit index", fit.measures[name], reference["fit"][name]
        )
