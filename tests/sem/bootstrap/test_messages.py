"""What the bootstrap says when it is asked for something it cannot do."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem
from pipeline.sem.bootstrap.intervals import acceleration, ends, withheld
from sem.references import frame

from . import cases

ROWS = np.zeros((2, 301), dtype=int)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 0}, "at least one resample"),
        ({"indices": np.zeros((2, 301))}, "table of integers"),
        ({"indices": ROWS - 1}, "between 0 and 300"),
        ({"indices": ROWS + 301}, "subtract 1 if they were made by R"),
        ({"unit": "no such column"}, "no column 'no such column'"),
        ({"unit": np.zeros(301)}, "nothing to resample"),
        ({"unit": np.where(np.arange(301) < 3, np.nan, 1.0)}, r"3 row\(s\) have no unit"),
    ],
)
def test_impossible_requests(options, message):
    with pytest.raises(ValueError, match=message):
        cases.factors().bootstrap(**options)


def test_moments_are_not_enough():
    data = sem.Moments.of(frame("HolzingerSwineford1939.csv"), [f"x{i}" for i in range(1, 10)])
    with pytest.raises(sem.DataError, match="bootstrap needs the rows"):
        sem.fit(cases.CFA, data).bootstrap()


def test_groups_need_a_table_each():
    with pytest.raises(sem.DataError, match="each of 2 groups"):
        cases.schools().bootstrap(indices=[ROWS])


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nonsense here", "percentile", "not a parameter of this model"),
        ("std_x:visual~~speed", "percentile", "std_all, std_lv"),
        ("visual~~speed", "normal", "percentile, bc, bca"),
    ],
)
def test_unknown_quantities_and_kinds(name, kind, message):
    with pytest.raises(sem.ModelError, match=message):
        cases.factors().bootstrap(draws=3).interval(name, kind)


def test_withheld_intervals_say_why():
    draws = np.linspace(1, 2, 100)
    assert "one side" in withheld(draws, 3.0, "bc", None)
    assert "leave-one-out" in withheld(draws, 1.5, "bca", np.array([1.0, np.nan]))
    assert withheld(draws, 1.5, "percentile", None) == ""


def test_no_acceleration_without_spread():
    assert acceleration(np.ones(5)) == 0.0
    np.testing.assert_allclose(ends(np.arange(101.0), 50.5, "percentile", 0.9), [5.0, 95.0])
