"""Columns at rest take little memory and come back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exports.cells import packed
from pipeline.exports.frame import Folded, Frame, Held, hold, joined_texts

COLUMNS = st.one_of(
    st.lists(st.one_of(st.floats(), st.sampled_from([1.0, 2.0, float("nan")])), max_size=60).map(
        lambda cells: np.array(cells, "float64")
    ),
    st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b"])), max_size=60).map(
        lambda cells: np.array([*cells, None], dtype=object)[:-1]
    ),
)


@given(values=COLUMNS, repeated=st.booleans(), folded=st.booleans())
def test_a_column_comes_back_as_it_was(values: np.ndarray, repeated: bool, folded: bool) -> None:
    values = np.tile(values, 20) if repeated else values
    held = hold(values)
    column = Folded(held.is_text, lambda: held) if folded else held
    expected = pd.Series(values, dtype=values.dtype)
    pd.testing.assert_series_equal(pd.Series(column.rows(), dtype=values.dtype), expected)
    assert column.is_text is (values.dtype == object)
    assert column.answered() == int(expected.notna().sum())
    assert column.different(5) == expected.dropna().unique().tolist()[:5]
    some = np.arange(len(values)) % 3 == 1
    pd.testing.assert_series_equal(
        pd.Series(column.taken(some).rows(), dtype=values.dtype), expected[some].reset_index(drop=True)
    )


SMALL = {
    "answers": (np.tile([1.0, 2.0, 3.0, 4.0, 5.0], 2000), 1.1),
    "numbers that rarely recur": (np.arange(10_000) / 7, 8.1),
    "teams": (np.tile(np.array([f"T{i}" for i in range(100)], dtype=object), 100), 1.1),
}


@pytest.mark.parametrize(("values", "most"), SMALL.values(), ids=SMALL)
def test_columns_that_recur_take_a_byte_or_two_a_row(values: np.ndarray, most: float) -> None:
    column = hold(values)
    codes = column.codes.nbytes if column.codes is not None else 0
    assert (column.values.nbytes + codes) / len(values) <= most


@pytest.mark.parametrize("column", [hold(np.tile([1.0, 9.0], 50)), hold(np.array([9.0, 1.0, 9.0]))])
def test_values_that_mean_no_answer_are_taken_out_and_counted(column: Held) -> None:
    nines = column.rows() == 9.0
    left, counts = column.without(lambda values: values.eq(9.0).to_numpy())
    assert counts == {9.0: int(nines.sum())}
    assert np.isnan(left.rows()).tolist() == nines.tolist()
    assert left.without(lambda values: values.eq(9.0).to_numpy()) == (left, {})


@given(st.lists(st.lists(st.sampled_from(["", " ", "a", "b", "long\0text"]), min_size=1), max_size=5))
def test_stretches_of_text_are_joined_with_blanks_missing(pieces: list[list[str]]) -> None:
    cells = [cell if cell.strip() else None for piece in pieces for cell in piece]
    assert joined_texts([packed(piece) for piece in pieces]).rows().tolist() == cells


def test_text_in_several_arrays_is_chosen_from_each() -> None:
    column = joined_texts([pa.array([f"{start + i}" for i in range(9)]) for start in (0, 100, 200)])
    assert column.codes is None
    assert column.taken(np.arange(27) % 9 == 4).rows().tolist() == ["4", "104", "204"]


def test_a_folded_column_is_unfolded_when_it_is_taken_and_held_once_it_is_changed() -> None:
    asked: list[str] = []

    def unfold() -> Held:
        asked.append("a")
        return hold(np.array([1.0, 9.0, 2.0]))

    frame = Frame(pd.RangeIndex(1, 4), {"a": Folded(False, unfold)})
    some = frame.taken(np.array([False, True, True])).only(["a"])
    assert (asked, some.is_text("a")) == ([], False)
    assert (some["a"].tolist(), asked) == ([9.0, 2.0], ["a"])
    same, none = frame.held["a"].without(lambda values: values.eq(7.0).to_numpy())
    kept, counts = frame.held["a"].without(lambda values: values.eq(9.0).to_numpy())
    assert (same is frame.held["a"], none) == (True, {})
    assert (isinstance(kept, Held), counts) == (True, {9.0: 1})


def test_columns_are_replaced_in_place_and_chosen_in_order() -> None:
    frame = Frame.of(
        {"a": np.array([1.0, 2.0]), "b": np.array(["x", None], dtype=object)}, pd.RangeIndex(1, 3)
    )
    more = frame.having({"c": np.array([0.0, 1.0]), "a": np.array([5.0, 6.0])})
    assert (more.columns, list(more), len(more)) == (("a", "b", "c"), ["a", "b", "c"], 2)
    assert more.only(["c", "a"]).table().to_numpy().tolist() == [[0.0, 5.0], [1.0, 6.0]]
    assert frame["a"].tolist() == [1.0, 2.0]
