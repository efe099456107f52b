"""Errors of the flat model that allow for clusters: the sandwich of least squares, and lavaan's numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import REFERENCE
from tolerances import assert_close

from pipeline.mediation import Design, PathGraph, clustered_errors, fit_flat

GRAPH = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])
DESIGN = Design(("person", "team", "site"), dict.fromkeys("xmy", "person"))
# lavaan 0.6-14, sem("m ~ a*x \n y ~ b*m + c*x \n ab := a*b \n total := a*b + c", cluster = ...)
LAVAAN = {
    "lq2002": {"a": 0.025378257, "b": 0.032228244, "c": 0.032224672, "ab": 0.022666753, "total": 0.028693057},
    "bh1996": {"a": 0.016256503, "b": 0.014307090, "c": 0.020859552, "ab": 0.007013498, "total": 0.018766639},
}
MEASURED = {
    "lq2002": ("COMPID", "^LEAD[0-9]", "^TSIG[0-9]", "^HOSTIL[0-9]"),
    "bh1996": ("GRP", "^LEAD$", "^COHES$", "^WBEING$"),
}
NAMES = {
    "ab": ("x -> m -> y", "specific"),
    "total": ("x -> y", "total"),
    "c": ("x -> y", "direct"),
}


def army(name: str) -> pd.DataFrame:
    rows = pd.read_csv(REFERENCE / "data" / f"{name}.csv")
    cluster, *patterns = MEASURED[name]
    frame = pd.DataFrame({v: rows.filter(regex=p).mean(axis=1) for v, p in zip("xmy", patterns, strict=True)})
    return frame.assign(team=rows[cluster], id=[str(row) for row in range(len(rows))])


def persons(teams: int = 30, size: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    team = np.repeat(np.arange(teams), size)
    x = rng.normal(size=teams)[team] + rng.normal(size=len(team))
    m = 0.5 * x + rng.normal(size=teams)[team] + rng.normal(size=len(team))
    y = 0.3 * m + 0.2 * x + rng.normal(size=teams)[team] + rng.normal(size=len(team))
    frame = pd.DataFrame({"x": x, "m": m, "y": y, "team": [f"t{k}" for k in team]})
    return frame.assign(site=[f"s{k // 3}" for k in team], id=[str(row) for row in range(len(team))])


def errors(frame: pd.DataFrame, missing: str = "listwise"):
    frames = {"person": frame}
    flat = fit_flat(GRAPH, frames, DESIGN, missing=missing)
    return clustered_errors(flat, GRAPH, frames, DESIGN, missing=missing)


def least_squares(frame: pd.DataFrame, outcome: str, predictors: list[str], units) -> dict[str, float]:
    """Errors of the sandwich, times the root of G / (G - 1)."""
    from statsmodels.regression.linear_model import OLS
    from statsmodels.tools import add_constant

    options = {"groups": units, "use_correction": False}
    found = OLS(frame[outcome], add_constant(frame[predictors])).fit(cov_type="cluster", cov_kwds=options)
    units = len(set(units))
    return {name: found.bse[name] * np.sqrt(units / (units - 1)) for name in predictors}


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
@pytest.mark.parametrize("name", LAVAAN)
def test_errors_are_those_of_lavaan(name, missing):
    found = errors(army(name), missing)
    slopes = {"a": ("x", "m", "flat"), "b": ("m", "y", "flat"), "c": ("x", "y", "flat")}
    ours = {key: found.slopes[slope] for key, slope in slopes.items()}
    ours |= {key: found.effects[NAMES[key]] for key in ("ab", "total")}
    assert_close("robust standard errors", [ours[key] for key in LAVAAN[name]], list(LAVAAN[name].values()))
    assert found.effects[NAMES["c"]] == ours["c"]


@pytest.mark.parametrize("top", ["team", "site"])
@pytest.mark.parametrize(("outcome", "predictors"), [("m", ["x"]), ("y", ["m", "x"])])
def test_errors_allow_for_the_highest_level(top, outcome, predictors):
    frame = persons() if top == "site" else persons().drop(columns="site")
    found, theirs = errors(frame), least_squares(frame, outcome, predictors, persons()[top].tolist())
    assert (found.level, found.clusters) == (top, frame[top].nunique())
    for name in predictors:
        assert found.slopes[name, outcome, "flat"] == pytest.approx(theirs[name], rel=1e-6)


def test_a_row_without_a_unit_is_a_unit_of_its_own():
    frame = persons().drop(columns="site")
    frame.loc[[0, 7, 50], "team"] = None
    units = frame["team"].where(frame["team"].notna(), frame["id"]).tolist()
    found, theirs = errors(frame), least_squares(frame, "m", ["x"], units)
    assert found.clusters == 30
    assert found.slopes["x", "m", "flat"] == pytest.approx(theirs["x"], rel=1e-6)


@pytest.mark.parametrize("team", [None, "only"])
def test_without_clusters_there_are_none(team):
    frame = persons().drop(columns=["team", "site"])
    assert errors(frame if team is None else frame.assign(team=team)) is None
