"""What an interval says about a hypothesis."""

from __future__ import annotations

import pytest

from pipeline.mediation import judge


@pytest.mark.parametrize(
    ("lower", "upper", "sign", "smallest", "verdict", "beyond", "reason"),
    [
        (0.10, 0.30, "positive", 0.05, "supported", True, "wholly at or beyond"),
        (0.02, 0.30, "positive", 0.05, "supported", False, "holds effects smaller"),
        (0.10, 0.30, "positive", 0.0, "supported", True, "excludes zero"),
        (-0.10, 0.30, "positive", 0.05, "inconclusive", False, "do not decide"),
        (-0.10, 0.04, "positive", 0.05, "not supported", False, "below the smallest"),
        (0.01, 0.04, "positive", 0.05, "not supported", False, "expected direction, but"),
        (-0.30, -0.10, "positive", 0.05, "not supported", False, "other direction"),
        (-0.30, -0.10, "positive", 0.0, "not supported", False, "other direction"),
        (-0.30, -0.10, "negative", 0.05, "supported", True, "wholly at or beyond"),
        (0.10, 0.30, "negative", 0.05, "not supported", False, "other direction"),
        (-0.04, 0.10, "negative", 0.05, "not supported", False, "below the smallest"),
        (-0.30, 0.10, "negative", 0.05, "inconclusive", False, "do not decide"),
        (-0.10, 0.10, "positive", 0.0, "inconclusive", False, "do not decide"),
    ],
)
def test_the_interval_and_the_smallest_effect_decide(lower, upper, sign, smallest, verdict, beyond, reason):
    found = judge(lower, upper, sign, smallest)
    assert (found.verdict, found.beyond_smallest) == (verdict, beyond)
    assert reason in found.reason
