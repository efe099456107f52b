"""Streams of random numbers: fixed for good, apart by name, and of the right distribution."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.demonstration.draws import Draws

FIRST = [0.4353234746738836, 0.8167896889286992, 0.3403884954145901]


def test_the_first_numbers_of_a_stream_are_fixed() -> None:
    assert Draws(1, "a").uniform(3).tolist() == FIRST
    assert Draws(1, "a").uniform(3).tolist() != Draws(1, "b").uniform(3).tolist()
    assert Draws(1, "a").uniform(3).tolist() != Draws(2, "a").uniform(3).tolist()


def test_normal_numbers_have_mean_zero_and_variance_one() -> None:
    values = Draws(2, "normal").normal(200_000)
    assert values.mean() == pytest.approx(0, abs=4 / np.sqrt(values.size))
    assert values.var() == pytest.approx(1, abs=4 * np.sqrt(2 / values.size))


def test_uniform_numbers_stay_inside_the_unit_interval_and_keep_their_shape() -> None:
    values = Draws(3, "uniform").uniform(100, 50)
    assert values.shape == (100, 50)
    assert 0 < values.min() < values.max() < 1


def test_weights_are_kept() -> None:
    counts = np.bincount(Draws(4, "weighted").weighted([0.5, 0.3, 0.2], 50_000)) / 50_000
    assert counts == pytest.approx([0.5, 0.3, 0.2], abs=0.01)


@pytest.mark.parametrize(("share", "count", "expected"), [(0.93, 428, 398), (0.0, 10, 0), (1.0, 10, 10)])
def test_an_exact_share_is_exact(share: float, count: int, expected: int) -> None:
    assert int(Draws(5, "chosen").chosen(share, count).sum()) == expected


def test_an_order_holds_everything_once() -> None:
    assert sorted(Draws(6, "order").order(100)) == list(range(100))
