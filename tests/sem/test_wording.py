from __future__ import annotations

import math

import pytest

from pipeline.sem.wording import bounded, p_phrase


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (0.008, 3, ".008"),
        (-0.25, 2, "−.25"),
        (1.0, 3, "1.000"),
        (-1.4659, 3, "−1.466"),
        (0.999, 2, "1.00"),
        (0.0, 2, ".00"),
        (-0.001, 2, ".00"),
        (10.5, 1, "10.5"),
        (math.nan, 2, "not defined"),
    ],
)
def test_no_zero_leads_what_cannot_pass_one(value: float, decimals: int, printed: str) -> None:
    assert bounded(value, decimals) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.2714, "p = .271"),
        (0.0004, "p < .001"),
        (0.9996, "p > .999"),
        (1.0, "p > .999"),
        (math.inf, "p not defined"),
    ],
)
def test_p_has_three_decimals_and_bounds(value: float, printed: str) -> None:
    assert p_phrase(value) == printed
