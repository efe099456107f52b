"""Difference test of nested two-level models, scaled where the fits are (Satorra & Bentler, 2001)."""

from __future__ import annotations

from pipeline.sem.errors import ModelError
from pipeline.sem.inference.comparison import Comparison
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.measures import Tested2


def compare_solutions(a: tuple[Solution2, Tested2], b: tuple[Solution2, Tested2]) -> Comparison:
    """Test whether the more restricted of two nested models fits worse."""
    wide, narrow = (a, b) if a[1].df <= b[1].df else (b, a)
    _check(wide[0], narrow[0])
    raw, df = narrow[1].statistic - wide[1].statistic, narrow[1].df - wide[1].df
    if (wide[1].scaled is None) != (narrow[1].scaled is None):
        raise ModelError("the models were fitted by different estimators; refit one of them")
    if wide[1].scaled is None or narrow[1].scaled is None:
        return Comparison("standard", raw, df, 1.0)
    c_wide = wide[1].scaled.factor if wide[1].df else 1.0
    scaling = (narrow[1].df * narrow[1].scaled.factor - wide[1].df * c_wide) / df
    if scaling <= 0:
        raise ModelError(f"the scaling factor of the difference is {scaling:.4g}, not positive; use ML")
    return Comparison("satorra.bentler.2001", raw / scaling, df, scaling)


def _check(wide: Solution2, narrow: Solution2) -> None:
    same = set(wide.table.joint) == set(narrow.table.joint) and set(wide.table.both) == set(narrow.table.both)
    if wide.sample.total != narrow.sample.total or not same:
        raise ModelError("the models were fitted to different rows or variables; a test needs the same data")
    if wide.df == narrow.df:
        raise ModelError("the models have the same degrees of freedom: neither is nested in the other")
