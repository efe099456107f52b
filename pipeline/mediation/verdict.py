"""What an interval says about a hypothesis with a smallest effect of interest.

The model stage asks for each declared hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass

SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE = "supported", "not supported", "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """The verdict, its reason in words, and whether the whole interval is beyond the smallest effect."""

    verdict: str
    reason: str
    beyond_smallest: bool


def judge(ci_lower: float, ci_upper: float, sign: str, smallest: float = 0.0) -> Verdict:
    """Judge by the interval alone, in the expected direction (Lakens et al., 2018).

    Not supported: the whole interval lies below the smallest effect of interest, whether or not it excludes
    zero: an effect that exists but is too small to matter does not support the hypothesis. Supported: the
    interval excludes zero in the expected direction; it is then said whether the whole interval is at or
    beyond the smallest effect. Otherwise inconclusive. `smallest` is in the units of the estimate.
    """
    low, high = (ci_lower, ci_upper) if sign == "positive" else (-ci_upper, -ci_lower)
    beyond = low > 0 and low >= smallest
    if high < smallest or high < 0:
        return Verdict(NOT_SUPPORTED, _against(low, high, smallest), False)
    if low > 0 and beyond:
        reach = "" if smallest == 0 else " and lies wholly at or beyond the smallest effect of interest"
        return Verdict(SUPPORTED, f"the interval excludes zero in the expected direction{reach}", True)
    if low > 0:
        reason = (
            "the interval excludes zero in the expected direction, but holds effects smaller than the "
            "smallest effect of interest"
        )
        return Verdict(SUPPORTED, reason, False)
    return Verdict(
        INCONCLUSIVE,
        "the interval holds both zero and effects that would matter, so the data do not decide",
        False,
    )


def _against(low: float, high: float, smallest: float) -> str:
    if high < 0:
        return "the interval lies wholly in the other direction"
    if low > 0:
        return (
            f"the effect has the expected direction, but the whole interval lies below the smallest effect "
            f"of interest ({smallest:g})"
        )
    return f"the whole interval lies below the smallest effect of interest ({smallest:g})"
