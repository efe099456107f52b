"""The planted table: what it says, what follows from it, and that it is possible."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.demonstration import truth

TABLE = {
    ("coworker_support", "leader_support", "between"): 0.42,
    ("alliance", "leader_support", "between"): 0.30,
    ("alliance", "coworker_support", "between"): 0.20,
    ("belonging", "alliance", "within"): 0.30,
    ("belonging", "alliance", "between"): 0.40,
    ("functioning", "alliance", "within"): 0.20,
    ("functioning", "alliance", "between"): 0.20,
    ("functioning", "belonging", "within"): 0.30,
    ("functioning", "belonging", "between"): 0.35,
    ("autonomy", "belonging", "within"): 0.30,
    ("autonomy", "belonging", "between"): 0.30,
    ("leader_trust", "leader_support", "between"): 0.60,
}
SHARES = {
    "leader_support": (0.13, 0.87, 0.0),
    "coworker_support": (0.05, 0.95, 0.0),
    "alliance": (0.02, 0.08, 0.90),
    "belonging": (0.02, 0.06, 0.92),
    "functioning": (0.02, 0.05, 0.93),
}
CORRELATIONS = {
    ("leader_support", "coworker_support"): 0.42,
    ("leader_support", "leader_trust"): 0.60,
    ("belonging", "autonomy"): 0.30,
    ("leader_support", "alliance"): (0.30 + 0.20 * 0.42) * 0.08**0.5,
}


def test_the_table_is_the_one_that_was_asked_for() -> None:
    rows = truth.implied_paths()
    planted = {(row.outcome, row.predictor, row.level): row.planted for row in rows.itertuples()}
    assert planted == TABLE
    assert {name: tuple(truth.SHARES[name].of(s) for s in truth.STRATA) for name in SHARES} == SHARES
    assert truth.MODERATION == 0.10


@pytest.mark.parametrize("stratum", truth.STRATA)
def test_every_part_has_its_declared_variance_and_room_for_a_residual(stratum: truth.Stratum) -> None:
    matrix = truth.covariances(stratum)
    assert np.allclose(np.diag(matrix), [shares.of(stratum) for shares in truth.SHARES.values()])
    assert np.linalg.eigvalsh(matrix).min() > -1e-12
    for name, shares in truth.SHARES.items():
        assert truth.residual(name, stratum) > 0 or shares.of(stratum) == 0


def test_the_parts_add_up_to_variance_one_and_the_declared_correlations() -> None:
    whole = sum(truth.covariances(stratum) for stratum in truth.STRATA)
    assert np.allclose(np.diag(whole), 1)
    for (a, b), expected in CORRELATIONS.items():
        assert whole.loc[a, b] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("key", [key for key in TABLE if key[2] == "between"])
def test_a_between_slope_is_the_same_in_teams_and_in_staff_within_teams(key: tuple[str, str, str]) -> None:
    outcome = key[0]
    names = [path.predictor for path in truth.predictors(outcome)]
    slopes = []
    for stratum in ("team", "staff"):
        matrix = truth.covariances(stratum)
        slopes.append(np.linalg.solve(matrix.loc[names, names], matrix.loc[names, outcome]))
    assert np.allclose(slopes[0], slopes[1])
    assert slopes[1][names.index(key[1])] == pytest.approx(_latent(key))


def test_standardized_slopes_return_the_planted_numbers() -> None:
    staff, client = truth.covariances("staff"), truth.covariances("client")
    assert _latent(("belonging", "alliance", "within")) * (client.loc["alliance", "alliance"] ** 0.5) / (
        client.loc["belonging", "belonging"] ** 0.5
    ) == pytest.approx(0.30)
    assert _latent(("belonging", "alliance", "between")) * (staff.loc["alliance", "alliance"] ** 0.5) / (
        staff.loc["belonging", "belonging"] ** 0.5
    ) == pytest.approx(0.40)
    assert _latent(("alliance", "leader_support", "between")) / 0.08**0.5 == pytest.approx(0.30)


def test_manifest_slopes_lie_between_the_latent_ones_and_reach_them_with_many_clients() -> None:
    few, many = (truth.implied_paths(n).set_index(["outcome", "predictor", "level"]) for n in (4, 1e9))
    assert np.allclose(many["manifest"], many["latent"])
    within = few.loc[("belonging", "alliance", "within"), "latent"]
    between = few.loc[("belonging", "alliance", "between")]
    assert within < between["manifest"] < between["latent"]
    unchanged = few.loc["alliance"]
    assert np.allclose(unchanged["manifest"], unchanged["latent"])


def test_one_predictor_follows_the_published_formula() -> None:
    reliability = 0.10 / (0.10 + 0.90 / 8)
    within, between = (_latent(("belonging", "alliance", level)) for level in ("within", "between"))
    rows = truth.implied_paths(8).set_index(["outcome", "predictor", "level"])
    expected = reliability * between + (1 - reliability) * within
    assert rows.loc[("belonging", "alliance", "between"), "manifest"] == pytest.approx(expected)


def test_an_effect_is_the_product_of_its_slopes() -> None:
    effect = truth.implied_effect("alliance -> belonging -> functioning", "within")
    steps = [("belonging", "alliance", "within"), ("functioning", "belonging", "within")]
    assert effect["latent"] == pytest.approx(_latent(steps[0]) * _latent(steps[1]))
    with pytest.raises(KeyError):
        truth.implied_effect("leader_support -> functioning", "between")


def _latent(key: tuple[str, str, str]) -> float:
    return float(truth.implied_paths().set_index(["outcome", "predictor", "level"]).loc[key, "latent"])
