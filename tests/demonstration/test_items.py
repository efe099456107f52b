"""Clean answers: right categories, sound reliability, reverse-keyed items answered the other way round."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shipped_forms import shipped

from pipeline.demonstration import items, truth
from pipeline.demonstration.items import Form, simulate_items
from pipeline.demonstration.scores import Scores, simulate_scores

FORMS = {form.variable: form for form in shipped()}


@pytest.fixture(scope="module")
def scores() -> Scores:
    return simulate_scores(21)


@pytest.fixture(scope="module")
def answers(scores: Scores) -> tuple[pd.DataFrame, pd.DataFrame]:
    return simulate_items(21, shipped(), scores)


@pytest.fixture
def keyed(
    request: pytest.FixtureRequest, scores: Scores, answers: tuple[pd.DataFrame, pd.DataFrame]
) -> pd.DataFrame:
    form: Form = FORMS[request.param]
    frame = answers[0] if form.variable in scores.staff else answers[1]
    columns = {f"{form.variable}.{q.item}": q for q in form.questions}
    return pd.DataFrame({name: 6 - frame[name] if q.reverse else frame[name] for name, q in columns.items()})


@pytest.mark.parametrize(("keyed", "name"), [(name, name) for name in FORMS], indirect=["keyed"])
def test_a_scale_is_answered_in_all_categories_and_is_reliable(
    keyed: pd.DataFrame, name: str, scores: Scores
) -> None:
    assert set(np.unique(keyed.to_numpy())) == {1, 2, 3, 4, 5}
    k = keyed.shape[1]
    alpha = k / (k - 1) * (1 - keyed.var().sum() / keyed.sum(axis=1).var())
    assert 0.80 <= alpha <= 0.95
    assert -1 < keyed.mean(axis=1).skew() < 0
    true = scores.staff[name] if name in scores.staff else scores.clients[name]
    assert np.corrcoef(keyed.mean(axis=1), true)[0, 1] ** 2 > 0.78


def test_reverse_keyed_items_are_answered_against_the_scale(
    answers: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    belonging = answers[1].filter(like="belonging.")
    reversed_items = [f"belonging.{q.item}" for q in FORMS["belonging"].questions if q.reverse]
    assert reversed_items == ["belonging.bl3", "belonging.bl6"]
    correlations = belonging.corr().drop(columns=reversed_items).loc[reversed_items]
    assert (correlations.to_numpy() < -0.3).all()


def test_answers_are_the_same_for_the_same_seed_and_need_no_scores_handed_in(
    answers: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    for found, expected in zip(simulate_items(21, shipped()), answers, strict=True):
        pd.testing.assert_frame_equal(found, expected)


def test_every_item_keeps_a_positive_unique_variance_and_rising_thresholds() -> None:
    for value in items.measurement(shipped()).values():
        parts = [value[key] for key in ("loading", "facet", "method")]
        assert sum(part**2 for part in parts) < 0.9
        assert 0.70 <= parts[0] <= 0.85
        assert value["thresholds"] == sorted(value["thresholds"])


def test_a_variable_without_a_form_is_named() -> None:
    assert items.missing_forms(shipped()) == ()
    assert items.missing_forms(shipped()[:-1]) == (tuple(truth.SHARES)[-1],)
