"""Numbers as APA 7 prints them."""

from __future__ import annotations

import math

import pytest

from pipeline.reporting import numbers


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (0.5, 2, "0.50"),
        (-1.234, 2, "−1.23"),
        (-0.004, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (-0.006, 2, "−0.01"),
        (12345.678, 1, "12,345.7"),
        (-0.00049, 4, "−0.0005"),
        (None, 2, "—"),
        (math.nan, 2, "—"),
        (math.inf, 2, "—"),
    ],
)
def test_a_number_keeps_its_leading_zero(value: float | None, decimals: int, printed: str) -> None:
    assert numbers.number(value, decimals) == printed


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("alpha", 0.9022, ".90"),
        ("alpha", -0.12, "−.12"),
        ("icc", 0.127, ".13"),
        ("r", -0.305, "−.30"),
        ("r", 1.0, "1.00"),
        ("r", 0.999, "1.00"),
        ("r2", 0.0, ".00"),
        ("cfi", 0.947, ".95"),
        ("tli", 0.947, "0.95"),
        ("rmsea", 0.07, "0.07"),
        ("beta", 0.5, "0.50"),
        ("loading", 0.81, "0.81"),
        ("r", None, "—"),
    ],
)
def test_only_what_cannot_pass_one_loses_the_zero(name: str, value: float | None, printed: str) -> None:
    assert numbers.statistic(name, value) == printed


def test_a_journal_may_want_the_zero_of_cfi() -> None:
    assert numbers.statistic("cfi", 0.947, without_zero=numbers.BOUNDED - {"cfi"}) == "0.95"


@pytest.mark.parametrize(
    ("value", "is_bound", "cell", "phrase"),
    [
        (0.0423, False, ".042", "*p* = .042"),
        (0.0004, False, "< .001", "*p* < .001"),
        (0.0, False, "< .001", "*p* < .001"),
        (0.001, False, ".001", "*p* = .001"),
        (0.9999, False, "> .999", "*p* > .999"),
        (0.00005, True, "< .001", "*p* < .001"),
        (0.001, True, "< .001", "*p* < .001"),
        (0.002, True, "< .002", "*p* < .002"),
        (None, False, "—", "*p* = —"),
    ],
)
def test_p_values(value: float | None, is_bound: bool, cell: str, phrase: str) -> None:
    assert numbers.p_value(value, is_bound=is_bound) == cell
    assert numbers.p_phrase(value, is_bound=is_bound) == phrase


@pytest.mark.parametrize(
    ("lower", "upper", "decimals", "name", "printed"),
    [
        (-0.12, 0.3, 2, "estimate", "[−0.12, 0.30]"),
        (0.83, 0.91, 2, "alpha", "[.83, .91]"),
        (-0.0012, 0.0051, 4, "estimate", "[−0.0012, 0.0051]"),
        (None, 0.3, 2, "estimate", "—"),
        (0.3, math.nan, 2, "estimate", "—"),
    ],
)
def test_intervals(lower: float | None, upper: float | None, decimals: int, name: str, printed: str) -> None:
    assert numbers.interval(lower, upper, decimals, name) == printed


def test_an_interval_in_a_sentence_stays_on_one_line() -> None:
    assert numbers.ci_phrase(0.95, -0.1, 0.2) == "95%\u00a0CI\u00a0[−0.10,\u00a00.20]"
    assert numbers.ci_phrase(0.995, 0.1, 0.2).startswith("99.5%")


@pytest.mark.parametrize(
    ("widths", "least", "decimals"),
    [([0.5, 0.1], 2, 2), ([0.0232], 3, 3), ([0.0022, 0.3], 3, 4), ([1e-9], 3, 5), ([], 2, 2), ([None], 3, 3)],
)
def test_decimals_follow_the_narrowest_interval(
    widths: list[float | None], least: int, decimals: int
) -> None:
    assert numbers.decimals_for(widths, least) == decimals


@pytest.mark.parametrize(
    ("value", "printed"), [(0.005, "0.005"), (0.05, "0.05"), (0.5, "0.50"), (0.0, "0.00"), (None, "—")]
)
def test_a_declared_number_is_not_rounded(value: float | None, printed: str) -> None:
    assert numbers.declared(value) == printed


def test_counts_shares_and_stars() -> None:
    assert numbers.count(7382) == "7,382"
    assert numbers.count(None) == "—"
    assert numbers.percent(0.75) == "75%"
    assert [numbers.stars(p) for p in (0.0009, 0.009, 0.049, 0.05, None, math.nan)] == [
        "***",
        "**",
        "*",
        "",
        "",
        "",
    ]
