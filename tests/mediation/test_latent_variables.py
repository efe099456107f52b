"""The path model of latent variables behind items: against lavaan, by level, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tolerances import TWO_LEVEL_SHARE_OF_SE, assert_close

from pipeline.mediation import (
    Design,
    Indicators,
    NotEstimable,
    PathGraph,
    PathModel,
    fit_latent_variables,
    free_parameters,
    latent_variable_rows,
)
from pipeline.mediation.latent_rows import LatentRows

ARMY = {
    "leadership": [f"LEAD{k:02}" for k in range(1, 12)],
    "significance": [f"TSIG{k:02}" for k in range(1, 4)],
    "hostility": [f"HOSTIL{k:02}" for k in range(1, 6)],
}
PARCELS = ARMY | {"leadership": ["LP1", "LP2", "LP3"]}
SCHOOL = {name: [f"x{k + j}" for j in range(3)] for name, k in (("visual", 1), ("textual", 4), ("speed", 7))}
SLOPES = ("A", "B", "C")


def chain(scales: dict[str, list[str]]) -> PathGraph:
    x, m, y = scales
    return PathGraph.of([(x, m), (m, y), (x, y)])


def behind(scales: dict[str, list[str]]) -> dict[str, Indicators]:
    return {name: Indicators(tuple(items), float(len(items))) for name, items in scales.items()}


def army_rows(table: pd.DataFrame, scales: dict[str, list[str]]) -> tuple[LatentRows, PathGraph, Design]:
    ids = {"id": [f"P{k}" for k in table.index], "company": [f"G{k}" for k in table["COMPID"]]}
    design = Design(("soldier", "company"), dict.fromkeys(scales, "soldier"))
    frames = {"soldier": table.assign(**ids)}
    return latent_variable_rows(chain(scales), frames, design, behind(scales)), chain(scales), design


def army(table: pd.DataFrame, scales: dict[str, list[str]]) -> PathModel:
    return fit_latent_variables(*army_rows(table, scales))


def school(table: pd.DataFrame, missing: str = "listwise") -> PathModel:
    design = Design(("pupil",), dict.fromkeys(SCHOOL, "pupil"))
    frames, graph = {"pupil": table.assign(id=table["id"].astype(str))}, chain(SCHOOL)
    rows = latent_variable_rows(graph, frames, design, behind(SCHOOL), missing=missing)
    return fit_latent_variables(rows, graph, design, missing=missing)


def slopes(model: PathModel, level: str) -> pd.DataFrame:
    return model.frame[model.frame["level"] == level].reset_index(drop=True)


@pytest.mark.parametrize(
    ("key", "data_name", "missing"),
    [
        ("school", "HolzingerSwineford1939", "listwise"),
        ("school_fiml", "HS_mcar10", "fiml"),
    ],
)
def test_one_level_against_lavaan(data, reference, key, data_name, missing):
    theirs, found = reference("o_latent_paths")[key], school(data(data_name), missing)
    own = slopes(found, "flat")
    defined = {row["lhs"]: row for row in theirs["parameters"] if row["op"] == ":="}
    standard = [row["est.std"] for row in theirs["standardized"] if row["op"] == "~"]
    assert_close("estimates", own["est"], [defined[name]["est"] for name in SLOPES])
    assert_close("robust standard errors", own["se"], [defined[name]["se"] for name in SLOPES])
    assert_close("estimates", own["beta"], standard)
    assert_close("log-likelihood", found.fit.logl, theirs["fit"]["logl"])
    assert (found.fit.df, found.fit.npar) == (theirs["fit"]["df"], theirs["fit"]["npar"])
    assert_close("scaled chi-square", found.fit.shown.chisq, theirs["fit"]["chisq.scaled"])
    assert_close("chi-square", found.fit.plain.chisq, theirs["fit"]["chisq"])
    if missing == "listwise":
        names = {"cfi": "cfi.robust", "tli": "tli.robust", "rmsea": "rmsea.robust"}
        for name, lavaan in names.items():
            assert_close(
                "scaled and robust fit indices", getattr(found.fit.shown, name), theirs["fit"][lavaan]
            )
    assert (found.kind, found.missing) == ("latent_variables", "fiml" if missing == "fiml" else COMPLETE)
    assert found.equations["speed"].r2["flat"] == pytest.approx(theirs["rsquare"]["all"]["S"], abs=1e-5)


COMPLETE = "complete: no answers missing"


def test_both_levels_of_the_army_study_against_lavaan(data, reference):
    theirs, found = reference("o_latent_paths")["army"], army(data("lq2002"), ARMY)
    defined = {row["lhs"]: row for row in theirs["parameters"] if row["op"] == ":="}
    standard = [row["est.std"] for row in theirs["standardized"]]
    for k, (level, letter) in enumerate((("within", "W"), ("between", "B"))):
        own = slopes(found, level)
        asked = [defined[name + letter] for name in SLOPES]
        errors = np.array([row["se"] for row in asked])
        gaps = np.abs(own["est"] - [row["est"] for row in asked]) / errors
        assert gaps.max() < TWO_LEVEL_SHARE_OF_SE
        assert_close("two-level standard errors", own["se"], errors)
        assert_close("three decimals", own["beta"], standard[3 * k : 3 * k + 3])
    assert found.fit.logl >= theirs["fit"]["logl"] - 1e-6
    assert_close("two-level log-likelihood", found.fit.logl, theirs["fit"]["logl"])
    assert (found.fit.df, found.fit.npar) == (theirs["fit"]["df"], theirs["fit"]["npar"])
    assert_close("two-level fit indices", found.fit.srmr_within, theirs["fit"]["srmr_within"])
    assert found.unit == "company"
    assert found.equations["hostility"].clusters == {"company": 49}


def test_the_army_study_with_parcels_against_lavaan(data, reference):
    theirs, found = reference("c_twolevel")["lq_latent111"], army(data("lq2002_parcels"), PARCELS)
    standard = {(r["lhs"], r["rhs"]): r["est.std"] for r in theirs["standardized"] if r["op"] == "~"}
    for level, letter in (("within", "W"), ("between", "B")):
        asked = [standard["T" + letter, "L" + letter]]
        asked += [standard["H" + letter, name + letter] for name in "TL"]
        assert_close("three decimals", slopes(found, level)["beta"], asked)
    assert_close("two-level log-likelihood", found.fit.logl, theirs["fit"]["logl"])
    assert (found.fit.df, found.fit.npar) == (theirs["fit"]["df"], theirs["fit"]["npar"])


def test_fit_of_each_level_alone(data):
    fit = army(data("lq2002"), ARMY).fit
    assert [(one.level, one.df) for one in fit.levels] == [("within", 149), ("between", 149)]
    within, between = fit.levels
    assert between.cfi > 0.95 > within.cfi
    assert (fit.kind, fit.srmr, fit.notes) == ("scaled and robust", None, ())


@pytest.mark.parametrize("scales", [ARMY, PARCELS, ARMY | {"hostility": ["HOSTIL01", "HOSTIL02"]}])
def test_parameters_are_counted_before_the_fit(data, scales):
    rows, graph, design = army_rows(
        data("lq2002").join(data("lq2002_parcels")[PARCELS["leadership"]]), scales
    )
    assert sum(free_parameters(rows).values()) == fit_latent_variables(rows, graph, design).fit.npar


def services(seed: int = 3, staff: int = 120, clients: int = 6) -> dict[str, pd.DataFrame]:
    """Support of staff and two scales of clients, four items each; age of clients and a ready score."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(staff), clients)
    support = rng.normal(size=staff)
    warmth = (0.5 * support + 0.6 * rng.normal(size=staff))[unit] + rng.normal(size=len(unit))
    health = 0.5 * warmth + 0.5 * rng.normal(size=staff)[unit] + rng.normal(size=len(unit))

    def items(name: str, factor: np.ndarray) -> dict[str, np.ndarray]:
        return {f"{name}.{k}": factor + 0.8 * rng.normal(size=len(factor)) for k in range(1, 5)}

    ids = {"id": [f"C{k}" for k in range(len(unit))], "staff": [f"S{k}" for k in unit]}
    client = pd.DataFrame(ids | items("warmth", warmth) | items("health", health))
    people = pd.DataFrame({"id": [f"S{k}" for k in range(staff)]} | items("support", support))
    return {
        "client": client.assign(health=health, age=rng.normal(size=len(unit))),
        "staff": people,
    }


