"""Planted parameters come back from true scores, within four Monte Carlo standard errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.demonstration import truth
from pipeline.demonstration.scores import CLIENT_RATED, STAFF_RATED, Scores, simulate_scores

TEAMS = 1500


@pytest.fixture(scope="module")
def many() -> Scores:
    return simulate_scores(11, teams=TEAMS)


def test_frames_have_the_design_before_losses() -> None:
    scores = simulate_scores(truth.SEED)
    assert list(scores.staff) == ["id", "team", *STAFF_RATED]
    assert list(scores.clients) == ["id", "staff", "team", *CLIENT_RATED, "complexity", "complexity_rating"]
    assert (len(scores.staff), len(scores.clients)) == (480, 3840)
    assert scores.staff["team"].value_counts().unique().tolist() == [8]
    assert scores.clients["staff"].value_counts().unique().tolist() == [8]
    lookup = scores.staff.set_index("id")["team"]
    assert (scores.clients["staff"].map(lookup) == scores.clients["team"]).all()


def test_equal_seeds_give_equal_scores_and_others_do_not() -> None:
    first, again, other = (
        simulate_scores(3, teams=4),
        simulate_scores(3, teams=4),
        simulate_scores(4, teams=4),
    )
    pd.testing.assert_frame_equal(first.clients, again.clients)
    assert not np.allclose(first.clients["alliance"], other.clients["alliance"])


@pytest.mark.parametrize("stratum", truth.STRATA)
def test_parts_have_the_implied_covariances(many: Scores, stratum: truth.Stratum) -> None:
    expected = truth.covariances(stratum).to_numpy()
    found = many.parts[stratum][list(truth.SHARES)].cov().to_numpy()
    variances = np.diag(expected)
    error = np.sqrt((expected**2 + np.outer(variances, variances)) / len(many.parts[stratum]))
    assert (np.abs(found - expected) <= 4 * error + 1e-12).all()


@pytest.mark.parametrize("name", [*STAFF_RATED, *CLIENT_RATED])
def test_scores_have_mean_zero_variance_one_and_the_team_share(many: Scores, name: str) -> None:
    frame = many.staff if name in STAFF_RATED else many.clients
    assert frame[name].mean() == pytest.approx(0, abs=4 * np.sqrt(0.2 / TEAMS))
    assert frame[name].var() == pytest.approx(1, abs=0.03)
    icc = _icc(frame[name], frame["team"])
    share = truth.SHARES[name].team
    assert icc == pytest.approx(
        share, abs=4 * (1 - share) * np.sqrt(2 / TEAMS) / 8 + 4 * share * np.sqrt(2 / TEAMS)
    )


@pytest.mark.parametrize("name", CLIENT_RATED)
def test_clients_of_one_staff_member_share_what_is_planted(many: Scores, name: str) -> None:
    shares = truth.SHARES[name]
    assert _icc(many.clients[name], many.clients["staff"]) == pytest.approx(
        shares.team + shares.staff, abs=0.008
    )


@pytest.mark.parametrize(
    ("outcome", "predictor", "level", "latent"),
    truth.implied_paths()[["outcome", "predictor", "level", "latent"]].to_numpy().tolist(),
)
def test_slopes_come_back(many: Scores, outcome: str, predictor: str, level: str, latent: float) -> None:
    parts = many.parts["client"] if level == "within" else _between(many)
    names = [path.predictor for path in truth.predictors(outcome)]
    x, y = parts[names].to_numpy(), parts[outcome].to_numpy()
    slopes, *_ = np.linalg.lstsq(x, y, rcond=None)
    variance = np.var(y - x @ slopes) * np.linalg.inv(x.T @ x).diagonal()
    spread = 1 if level == "within" else 2  # teams share residuals, so the plain error is too small
    place = names.index(predictor)
    assert slopes[place] == pytest.approx(latent, abs=4 * spread * np.sqrt(variance[place]))


@pytest.mark.parametrize(
    ("outcome", "predictor", "manifest"),
    truth.implied_paths()
    .query("level == 'between'")[["outcome", "predictor", "manifest"]]
    .to_numpy()
    .tolist(),
)
def test_observed_means_give_the_manifest_slopes(
    many: Scores, outcome: str, predictor: str, manifest: float
) -> None:
    means = many.clients.groupby("staff", sort=False)[list(CLIENT_RATED)].mean().reset_index(drop=True)
    means = means.join(many.staff[list(STAFF_RATED)])
    names = [path.predictor for path in truth.predictors(outcome)]
    slopes, *_ = np.linalg.lstsq(means[names].to_numpy(), means[outcome].to_numpy(), rcond=None)
    assert slopes[names.index(predictor)] == pytest.approx(manifest, abs=0.03)


def test_harder_clients_gain_more_from_belonging(many: Scores) -> None:
    parts = many.parts["client"]
    belonging, complexity = parts["belonging"].to_numpy(), many.clients["complexity"].to_numpy()
    x = np.column_stack([parts["alliance"], belonging, complexity, belonging * complexity])
    slopes, *_ = np.linalg.lstsq(x, parts["functioning"].to_numpy(), rcond=None)
    assert slopes[3] == pytest.approx(truth.moderation(), abs=0.015)
    assert slopes[2] == pytest.approx(0, abs=0.015)


def test_complexity_is_a_rating_with_the_declared_mean_and_spread(many: Scores) -> None:
    mean, deviation = truth.complexity_scale()
    rating = many.clients["complexity_rating"]
    assert sorted(rating.unique()) == [1, 2, 3, 4, 5]
    assert np.allclose((rating - mean) / deviation, many.clients["complexity"])
    assert many.clients["complexity"].std() == pytest.approx(1, abs=0.02)


def _between(scores: Scores) -> pd.DataFrame:
    team = scores.parts["team"].to_numpy()[np.repeat(np.arange(TEAMS), truth.STAFF_PER_TEAM)]
    return pd.DataFrame(team + scores.parts["staff"].to_numpy(), columns=list(truth.SHARES))


def _icc(values: pd.Series, groups: pd.Series) -> float:
    """ICC(1) from a one-way analysis of variance with equal groups."""
    by = values.groupby(groups)
    size = int(by.size().iloc[0])
    between = size * by.mean().var()
    within = by.var().mean()
    return float((between - within) / (between + (size - 1) * within))
