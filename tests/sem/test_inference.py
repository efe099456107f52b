"""Modification indices, residuals, difference and score tests, factor scores against tests/reference."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem

from .references import CASES, HS, PD, STEPS, fitted, frame, load
from .tolerances import close

WITH_INDICES = [key for key, case in CASES.items() if "modindices" in case.reference]
WITH_RESIDUALS = [
    key
    for key, case in CASES.items()
    if "error" not in (case.reference.get("residuals_cor") or {"error": ""})
]
MLR = "a_cfa_hs_ml:mlr"


@pytest.mark.parametrize("key", WITH_INDICES)
@pytest.mark.parametrize("column", ["mi", "epc", "sepc.lv", "sepc.all"])
def test_modification_indices(key, column):
    mine = {}
    for row in fitted(key).modification_indices().itertuples():
        mine[row.lhs, row.op, row.rhs] = mine[row.rhs, row.op, row.lhs] = row
    reference = CASES[key].reference["modindices"]
    assert len({id(row) for row in mine.values()}) == len(reference)
    for row in reference:
        ours = getattr(mine[row["lhs"], row["op"], row["rhs"]], column.replace(".", "_"))
        assert close("modification index", ours, row[column]), row


def reference_residuals(key):
    fit, node = fitted(key), CASES[key].reference["residuals_cor"]
    for label in fit.table.groups:
        yield fit.residuals(group=label), node if len(fit.table.groups) == 1 else node[label]


@pytest.mark.parametrize("key", WITH_RESIDUALS)
def test_correlation_residuals_and_their_z_values(key):
    for mine, reference in reference_residuals(key):
        names = reference["cov"]["rows"]
        values = np.array(reference["cov"]["values"], dtype=float)
        assert np.allclose(mine.cov.loc[names, names], values, atol=1e-5, rtol=1e-5)
        pairs = zip(
            mine.cov_z.loc[names, names].to_numpy().ravel(),
            np.ravel(reference["cov.z"]["values"]),
            strict=True,
        )
        for own, value in pairs:
            assert close("modification index", own, value)


@pytest.mark.parametrize("key", WITH_RESIDUALS)
def test_unbiased_srmr(key):
    for mine, reference in reference_residuals(key):
        for row in reference.get("summary") or []:
            if row["cov"] is not None:
                assert close("scaled fit index", mine.summary[row["row"]], row["cov"]), row["row"]


STEP_PAIRS = [(e, a, b) for e in ("ml", "mlr") for a, b in zip(list(STEPS), list(STEPS)[1:], strict=False)]


@pytest.mark.parametrize(("estimator", "wide", "narrow"), STEP_PAIRS)
def test_difference_tests_of_invariance(estimator, wide, narrow):
    fits = [fitted(f"e_invariance:{estimator}:fits:{step}") for step in (wide, narrow)]
    mine, node = sem.compare(*fits), load("e_invariance")[estimator]
    reference = node["lrt"][node["lrt_names"].index(narrow)]
    assert mine.df == reference["Df diff"]
    kind = "chi-square" if estimator == "ml" else "scaled chi-square"
    assert close(kind, mine.statistic, reference["Chisq diff"])
    if estimator == "ml":
        assert close("fit index", mine.rmsea, reference["RMSEA"])


# satorra.bentler.2010 is not compared here: lavaan looks up the one-factor model's parameters by name
# among the
# three-factor model's, finds no loading of 'g', and evaluates it elsewhere. See the next test for matching
# names.
@pytest.mark.parametrize(
    ("key", "estimator", "method"),
    [
        ("ml", "ml", "standard"),
        ("mlr_sb2001", "mlr", "satorra.bentler.2001"),
        ("mlr_satorra2000", "mlr", "satorra.2000"),
    ],
)
def test_difference_tests_of_one_and_three_factors(key, estimator, method):
    fits = [fitted(f"a_cfa_hs_ml:{name}") for name in (estimator, f"one_factor_{estimator}")]
    reference = load("a_cfa_hs_ml")["lrt"][key][1]
    kind = "chi-square" if method == "standard" else "scaled chi-square"
    assert close(kind, sem.compare(*fits, method=method).statistic, reference["Chisq diff"])


# lavaan 0.6-14: lavTestLRT(f1, f0, method = ...) of the Political Democracy model and its equal-loadings
# version
@pytest.mark.parametrize(
    ("estimator", "method", "statistic"),
    [
        ("MLR", "satorra.bentler.2010", 2.892258214741),
        ("MLM", "satorra.bentler.2010", 3.071188695449),
        ("MLR", "satorra.2000", 2.87318748372),
        ("MLM", "satorra.2000", 3.06595859618),
        ("MLMV", "satorra.2000", 3.06595859618),
    ],
)
def test_difference_tests_of_equal_loadings(estimator, method, statistic):
    node = load("a_sem_politicaldemocracy")
    fits = [
        sem.fit(node[key]["syntax"], frame(PD), estimator=estimator) for key in ("ml", "ml_equal_loadings")
    ]
    assert close("scaled chi-square", sem.compare(*fits, method=method).statistic, statistic)


def test_difference_tests_of_equal_loadings_by_default():
    node = load("a_sem_politicaldemocracy")
    plain = sem.compare(*[fitted(f"a_sem_politicaldemocracy:{key}") for key in ("ml", "ml_equal_loadings")])
    assert close("chi-square", plain.statistic, node["lrt_equal_loadings"][1]["Chisq diff"])
    narrow = sem.fit(node["ml_equal_loadings"]["syntax"], frame(PD), estimator="MLR")
    scaled = sem.compare(narrow, fitted("a_sem_politicaldemocracy:mlr"))
    assert close("scaled chi-square", scaled.statistic, node["lrt_equal_loadings_mlr"][1]["Chisq diff"])


def test_negative_scaling_is_said():
    correlated = load("a_cfa_hs_ml")["ml"]["syntax"]
    one = correlated + "\nvisual ~~ 1*textual\nvisual ~~ 1*speed\ntextual ~~ 1*speed"
    fits = [sem.fit(model, frame(HS), estimator="MLR", std_lv=True) for model in (correlated, one)]
    with pytest.raises(sem.ModelError, match=r"-0\.6014"):  # lavaan 0.6-14: scaling factor -0.6014001
        sem.compare(*fits, method="satorra.bentler.2010")


def test_partial_invariance_against_metric():
    mine = sem.compare(fitted("e_invariance:ml:fits:metric"), fitted("e_invariance:partial_scalar"))
    assert close("chi-square", mine.statistic, load("e_invariance")["lrt_partial_vs_metric"][1]["Chisq diff"])


def test_tutorial_of_latent_means():
    node = load("e_invariance")
    options = {"group": "school", "group_equal": ["loadings", "intercepts", "means"]}
    means = sem.fit(load("a_cfa_hs_ml")["ml"]["syntax"], frame(HS), **options)
    for name, value in node["tutorial_fit_means"].items():
        if value is not None:
            assert close("chi-square" if "chisq" in name else "fit index", means.measures[name], value), name
    mine = sem.compare(fitted("e_invariance:ml:fits:scalar"), means)
    assert close("chi-square", mine.statistic, node["tutorial_means"][3]["Chisq diff"])


def test_score_tests_of_equal_loadings_and_intercepts():
    mine, node = fitted("e_invariance:ml:fits:scalar").score_tests(), load("e_invariance")
    for own, row in zip(mine["chisq"], node["score_scalar"], strict=False):
        assert close("modification index", own, row["X2"]), row
    assert close("modification index", mine["chisq"].iloc[-1], node["score_scalar_total"]["X2"])
    assert len(mine) == len(node["score_scalar"]) + 1


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_factor_scores(method):
    scores, node = fitted("a_cfa_hs_ml:ml").factor_scores(method), load("a_cfa_hs_ml")["factor_scores"]
    assert np.allclose(scores.head(6), node[f"{method}_head"]["values"], atol=1e-5, rtol=0)
    assert np.allclose(scores.cov(), node[f"{method}_cov"]["values"], atol=1e-5, rtol=0)


def test_implied_and_sample_moments():
    fit, node = fitted("a_cfa_hs_ml:ml"), load("a_cfa_hs_ml")
    assert np.allclose(fit.implied()[0], node["implied_cov"]["values"], atol=1e-5, rtol=1e-5)
    assert np.allclose(fit.solution.sample.covariances[0], node["sample_cov_n"]["values"], atol=1e-12)


@pytest.mark.parametrize("key", ["a_cfa_hs_ml:ml", MLR, "a_sem_politicaldemocracy:ml", "a_fiml:fiml_mcar"])
def test_covariances_of_estimates(key):
    vcov, node = fitted(key).vcov, CASES[key].reference["vcov"]
    names = [name if name in vcov.index else "~~".join(reversed(name.split("~~"))) for name in node["rows"]]
    mine = vcov.loc[names, names].to_numpy()
    scale = np.sqrt(np.outer(np.diag(mine), np.diag(mine)))
    assert np.allclose(
        mine / scale, np.array(node["values"]) / scale, atol=1e-3 if CASES[key].robust else 2e-4
    )


def test_wald_test_of_a_linear_restriction_is_the_squared_z():
    fit = fitted("d_mediation_latent:ml")
    row = fit.estimates.set_index("lhs").loc["ind"]
    assert np.isclose(fit.wald("ind == 0").statistic, row["z"] ** 2)
    assert fit.wald("a == b; cp == 0").df == 2


def test_omega_is_that_of_the_loadings():
    fit = fitted("a_cfa_hs_ml:ml_stdlv")
    loads = fit.estimates.query("lhs == 'visual' and op == '=~'")["est"].sum()
    total = fit.implied()[0].loc[["x1", "x2", "x3"], ["x1", "x2", "x3"]].to_numpy().sum()
    assert np.isclose(fit.reliability()[0].omega, loads**2 / total)


@pytest.mark.parametrize(("key", "data"), [("em_mcar", "HS_mcar10.csv"), ("em_mar", "HS_mar.csv")])
def test_saturated_moments_with_missing_answers(key, data):
    sample, node = fitted(f"a_fiml:fiml_{key[3:]}").solution.sample, load("a_fiml")[key]
    # lavaan's EM stops when moments move by less than 1e-5: its own error is of that size
    assert np.allclose(sample.means[0], list(node["mean"].values()), atol=3e-5)
    assert np.allclose(sample.covariances[0], node["cov"]["values"], atol=3e-5)
    if "n_patterns" in node:
        assert len(sample.groups[0].masks) == node["n_patterns"]


CONSTRAINED = """visual  =~ x1 + a*x2 + b*x3
textual =~ x4 + c*x5 + x6
textual ~ d*visual
e := a*b
"""

# lavaan 0.6-14, sem(CONSTRAINED + constraint, HolzingerSwineford1939): chi-square, df, a, error, d, error
CONSTRAINTS = {
    "a*b == 0.5": (24.788, 9, 0.636, 0.055, 0.524, 0.089),
    "a*d == 0.2\nb == c - 0.3": (27.929, 10, 0.474, 0.059, 0.422, 0.053),
    "e == 0.6": (25.747, 9, 0.702, 0.060, 0.540, 0.093),
    "exp(a) == 1.5 + d^2": (24.362, 9, 0.561, 0.055, 0.503, 0.095),
}


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_nonlinear_constraints(constraint):
    fit = sem.fit(CONSTRAINED + constraint, frame(HS))
    chisq, df, *rest = CONSTRAINTS[constraint]
    rows = fit.estimates.set_index("label")
    assert fit.converged
    assert fit.df == df
    assert abs(fit.measures["chisq"] - chisq) < 6e-4
    assert np.allclose([rows.loc[label, kind] for label in "ad" for kind in ("est", "se")], rest, atol=6e-4)
    assert len(fit.score_tests()) == constraint.count("==") + 1
