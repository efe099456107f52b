"""Latent interactions by products of indicators: lavaan's numbers on the same products, and planted truth."""

from __future__ import annotations

import pytest
from conftest import load_data, load_reference
from tolerances import assert_close

from pipeline.mediation import MediationError, fit_latent_interaction, product_indicators

FACTORS = {
    "visual": ("x1", "x2", "x3"),
    "textual": ("x4", "x5", "x6"),
    "speed": ("x7", "x8", "x9"),
}
STRUCTURE = "speed ~ visual + textual + visual_x_textual"
PLANTED = {"visual": 0.4, "textual": 0.3, "visual_x_textual": 0.3}


def fitted(pairs):
    data = load_data("latent_interaction")
    return fit_latent_interaction(
        data, FACTORS, STRUCTURE, predictor="visual", moderator="textual", pairs=pairs
    )


@pytest.mark.parametrize(("pairs", "products"), [("all", 9), ("matched", 3)])
def test_the_fit_is_that_of_lavaan(pairs, products):
    found, theirs = fitted(pairs), load_reference("o_moderation")[f"latent_{pairs}"]
    assert len(found.indicators) == products
    ours = found.fit.estimates.set_index(["lhs", "op", "rhs"])
    compared = 0
    for row in theirs["parameters"]:
        key = (row["lhs"], row["op"], row["rhs"])
        if row["op"] == "~1" or not row["se"]:
            continue
        own = ours.loc[key if key in ours.index else (key[2], key[1], key[0])]
        assert_close("estimates", own["est"], row["est"])
        assert_close("robust standard errors", own["se"], row["se"])
        compared += 1
    assert compared > 20
    assert_close("chi-square", found.fit.measures["chisq"], theirs["fit"]["chisq"])
    assert_close("scaled chi-square", found.fit.measures["chisq.scaled"], theirs["fit"]["chisq.scaled"])


@pytest.mark.parametrize("pairs", ["all", "matched"])
def test_what_was_planted_is_found(pairs):
    table = fitted(pairs).fit.estimates
    slopes = table[table["op"] == "~"].set_index("rhs")
    for name, value in PLANTED.items():
        assert abs(slopes.loc[name, "est"] - value) < 3 * slopes.loc[name, "se"]


def test_products_are_centred_twice():
    data = load_data("latent_interaction") + 7.0
    table, named = product_indicators(data, FACTORS["visual"], FACTORS["textual"])
    assert table[list(named)].mean().abs().max() < 1e-12
    raw = (data["x1"] - data["x1"].mean()) * (data["x4"] - data["x4"].mean())
    assert table["x1.x4"].to_numpy() == pytest.approx((raw - raw.mean()).to_numpy())


@pytest.mark.parametrize(
    ("first", "second", "pairs", "told"),
    [
        (("x1", "x2"), ("x4",), "matched", "as many items"),
        (("x1", "x2"), ("x2", "x4"), "all", "'x2' is an item of both"),
        (("x1", "x0"), ("x4", "x5"), "all", "'x0' is no column"),
    ],
)
def test_products_that_cannot_be_made(first, second, pairs, told):
    with pytest.raises(MediationError, match=told):
        product_indicators(load_data("latent_interaction"), first, second, pairs)
