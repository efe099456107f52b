"""Omega by factor, by level and above facets; competing models, merged factors and a method factor.

Reference numbers are semTools' and lavaan's in f_reliability_validity.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from tolerances import assert_close

from pipeline import sem
from pipeline.psychometrics import (
    PsychometricsError,
    competing_models,
    discriminant,
    htmt,
    joint,
    marker_variable,
    method_factor,
    omega_categorical,
    omega_factor,
    omega_higher,
    omega_two_level,
)
from pipeline.psychometrics.resampling import resampled_counts

KEPT = load_reference("f_reliability_validity")
BFI = {
    name: [f"{letter}{k}" for k in range(1, 6)]
    for name, letter in (("agree", "A"), ("consc", "C"), ("neuro", "N"))
}


def planted(loadings: np.ndarray, residuals: np.ndarray, n: int = 40_000) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(n, 1)) * loadings + rng.normal(size=(n, len(loadings))) * np.sqrt(residuals)
    return pd.DataFrame(rows, columns=[f"i{k}" for k in range(len(loadings))])


def test_omega_recovers_what_is_planted():
    loads, rest = np.array([0.9, 0.7, 0.5, 0.8]), np.array([0.4, 0.6, 0.5, 0.3])
    true = loads.sum() ** 2 / (loads.sum() ** 2 + rest.sum())
    found = omega_factor(planted(loads, rest))
    assert found.est == pytest.approx(true, abs=4 * found.se)
    assert found.ci_lower < true < found.ci_upper < 1


def test_clusters_widen_the_interval_of_omega():
    items = planted(np.array([0.9, 0.7, 0.5]), np.array([0.4, 0.6, 0.5]), 300)
    twice = pd.concat([items] * 4, ignore_index=True)
    alone, known = omega_factor(twice), omega_factor(twice, pd.Series(list(range(300)) * 4))
    assert known.se == pytest.approx(2 * alone.se, rel=0.02)
    assert known.clusters == 300


def test_two_level_omega_agrees_with_lavaan():
    """lavaan's := values of the same model, as it prints them; semTools divides by the sample's variance."""
    data = load_data("Demo_twolevel")
    found = omega_two_level(data[["y1", "y2", "y3"]], data["cluster"], "equal").frame["est"]
    assert_close("three decimals", found[["within", "between"]], [0.676, 0.933])
    assert found["observed_mean"] < found["between"]


SPEED = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}


def test_omega_above_facets_is_that_of_semtools():
    items = load_data("HolzingerSwineford1939")[[item for own in SPEED.values() for item in own]]
    theirs = KEPT["semtools_hs_l2"]["reliabilityL2"]["omegaL1"]
    assert_close("omega by CFA", omega_higher(items, SPEED).frame.loc["hierarchical", "est"], theirs)


def test_omega_of_a_bifactor_model_is_that_of_semtools():
    lines = [f"{name} =~ {' + '.join(items)}" for name, items in SPEED.items()]
    lines += [f"g =~ {' + '.join(item for items in SPEED.values() for item in items)}"]
    lines += ["g ~~ 0*visual + 0*textual + 0*speed", "visual ~~ 0*textual + 0*speed", "textual ~~ 0*speed"]
    fit = sem.fit("\n".join(lines), load_data("HolzingerSwineford1939"), std_lv=True)
    theirs = KEPT["semtools_hs_bifactor"]["compRelSEM_factors"]
    found = {one.factor: one.omega_observed for one in fit.reliability()}
    assert_close("omega by CFA", [found[name] for name in theirs], list(theirs.values()))


def test_omega_above_facets_recovers_what_is_planted():
    rng = np.random.default_rng(8)
    general = rng.normal(size=(40_000, 1))
    facets = [0.8 * general + 0.6 * rng.normal(size=(40_000, 1)) for _ in range(3)]
    items = np.hstack([0.8 * facet + 0.6 * rng.normal(size=(40_000, 3)) for facet in facets])
    frame = pd.DataFrame(items, columns=[f"i{k}" for k in range(9)])
    parts = {f"f{j}": [f"i{3 * j + k}" for k in range(3)] for j in range(3)}
    common, own, rest = (9 * 0.8 * 0.8) ** 2, 3 * (3 * 0.8 * 0.6) ** 2, 9 * 0.36
    found = omega_higher(frame, parts).frame
    assert found.loc["hierarchical", "est"] == pytest.approx(common / (common + own + rest), abs=0.01)
    assert found.loc["total", "est"] == pytest.approx((common + own) / (common + own + rest), abs=0.005)


@pytest.mark.parametrize("call", [omega_factor, omega_categorical])
def test_two_items_are_refused(call):
    with pytest.raises(PsychometricsError, match="three items"):
        call(planted(np.ones(2), np.ones(2), 50))


def test_merged_factors_agree_with_semtools():
    theirs = pd.DataFrame(KEPT["discriminant"])
    found = discriminant(joint(load_data("bfi15_n800"), BFI)).frame
    assert_close("estimates", found["est"], theirs["est"])
    assert found["df"].tolist() == theirs["Df diff"].tolist()


def test_a_method_factor_has_lavaans_loadings():
    rows = [r for r in KEPT["ulmc"]["standardized"] if r["op"] == "=~" and r["lhs"] == "cmv"]
    found = method_factor(joint(load_data("bfi15_n800"), BFI))
    assert_close("estimates", found.share, np.mean([r["est.std"] ** 2 for r in rows]))


def test_a_marker_stands_for_what_scales_share():
    rng = np.random.default_rng(3)
    method = 0.5 * rng.normal(size=(3000, 1))
    traits = rng.normal(size=(3000, 2))
    parts = {"one": traits[:, :1], "two": traits[:, 1:], "mark": np.zeros((3000, 1))}
    frame = pd.DataFrame(index=range(3000))
    for name, trait in parts.items():
        for k in range(4):
            frame[f"{name}{k}"] = (trait + method)[:, 0] + 0.6 * rng.normal(size=3000)
    found = marker_variable(joint(frame, {name: [f"{name}{k}" for k in range(4)] for name in parts}), "mark")
    assert found.frame["without"].iloc[0] > 0.12
    assert abs(found.frame["est"].iloc[0]) < 0.06


def test_competing_models_prefer_the_factors_that_are_there():
    found = competing_models(joint(load_data("bfi15_n800"), BFI))
    told = {model.kind: model for model in found.models}
    assert found.preferred != "one factor"
    assert told["second-order"].equivalent == "correlated factors"
    assert told["one factor"].fit.cfi == pytest.approx(KEPT["harman"]["cfa_1f"]["cfi"], abs=0.02)
    assert found.differences[0].df == 3


def test_htmt_resamples_whole_clusters_pairwise():
    items = load_data("bfi15_n800").head(90).astype(float)
    items.iloc[::7, 2] = np.nan
    clusters = pd.Series(np.repeat(np.arange(30), 3))
    ours = htmt(items, BFI, missing="pairwise", clusters=clusters, draws=40, seed=3)
    plain = []
    for counts in resampled_counts(30, 40, 3):
        for row in counts:
            again = items.loc[items.index.repeat(np.repeat(row.astype(int), 3))].reset_index(drop=True)
            plain.append(htmt(again, BFI, missing="pairwise").frame["est"].to_numpy())
    np.testing.assert_allclose(
        ours.frame[["ci_lower", "ci_upper"]].T, np.quantile(plain, [0.025, 0.975], axis=0), atol=0.02
    )