DESIGN = Design(
    ("client", "staff"), dict.fromkeys(("warmth", "health", "age"), "client") | {"support": "staff"}
)
PATH = PathGraph.of([("support", "warmth"), ("warmth", "health")])
ITEMS = {name: [f"{name}.{k}" for k in range(1, 5)] for name in ("support", "warmth", "health")}


def fitted(frames, scales=ITEMS, covariates=None, missing="listwise") -> PathModel:
    rows = latent_variable_rows(PATH, frames, DESIGN, behind(scales), covariates, missing=missing)
    return fit_latent_variables(rows, PATH, DESIGN, missing=missing)


def test_a_scale_of_the_clusters_is_a_factor_between_them_only():
    found = fitted(services())
    assert set(found.slopes()) == {
        ("support", "warmth", "between"),
        ("warmth", "health", "within"),
        ("warmth", "health", "between"),
    }
    assert found.slopes()["support", "warmth", "between"]["est"] == pytest.approx(0.5, abs=0.2)
    assert found.slopes()["warmth", "health", "within"]["est"] == pytest.approx(0.5, abs=0.1)
    assert found.equations["health"].icc["staff"] > 0.1
    assert "loadings equal within and between staff" in found.equations["health"].method


def test_ready_scores_and_covariates_enter_as_observed():
    ready = {name: items for name, items in ITEMS.items() if name != "health"}
    found = fitted(services(), ready, {"health": ("age",)})
    assert found.frame.query("role == 'covariate'")["predictor"].tolist() == ["age"]
    assert found.slopes()["warmth", "health", "within"]["est"] == pytest.approx(0.5, abs=0.1)
    assert any("the covariate 'age' enters within staff only" in text for text in found.warnings)


