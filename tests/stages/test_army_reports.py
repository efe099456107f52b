"""The two army studies, run whole: results.json shows the published numbers (domain notes, 3.1).

Every number of those notes that belongs to these two studies is asked for here. bhr2000 is a third data set,
in no study: tests/psychometrics/test_published asks the functions for its numbers.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from tolerances import assert_close

from pipeline.stages import ingest, model, score, screen, validate
from pipeline.stages.artefacts import Workspace
from pipeline.stages.results import collect
from pipeline.study import load_study

ROOT = Path(__file__).resolve().parents[2]


@cache
def results(study_id: str, measurement: str = "scores") -> dict[str, Any]:
    """results.json of a study, its stages run in a copy."""
    root = Path(mkdtemp())
    shutil.copytree(ROOT / "data" / study_id, root / "data" / study_id)
    shutil.copytree(ROOT / "instruments", root / "instruments")
    file = root / "data" / study_id / "study.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("measurement: scores", f"measurement: {measurement}"), encoding="utf-8")
    study, workspace = load_study(root, study_id), Workspace(root, study_id)
    for stage in (ingest.ingest, screen.screen, score.score, validate.validate, model.model):
        stage(study, workspace)
    found: dict[str, Any] = json.loads(json.dumps(collect(study, workspace)))
    shutil.rmtree(root)
    return found


def part(study_id: str, stage: str, measurement: str = "scores") -> dict[str, Any]:
    found: dict[str, Any] = results(study_id, measurement)["stages"][stage]["results"]
    return found


def slope(found: dict[str, Any], level: str, predictor: str, outcome: str) -> dict[str, Any]:
    asked = (level, predictor, outcome)
    return next(r for r in found["paths"] if (r["level"], r["predictor"], r["outcome"]) == asked)


def effect(found: dict[str, Any], level: str, kind: str = "specific") -> dict[str, Any]:
    return next(r for r in found["indirect"] if (r["level"], r["kind"]) == (level, kind))


LQ = ("leadership", "task_significance", "hostility")
BH = ("leader_support", "cohesion", "wellbeing")
RELIABILITY = dict(zip(LQ, (0.9022, 0.8231, 0.8729), strict=True))
ICC = {
    "army-leadership": dict(zip(LQ, ((0.0880, 0.8008), (0.0804, 0.7846), (0.0540, 0.7041)), strict=True)),
    "army-climate": dict(zip(BH, ((0.1270, 0.916), (0.0443, 0.775), (0.0434, 0.772)), strict=True))
    | {"hours": (0.1331, 0.920)},
}
FLAT = {
    "army-leadership": (LQ, (0.648, -0.203, -0.351, -0.132), (0.023, 0.024, 0.030, 0.016)),
    "army-climate": (BH, (0.476, 0.077, 0.464, 0.037), (None, None, None, 0.006)),
}
COMPANIES = {"army-leadership": 49, "army-climate": 99}
CLUSTERED = {"army-leadership": 0.023, "army-climate": 0.007}
CORRELATIONS = {LQ[:2]: 0.5208, (LQ[0], LQ[2]): -0.3823, LQ[1:]: -0.3449}
OMEGA = (0.900, 0.831, 0.874)  # lavaan's three-factor model, semTools' compRelSEM
LMER = {  # WBEING ~ LEAD + COHES + HRS + (1 | GRP)
    "leader_support": (0.4647, 0.0140),
    "cohesion": (0.0775, 0.0120),
    "hours": (-0.0296, 0.0044),
}
RWG = {"leadership": 0.870, "task_significance": 0.607}
LEVELS = {
    # a, b, ab and the error of ab; lavaan's default fixes covariates, which moves lq2002's between effect
    # from -.232 (maximum likelihood, c_twolevel_direct) to -.228.
    ("army-climate", "within"): (0.477, 0.085, 0.041),
    ("army-climate", "between"): (0.452, -0.215, -0.097),
    ("army-leadership", "within"): (0.659, -0.173, -0.114),
    ("army-leadership", "between"): (0.425, -0.547, -0.232),
}
TOTALS = {"within": 0.517, "between": 0.405}


@pytest.mark.parametrize("scale", RELIABILITY)
def test_alpha(scale):
    shown = part("army-leadership", "validate")["reliability"][scale]["est"]
    assert shown == pytest.approx(RELIABILITY[scale], abs=5e-5)


@pytest.mark.parametrize(
    ("study_id", "scale"), [(study, scale) for study, told in ICC.items() for scale in told]
)
def test_icc(study_id, scale):
    shown = part(study_id, "validate")["icc"][scale]["company"]
    assert shown["icc1"] == pytest.approx(ICC[study_id][scale][0], abs=5e-5)
    assert_close("three decimals", shown["icc2"], ICC[study_id][scale][1])


@pytest.mark.parametrize("pair", CORRELATIONS)
def test_correlations(pair):
    found = part("army-leadership", "validate")["correlations"]
    i, j = (found["names"].index(name) for name in pair)
    assert found["total"][i][j] == pytest.approx(CORRELATIONS[pair], abs=5e-5)


@pytest.mark.parametrize("scale", RWG)
def test_agreement_within_companies(scale):
    found = part("army-leadership", "validate")["agreement"][scale]["company"]["agreement"]
    assert_close("three decimals", found["rwg_uniform"]["median"], RWG[scale])


def test_omega_of_three_factors_together():
    found = part("army-leadership", "validate")["validity"]["soldier"]["discriminant"]["extracted"]
    assert_close("three decimals", [row["omega"] for row in found], OMEGA)


@pytest.mark.parametrize("predictor", LMER)
def test_the_mixed_model_of_the_climate_study(predictor):
    (model,) = part("army-climate", "model")["undecomposed"]
    shown = next(row for row in model["paths"] if row["predictor"] == predictor)
    assert [shown["est"], shown["se"]] == pytest.approx(LMER[predictor], abs=5e-5)


def test_three_scales_together():
    fit = part("army-leadership", "validate")["validity"]["soldier"]["discriminant"]["fit"]
    assert fit["df"] == 149
    assert fit["chisq"] == pytest.approx(2675.395, abs=5e-4)
    assert fit["chisq"] * fit["scaling"] == pytest.approx(3355.788, abs=5e-4)
    assert_close("three decimals", [fit["cfi"], fit["rmsea"], fit["srmr"]], [0.848, 0.102, 0.057])


MLR = {"chisq": 2675.395, "cfi": 0.848, "rmsea": 0.102}
ML = {
    "chisq": 3355.788,
    "cfi": 0.847,
    "tli": 0.824,
    "rmsea": 0.103,
    "rmsea_lower": 0.100,
    "rmsea_upper": 0.106,
    "srmr": 0.057,
}
WLSMV = {"cfi": 0.930, "rmsea": 0.105, "srmr": 0.061}


@pytest.mark.parametrize(
    ("estimator", "where", "told"),
    [("MLR", (), MLR), ("MLR", ("plain",), ML), ("WLSMV", ("scaled",), WLSMV)],
)
def test_three_scales_together_by_either_estimator(estimator, where, told):
    model = part("army-leadership", "validate")["measurement_model"]["soldier"]
    fit = next(one for one in (model, model["beside"]) if one["estimator"] == estimator)
    for step in where:
        fit = fit[step]
    assert_close("three decimals", [fit[name] for name in told], list(told.values()))


def test_one_factor_of_leadership():
    shown = part("army-leadership", "validate")["factor"]["leadership"]["plain"]
    assert shown["df"] == 44
    assert shown["chisq"] == pytest.approx(2593.5, abs=0.05)
    assert_close("three decimals", [shown["cfi"], shown["rmsea"]], [0.786, 0.168])


def test_three_facets_of_leadership():
    shown = part("army-leadership", "validate")["factor"]["leadership"]["facets"]["plain"]
    assert_close("three decimals", [shown["cfi"], shown["rmsea"]], [0.872, 0.135])


@pytest.mark.parametrize("study_id", FLAT)
def test_the_flat_model(study_id):
    (x, m, y), estimates, errors = FLAT[study_id]
    found = part(study_id, "model")["flat"]
    shown = [slope(found, "flat", *pair) for pair in ((x, m), (m, y), (x, y))] + [effect(found, "flat")]
    assert_close("three decimals", [row["est"] for row in shown], estimates)
    for row, error in zip(shown, errors, strict=True):
        assert error is None or row["se"] == pytest.approx(error, abs=1e-3)


@pytest.mark.parametrize("study_id", CLUSTERED)
def test_errors_of_the_flat_model_that_allow_for_companies(study_id):
    found = part(study_id, "model")["flat"]
    shown = effect(found, "flat")
    assert_close("three decimals", shown["se_clustered"], CLUSTERED[study_id])
    assert shown["se_clustered"] > shown["se"]
    assert all(row["se_clustered"] > row["se"] for row in found["paths"])
    assert found["clustered"] == {"level": "company", "clusters": COMPANIES[study_id]}


@pytest.mark.parametrize(("study_id", "level"), LEVELS)
def test_paths_by_level(study_id, level):
    x, m, y = LQ if study_id == "army-leadership" else BH
    found = part(study_id, "model")
    shown = [slope(found, level, x, m), slope(found, level, m, y), effect(found, level)]
    assert_close("three decimals", [row["est"] for row in shown], LEVELS[study_id, level])


@pytest.mark.parametrize("level", TOTALS)
def test_totals_of_the_climate_study(level):
    assert_close(
        "three decimals", effect(part("army-climate", "model"), level, "total")["est"], TOTALS[level]
    )


def test_effects_by_level_of_the_leadership_study_are_those_of_maximum_likelihood(reference):
    theirs = reference("c_twolevel_direct")["lq_m111"]
    found = part("army-leadership", "model")
    for level in ("within", "between"):
        assert effect(found, level)["est"] == pytest.approx(theirs[level]["ab"], abs=5e-5)
        assert slope(found, level, LQ[0], LQ[2])["est"] == pytest.approx(theirs[level]["c"], abs=5e-5)


def test_latent_variables_beside_the_scores_are_those_of_lavaan(reference):
    theirs = reference("o_latent_paths")["army"]
    defined = {row["lhs"]: row for row in theirs["parameters"] if row["op"] == ":="}
    beside, main = part("army-leadership", "model")["other"], part("army-leadership", "model", "latent")
    for level, letter in (("within", "W"), ("between", "B")):
        for name, pair in zip("ABC", ((LQ[0], LQ[1]), (LQ[1], LQ[2]), (LQ[0], LQ[2])), strict=True):
            own, asked = slope(main, level, *pair), defined[name + letter]
            assert_close("three decimals", [own["est"], own["se"]], [asked["est"], asked["se"]])
            assert slope(beside, level, *pair) == own
    assert main["fit"]["df"] == theirs["fit"]["df"] == 314


def test_both_ways_of_measuring_are_shown_and_reach_the_same_verdicts():
    scores, latent = (part("army-leadership", "model", way) for way in ("scores", "latent"))
    assert (scores["kind"], scores["other"]["kind"]) == ("latent", "latent_variables")
    assert (latent["kind"], latent["other"]["kind"]) == ("latent_variables", "latent")
    assert latent["other"]["paths"] == scores["paths"]
    assert [one["verdict"] for one in scores["hypotheses"]] == [
        one["verdict"] for one in latent["hypotheses"]
    ]
    for level in ("within", "between"):
        assert abs(effect(latent, level)["beta"]) > abs(effect(scores, level)["beta"])


def test_the_rule_rests_the_leadership_study_on_scores():
    found = part("army-leadership", "model", "auto")
    assert found["options"]["measurement"] == "scores"
    assert (
        "44 free parameters between 49 clusters (company), which is too few"
        in (found["options"]["measurement_reason"])
    )


def test_the_model_reads_the_scores():
    stages = results("army-climate")["stages"]
    assert list(stages["model"]["inputs"]) == ["score/score.json"] == list(stages["validate"]["inputs"])
    assert list(stages["score"]["inputs"]) == ["screen/screen.json"]


@pytest.mark.parametrize("measurement", ["scores", "latent"])
def test_the_reversed_order_with_all_arrows_fits_equally(measurement):
    path, short, full = part("army-leadership", "model", measurement)["rivals"]
    assert (path["name"], path["against"]) == ("path", None)
    assert (full["name"], full["against"], full["npar"]) == ("R2", "equal", path["npar"])
    assert (short["name"], short["against"], short["npar"]) == ("R1", "worse", path["npar"] - 2)
    assert short["title"] == "Reversed"
