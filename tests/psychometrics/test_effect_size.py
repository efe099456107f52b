"""Effect size of non-invariance: by hand, by simulation, and what it does not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data

from pipeline import sem
from pipeline.psychometrics import dmacs, invariance
from pipeline.psychometrics.invariance.effect_size import effect_sizes

ITEMS = ["u1", "u2", "u3", "u4"]
MODEL = "f =~ u1 + u2 + u3 + u4"


@pytest.mark.parametrize(
    ("loading", "intercept", "mean", "variance", "deviation", "value"),
    [
        (0.0, 0.0, 0.4, 1.3, 1.0, 0.0),
        (0.0, -0.2, 0.0, 1.0, 1.0, 0.2),
        (0.0, 0.6, 9.0, 9.0, 1.5, 0.4),
        (0.3, 0.0, 0.0, 4.0, 1.0, 0.6),
        (0.5, 0.3, 0.5, 4.0, 2.0, np.sqrt(0.3**2 + 2 * 0.3 * 0.5 * 0.5 + 0.5**2 * (0.5**2 + 2**2)) / 2),
    ],
)
def test_the_formula_by_hand(loading, intercept, mean, variance, deviation, value):
    assert dmacs(loading, intercept, mean, variance, deviation) == pytest.approx(value)


def test_the_formula_is_the_integral_over_the_focal_group():
    x = np.linspace(-9, 10, 20001)
    density = np.exp(-((x - 0.5) ** 2) / (2 * 1.7)) / np.sqrt(2 * np.pi * 1.7)
    integral = np.trapezoid((0.3 - 0.4 * x) ** 2 * density, x)
    assert dmacs(-0.4, 0.3, 0.5, 1.7, 1.1) == pytest.approx(np.sqrt(integral) / 1.1, rel=1e-6)


def answers(n: int = 4000, shift: float = 0.0, mean: float = 0.0, seed: int = 3) -> pd.DataFrame:
    """Two groups; in `b` the factor has another mean and spread, and the intercept of u4 is moved."""
    rng, parts = np.random.default_rng(seed), []
    for group, (level, spread, moved) in {"a": (0.0, 1.0, 0.0), "b": (mean, 1.3, shift)}.items():
        factor = level + spread * rng.normal(size=n)
        columns = {
            item: load * factor + 0.6 * rng.normal(size=n) + (moved if item == "u4" else 0.0)
            for item, load in zip(ITEMS, (1.0, 0.9, 0.8, 0.7), strict=True)
        }
        parts.append(pd.DataFrame(columns).assign(group=group))
    return pd.concat(parts, ignore_index=True)


def configural(data: pd.DataFrame) -> sem.Fit:
    return sem.fit(MODEL, data, group="group", std_lv=True, meanstructure=True)


def test_a_moved_intercept_is_found_with_its_size():
    data = answers(shift=0.5, mean=0.4)
    found = effect_sizes(configural(data), data, "group").set_index("item")
    spread = data.groupby("group")["u4"].std().mean()
    share = 0.5 * 0.7 / 3.4  # what the moved item does to the metric of the average item
    assert found.loc["u4", "dmacs"] == pytest.approx((0.5 - share) / spread, abs=0.04)
    assert found.loc["u4", "shift"] == pytest.approx(0.5 - share, abs=0.04)
    assert found["dmacs"].idxmax() == "u4"
    assert found.loc["u4", "size"] == "medium"
    assert (found.loc[["u1", "u2", "u3"], "shift"] < 0).all()


def test_other_means_and_spreads_alone_are_no_difference_in_measurement():
    data = answers(mean=1.0)
    found = effect_sizes(configural(data), data, "group")
    assert found["dmacs"].max() < 0.05
    assert set(found["size"]) == {"negligible"}


def test_neither_unit_nor_order_of_rows_matters():
    data = answers(n=400, shift=0.8)
    first = effect_sizes(configural(data), data, "group")
    other = data.iloc[::-1].assign(**{item: 10 - 3 * data[item] for item in ITEMS})
    second = effect_sizes(configural(other), other, "group")
    assert set(second["reference"]) == set(first["reference"]) == {"a"}
    np.testing.assert_allclose(second["dmacs"], first["dmacs"], rtol=1e-4)
    np.testing.assert_allclose(second["shift"], -3 * first["shift"], rtol=1e-4, atol=1e-4)


def test_an_item_of_two_factors_has_none():
    schools = load_data("HolzingerSwineford1939")
    model = "v =~ x1 + x2 + x3 + x9\ns =~ x7 + x8 + x9"
    fit = sem.fit(model, schools, group="school", std_lv=True, meanstructure=True)
    found = effect_sizes(fit, schools, "school")
    assert list(found["item"]) == ["x1", "x2", "x3", "x7", "x8"]


def test_the_ladder_tells_it_and_ordered_answers_have_none():
    data = answers(n=300, shift=0.8)
    found = invariance(MODEL, data, "group", "ML", steps=["configural", "metric"])
    assert found.dmacs is not None
    assert list(found.dmacs["item"]) == ITEMS
    cut = data.assign(**{item: np.digitize(data[item], [-0.5, 0.5]) for item in ITEMS})
    categories = dict.fromkeys(ITEMS, 3)
    ordered = invariance(MODEL, cut, "group", "WLSMV", categories=categories, steps=["configural"])
    assert ordered.dmacs is None
