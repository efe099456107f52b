from __future__ import annotations

import math

import pytest

from pipeline.psychometrics import fisher_interval


# The examples of ci.fisher in the R package statpsych (Bonett), versions 1.7 and 2.0.
@pytest.mark.parametrize(
    ("r", "se", "lower", "upper"),
    [(0.641, 0.052, 0.5276396, 0.7319293), (0.692, 0.049, 0.5833, 0.7763)],
)
def test_limits_agree_with_statpsych(r: float, se: float, lower: float, upper: float) -> None:
    digits = 10 ** -len(str(lower).partition(".")[2])
    assert fisher_interval(r, se) == pytest.approx((lower, upper), abs=0.51 * digits)


@pytest.mark.parametrize(("r", "se"), [(0.33, 1.55), (-0.98, 0.4), (0.999, 0.01), (0.0, 30.0)])
@pytest.mark.parametrize("confidence", [0.9, 0.999])
def test_limits_stay_between_the_bounds_and_hold_the_estimate(r: float, se: float, confidence: float) -> None:
    lower, upper = fisher_interval(r, se, confidence)
    assert -1 <= lower < r < upper <= 1
    assert fisher_interval(-r, se, confidence) == pytest.approx((-upper, -lower))


@pytest.mark.parametrize(("r", "se"), [(1.0, 0.1), (-1.2, 0.1), (math.nan, 0.1), (0.5, math.nan)])
def test_what_is_no_correlation_has_no_interval(r: float, se: float) -> None:
    assert all(math.isnan(end) for end in fisher_interval(r, se))