def test_a_sum_score_has_slopes_in_points_of_the_sum():
    frames = services()
    as_mean = fitted(frames).slopes()["warmth", "health", "within"]
    rows = latent_variable_rows(
        PATH, frames, DESIGN, behind(ITEMS) | {"health": Indicators(tuple(ITEMS["health"]), 1.0)}
    )
    as_sum = fit_latent_variables(rows, PATH, DESIGN).slopes()["warmth", "health", "within"]
    assert as_sum["est"] == pytest.approx(4 * as_mean["est"], rel=1e-5)
    assert as_sum["beta"] == pytest.approx(as_mean["beta"], rel=1e-5)


@pytest.mark.slow
def test_rows_with_some_answers_count_with_those_that_they_have():
    frames = services()
    frames["client"].loc[:39, "health.1"] = np.nan
    full, complete = fitted(frames, missing="fiml"), fitted(frames)
    assert (full.missing, complete.missing) == ("fiml", "listwise")
    assert (full.equations["health"].n, complete.equations["health"].n) == (720, 680)
    assert complete.equations["health"].left_out == {"no answer: health": 40}


def test_items_that_do_not_differ_between_clusters_are_told():
    frames = services()
    own = frames["client"]
    for item in ITEMS["warmth"]:
        own[item] -= own.groupby("staff")[item].transform("mean")
    with pytest.raises(NotEstimable, match="clusters that hardly differ in a variable"):
        fitted(frames)


def test_what_is_wrong_is_told_with_items_by_name_and_without_advice_already_followed(data):
    told = army(data("lq2002"), ARMY).warnings
    assert any("'TSIG02' at level 2 (between) is negative" in text for text in told)
    assert not any("loadings equal across levels" in text or "x1_" in text for text in told)


@pytest.mark.slow
def test_with_missing_answers_the_fit_of_a_level_alone_is_known_or_said_not_to_be():
    frames = services()
    frames["client"].loc[:39, "health.1"] = np.nan
    fit = fitted(frames, missing="fiml").fit
    assert fit.kind == "scaled and robust"
    assert len(fit.levels) + len(fit.notes) == 2
    assert all("unrestricted" in note for note in fit.notes)
