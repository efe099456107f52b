from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.psychometrics.scoring import (
    ScoringError,
    answers_needed,
    check_reversal,
    key_items,
    scale_score,
)

DATA = Path(__file__).parent.parent / "reference" / "data"
BFI = pd.read_csv(DATA / "bfi_items.csv")
AGREEABLENESS = pd.read_csv(DATA / "bfi_agreeableness.csv")
NAN = math.nan


def bfi(letter: str) -> pd.DataFrame:
    return BFI[[f"{letter}{number}" for number in range(1, 6)]]


def alpha(items: pd.DataFrame) -> float:
    covariance = items.cov().to_numpy()
    k = len(covariance)
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))


# The published key of the Big Five items (psychTools, bfi.keys).
@pytest.mark.parametrize(
    ("letter", "reversed_items"),
    [("A", ("A1",)), ("C", ("C4", "C5")), ("E", ("E1", "E2")), ("N", ()), ("O", ("O2", "O5"))],
)
def test_the_published_key_is_found_in_raw_answers(letter: str, reversed_items: tuple[str, ...]) -> None:
    raw = bfi(letter)
    assert check_reversal(raw).against == reversed_items
    keyed = key_items(raw, dict.fromkeys(reversed_items, (1, 6)))
    assert check_reversal(keyed).against == ()


@pytest.mark.parametrize(
    ("letter", "reversed_items"), [("A", ["A1"]), ("C", ["C4", "C5"]), ("O", ["O2", "O5"])]
)
def test_reversing_twice_is_found(letter: str, reversed_items: list[str]) -> None:
    already = key_items(bfi(letter), dict.fromkeys(reversed_items, (1, 6)))
    again = key_items(already, dict.fromkeys(reversed_items, (1, 6)))
    assert list(check_reversal(again).against) == reversed_items


def test_item_a1_turns_alpha_round() -> None:
    assert check_reversal(AGREEABLENESS).against == ("A1",)
    assert alpha(AGREEABLENESS) == pytest.approx(0.43, abs=0.005)
    assert alpha(key_items(AGREEABLENESS, {"A1": (1, 6)})) == pytest.approx(0.703018446057304, abs=1e-6)


def test_item_rest_correlations_are_those_of_psych() -> None:
    table = check_reversal(key_items(AGREEABLENESS, {"A1": (1, 6)})).frame
    r_drop = [0.308417739522029, 0.563615163763579, 0.587004589505369, 0.394444086577913, 0.488565135825834]
    assert table["r"].tolist() == pytest.approx(r_drop, abs=1e-6)
    assert table["n"].tolist() == [2784, 2773, 2774, 2781, 2784]


@pytest.mark.parametrize("wrong", [(0,), (0, 1), (0, 1, 2), (2, 5, 7)])
def test_several_wrong_keys_at_once_are_found(wrong: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    answers = rng.normal(size=(400, 1)) + rng.normal(size=(400, 8))
    answers[:, list(wrong)] *= -1
    found = check_reversal(pd.DataFrame(answers, columns=list("abcdefgh"))).against
    assert found == tuple("abcdefgh"[n] for n in wrong)


def test_half_of_the_items_against_the_other_half_are_split_cleanly() -> None:
    rng = np.random.default_rng(2)
    answers = rng.normal(size=(400, 1)) * np.array([1, 1, 1, -1, -1, -1]) + rng.normal(size=(400, 6))
    found = check_reversal(pd.DataFrame(answers, columns=list("abcdef"))).against
    assert found in {("a", "b", "c"), ("d", "e", "f")}


@pytest.mark.parametrize(
    "answers",
    [
        {"a": [1, 2, 3, 4]},
        {"a": [3, 3, 3, 3], "b": [1, 2, 3, 4]},
        {"a": [NAN, NAN, NAN, NAN], "b": [1, 2, 3, 4]},
        {"a": [], "b": []},
    ],
    ids=["one item", "no variance", "nothing answered", "no rows"],
)
def test_what_cannot_be_checked_is_not_held_against_an_item(answers: dict[str, list[float]]) -> None:
    check = check_reversal(pd.DataFrame(answers, dtype=float))
    assert check.against == ()
    assert check.frame["r"].isna().all()


@pytest.mark.parametrize(
    ("rule", "options", "expected"),
    [
        ("mean", {}, [2.0, 2.5, NAN, NAN]),
        ("sum", {}, [6.0, 7.5, NAN, NAN]),
        ("scaled", {"factor": 10.0}, [20.0, 25.0, NAN, NAN]),
        ("scaled", {"factor": 25.0, "offset": -25.0}, [25.0, 37.5, NAN, NAN]),
    ],
)
def test_scores_by_rule(rule: str, options: dict[str, float], expected: list[float]) -> None:
    items = pd.DataFrame({"a": [1, 2, 3, NAN], "b": [2, NAN, NAN, NAN], "c": [3, 3, NAN, NAN]})
    scores = scale_score(items, 0.67, rule, **options)  # type: ignore[arg-type]
    assert scores.tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("items", "share", "needed"),
    [
        (3, 0.67, 2),
        (3, 2 / 3, 2),
        (10, 0.9, 9),
        (9, 0.5, 5),
        (4, 0.5, 2),
        (5, 0.8, 4),
        (12, 0.75, 9),
        (2, 0.1, 1),
        (7, 1.0, 7),
    ],
)
def test_answers_needed(items: int, share: float, needed: int) -> None:
    assert answers_needed(items, share) == needed


@given(st.lists(st.one_of(st.none(), st.integers(1, 7)), min_size=1, max_size=30))
def test_reversing_twice_gives_the_answers_back(answers: list[int | None]) -> None:
    frame = pd.DataFrame({"a": [NAN if one is None else float(one) for one in answers]})
    once = key_items(frame, {"a": (1, 7)})
    pd.testing.assert_frame_equal(key_items(once, {"a": (1, 7)}), frame)
    assert once["a"].isna().equals(frame["a"].isna())


@pytest.mark.parametrize(
    ("ranges", "said"),
    [({"a": (1, 5)}, "item a is answered 7 in row 4, outside 1 to 5"), ({"z": (1, 5)}, "no column .* z")],
)
def test_what_cannot_be_keyed_is_said(ranges: dict[str, tuple[float, float]], said: str) -> None:
    answers = pd.DataFrame({"a": [1.0, 7.0]}, index=[3, 4])
    with pytest.raises(ScoringError, match=said):
        key_items(answers, ranges)
