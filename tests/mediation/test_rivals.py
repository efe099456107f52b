"""Other orders of the same variables: equal likelihoods are said to be equal, others compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.mediation import Design, Indicators, PathGraph, compare_orders

DESIGN = Design(("pupil", "class"), dict.fromkeys(("x", "m", "y", "age"), "pupil"))
CHAIN = PathGraph.of([("x", "m"), ("m", "y")])
BACK = PathGraph.of([("y", "m"), ("m", "x")])
FULL = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])
SWAPPED = PathGraph.of([("m", "x"), ("x", "y")])


def frames(seed: int = 2, clusters: bool = True) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(60), 10)
    values: dict[str, np.ndarray] = {"age": rng.normal(size=len(unit))}
    before = np.zeros(len(unit))
    for name in ("x", "m", "y"):
        before = 0.5 * before + rng.normal(size=60)[unit] + rng.normal(size=len(unit))
        values[name] = before
    for name in ("x", "m", "y"):
        values |= {f"{name}.{k}": values[name] + 0.7 * rng.normal(size=len(unit)) for k in (1, 2, 3)}
    ids = {"id": [f"P{k}" for k in range(len(unit))]} | (
        {"class": [f"C{k}" for k in unit]} if clusters else {}
    )
    return {"pupil": pd.DataFrame(ids | values)}


@pytest.mark.parametrize("clusters", [True, False], ids=["two levels", "one level"])
@pytest.mark.parametrize("items", [True, False], ids=["items", "scores"])
def test_orders_that_imply_the_same_covariances_are_said_to_fit_equally(clusters, items):
    design = DESIGN if clusters else Design(("pupil",), DESIGN.measured)
    behind = {n: Indicators(tuple(f"{n}.{k}" for k in (1, 2, 3)), 3.0) for n in "xmy"} if items else {}
    orders = {"path": (CHAIN, {}), "back": (BACK, {}), "full": (FULL, {}), "swapped": (SWAPPED, {})}
    path, back, full, swapped = compare_orders(
        orders, frames(clusters=clusters), design, behind, missing="fiml"
    )
    levels = 2 if clusters else 1
    assert path.against is None
    assert (back.against, back.npar, back.df) == ("equal", path.npar, path.df)
    assert back.logl == pytest.approx(path.logl, abs=1e-5)
    assert full.npar == path.npar + levels
    assert full.logl > path.logl
    assert swapped.against == "worse"
    assert swapped.aic_difference == pytest.approx(swapped.aic - path.aic)
    assert swapped.aic == pytest.approx(2 * swapped.npar - 2 * swapped.logl)


def test_an_order_that_loses_a_covariate_is_not_compared():
    orders = {"path": (CHAIN, {"y": ("age",)}), "back": (BACK, {"m": (), "x": ()})}
    back = compare_orders(orders, frames(), DESIGN, {}, missing="listwise")[1]
    assert (back.against, back.logl) == ("not compared", None)
    assert "does not hold the same variables ('age')" in str(back.reason)


def test_an_order_without_a_solution_is_not_compared():
    data = frames()
    own = data["pupil"]
    own["x"] -= own.groupby("class")["x"].transform("mean")
    path, back = compare_orders(
        {"path": (CHAIN, {}), "back": (BACK, {})}, data, DESIGN, {}, missing="listwise"
    )
    assert path.against == back.against == "not compared"
    assert back.reason
