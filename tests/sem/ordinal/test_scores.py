"""Factor scores and categorical omega."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from pipeline import sem

from ..references import frame, load
from .references import AGE, HALF, NEURO, fitted

ONE = "neuro =~ " + " + ".join(NEURO)

# lavPredict(cfa(ONE, bfi15_n800, ordered = NEURO)), lavaan 0.6-14, every 40th row
LAVAAN = (
    0.09352558, -0.08788745, -0.44953991, -0.30235043, -0.41042506, -0.49865298, -0.78914707,
    0.02668546, -0.65808352, -0.90808402, -0.32295679, 0.70603362, 1.23688478, -1.36105367,
    -0.45909117, -0.30310271, 0.30256062, 2.05722021, 0.33065622, -0.79871344,
)  # fmt: skip


def negative_log_posterior(fit, row, eta, prior_mean=0.0):
    """The formula of the module on one row of data, written again with scipy's normal distribution."""
    value = {(r.lhs, r.op, r.rhs): r.est for r in fit.estimates.itertuples()}
    out = 0.5 * (eta - prior_mean) ** 2 / value["neuro", "~~", "neuro"]
    for item in NEURO:
        taus = [-np.inf, *(value[item, "|", f"t{k}"] for k in range(1, 6)), np.inf]
        mean = value["neuro", "=~", item] * eta
        spread = np.sqrt(value[item, "~~", item])
        code = int(row[item])
        out -= np.log(norm.cdf((taus[code] - mean) / spread) - norm.cdf((taus[code - 1] - mean) / spread))
    if ("neuro", "=~", "zage") in value:
        mean = value["zage", "~1", ""] + value["neuro", "=~", "zage"] * eta
        out -= norm.logpdf(row["zage"], mean, np.sqrt(value["zage", "~~", "zage"]))
    return float(out)


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
@pytest.mark.parametrize("model", [ONE, ONE + " + zage", ONE + "\nneuro ~ zage"])
def test_scores_are_modes_of_the_posterior(model, parameterization):
    data = frame(AGE)
    fit = sem.fit(model, data, ordered=NEURO, parameterization=parameterization)
    scores = fit.factor_scores()["neuro"]
    slopes = fit.estimates.query("op == '~'")["est"]
    for at in range(0, 800, 97):
        row = data.iloc[at]
        mean = float(slopes.iloc[0]) * row["zage"] if len(slopes) else 0.0
        best = minimize(
            lambda eta, row=row, mean=mean: negative_log_posterior(fit, row, eta[0], mean), [0.0], tol=1e-12
        )
        assert abs(scores.iloc[at] - best.x[0]) < 1e-5


def test_scores_of_lavaan_and_which_optimum_is_the_better():
    """lavaan stops up to 1.5e-4 short of the mode: its posterior is lower wherever the two differ."""
    data, fit = frame(HALF), sem.fit(ONE, frame(HALF), ordered=NEURO)
    scores, lost = fit.factor_scores()["neuro"].iloc[::40].to_numpy(), []
    assert np.abs(scores - LAVAAN).max() < 2e-4
    for at, own, other in zip(range(0, 800, 40), scores, LAVAAN, strict=True):
        row = data.iloc[at]
        lost.append(negative_log_posterior(fit, row, other) - negative_log_posterior(fit, row, own))
    assert min(lost) > -1e-13
    assert min(np.array(lost)[np.abs(scores - LAVAAN) > 1e-5]) > 1e-10


def test_missing_answers_shrink_scores_to_the_mean():
    data = frame(AGE)[NEURO].copy()
    data.loc[0, NEURO[1:]] = np.nan
    fit = sem.fit(ONE, data, ordered=True, missing="pairwise")
    assert abs(fit.factor_scores()["neuro"].iloc[0]) < abs(
        fitted("b_ordinal:neuro_wlsmv_800").factor_scores()["neuro"].iloc[0]
    )


def test_other_scores_are_refused():
    with pytest.raises(sem.ModelError, match="choose one of ebm"):
        fitted("b_ordinal:neuro_wlsmv_800").factor_scores("bartlett")


@pytest.mark.parametrize(
    "key", ["b_ordinal:wlsmv_800_stdlv", "b_ordinal:wlsmv_800", "b_ordinal:wlsmv_800_theta"]
)
def test_categorical_omega(key):
    reference = load("f_reliability_validity")["semtools_ord"]["reliability"]
    by_name = dict(zip(reference["rows"], reference["values"], strict=True))
    for at, own in enumerate(fitted(key).reliability()):
        assert own.factor == reference["cols"][at]
        assert abs(own.omega - by_name["omega"][at]) < 1e-5
        assert abs(own.omega_observed - by_name["omega3"][at]) < 1e-5
