"""Alpha, its interval and item statistics against psych and pingouin; what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, describe, item_statistics, reliability
from pipeline.psychometrics.reliability import feldt_interval

SCALES = {letter: [f"{letter}{n}" for n in range(1, 6)] for letter in "ACENO"}


@pytest.mark.parametrize("scale", SCALES)
def test_alpha_and_interval_agree_with_psych(scale, reference, data):
    theirs = reference("f_reliability_validity")["alpha"][scale]
    ours = reliability(data("bfi_keyed")[SCALES[scale]], missing="pairwise")
    assert ours.n == theirs["n"]
    names = ("alpha", "lower.ci", "upper.ci")
    assert_close(
        "reliability", [ours.est, ours.ci_lower, ours.ci_upper], [theirs["feldt_fn"][n] for n in names]
    )


@pytest.mark.parametrize("scale", SCALES)
def test_complete_rows_count_only_themselves(scale, reference, data):
    theirs = reference("f_reliability_validity")["alpha"][scale]
    ours = reliability(data("bfi_keyed")[SCALES[scale]])
    assert ours.n == theirs["n_complete"]
    assert_close("reliability", ours.est, theirs["total_complete_cases"][0]["raw_alpha"])
    assert (ours.ci_lower, ours.ci_upper) == feldt_interval(ours.est, theirs["n_complete"], 5, 0.95)


@pytest.mark.parametrize("scale", SCALES)
def test_item_statistics_agree_with_psych(scale, reference, data):
    theirs = reference("f_reliability_validity")["alpha"][scale]
    ours = item_statistics(data("bfi_keyed")[SCALES[scale]], missing="pairwise").frame
    assert_close("reliability", ours["item_rest"], [row["r.drop"] for row in theirs["item_stats"]])
    assert_close("reliability", ours["alpha_if_dropped"], [row["raw_alpha"] for row in theirs["drop"]])
    for name in ("n", "mean", "sd"):
        assert_close("reliability", ours[name], [row[name] for row in theirs["item_stats"]])


def test_descriptives_agree_with_psych(reference, data):
    theirs = reference("f_reliability_validity")["descriptives"]
    items = data("bfi_keyed")[[row["row"] for row in theirs]]
    ours = describe(items).frame
    for name in ("n", "mean", "sd", "min", "max", "skew", "kurtosis"):
        assert_close("reliability", ours[name], [row[name] for row in theirs])


def test_alpha_agrees_with_pingouin(data):
    import pingouin

    items = data("bfi_keyed")[SCALES["N"]]
    for ours, theirs in (("complete", "listwise"), ("pairwise", "pairwise")):
        value, _ = pingouin.cronbach_alpha(items, nan_policy=theirs)
        assert_close("reliability", reliability(items, missing=ours).est, value)


def test_floor_and_ceiling_count_the_ends_of_the_response_set():
    items = pd.DataFrame({"a": [1, 1, 5, 3, np.nan], "b": [2, 3, 4, 3, 3], "c": [1, 2, 3, 4, 5]}, dtype=float)
    frame = reliability(items, bounds={"a": (1, 5), "b": (1, 5)}).items.frame
    assert frame.loc["a", ["floor", "ceiling"]].tolist() == [0.5, 0.25]
    assert frame.loc["b", ["floor", "ceiling"]].tolist() == [0.0, 0.0]
    assert frame.loc["c", ["floor", "ceiling"]].isna().all()
    assert frame.loc["a", ["n", "missing"]].tolist() == [4, 1]


def test_an_item_that_runs_the_other_way_is_named():
    rng = np.random.default_rng(1)
    true = rng.normal(size=300)
    items = pd.DataFrame({f"i{k}": true + rng.normal(size=300) for k in range(4)})
    items["i3"] = -items["i3"]
    assert [text.split()[1] for text in reliability(items).warnings] == ["i3"]
    assert reliability(items.assign(i2=-items["i2"])).warnings[-1].startswith("alpha is negative")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"a": [1, 2, 3, 4]}, "at least two items"),
        ({"a": [1, 2, 3, 4], "b": [3, 3, 3, 3]}, "same answer to b"),
        ({"a": [1, 2, np.nan, np.nan], "b": [2, 1, 3, 4]}, "only 2 of 4 rows"),
        ({"a": [], "b": []}, "only 0 of 0 rows"),
    ],
)
def test_what_cannot_be_a_scale_is_refused(items, message):
    with pytest.raises(PsychometricsError, match=message):
        reliability(pd.DataFrame(items, dtype=float))


def test_pairs_never_answered_together_are_refused():
    items = pd.DataFrame({"a": [1, 2, 4, None, None, None], "b": [None, None, None, 1, 2, 4], "c": range(6)})
    with pytest.raises(PsychometricsError, match="never answered together"):
        reliability(items.astype(float), missing="pairwise")


def answers(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(40, 1)) + rng.normal(size=(40, 5)), columns=list("abcde"))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000).map(answers),
    st.permutations(list("abcde")),
    st.floats(-50, 50),
    st.floats(0.01, 100),
)
def test_alpha_does_not_depend_on_order_shift_or_unit(items, order, shift, unit):
    original = reliability(items)
    moved = reliability(items[list(order)] * unit + shift)
    assert moved.est == pytest.approx(original.est, abs=1e-9)
    pd.testing.assert_series_equal(
        moved.items.frame["item_rest"].sort_index(), original.items.frame["item_rest"], atol=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 0.95), st.integers(10, 500), st.integers(2, 20))
def test_the_interval_holds_alpha_and_narrows_with_confidence(alpha, n, k):
    wide, narrow = feldt_interval(alpha, n, k, 0.95), feldt_interval(alpha, n, k, 0.80)
    assert wide[0] < narrow[0] < alpha < narrow[1] < wide[1] < 1
