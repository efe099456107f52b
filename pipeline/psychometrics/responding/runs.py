"""Runs of the same answer, and how much a person's answers vary.

`careless` calls them; they take answers as given, before any item is reversed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def longstring(items: pd.DataFrame) -> pd.Series[float]:
    """The longest run of the same answer in the order of the columns (Johnson, 2005); a gap ends a run."""
    import pandas as pd

    longest, _ = _runs(items.to_numpy(float))
    return pd.Series(longest, items.index, name="longstring")


def average_string(items: pd.DataFrame) -> pd.Series[float]:
    """The mean length of the runs (Curran, 2016); a gap ends a run."""
    import pandas as pd

    answers = items.to_numpy(float)
    _, runs = _runs(answers)
    with np.errstate(invalid="ignore"):
        means = np.isfinite(answers).sum(axis=1) / runs
    return pd.Series(means, items.index, name="average_string")


def irv(items: pd.DataFrame) -> pd.Series[float]:
    """Intra-individual response variability: the standard deviation (n - 1) of a row (Dunn et al., 2018)."""
    return items.astype(float).std(axis="columns", ddof=1).rename("irv")


def _runs(answers: Floats) -> tuple[Floats, Floats]:
    """Longest run and number of runs of each row."""
    current, longest, runs = (np.zeros(len(answers)) for _ in range(3))
    before = np.full(len(answers), np.nan)
    for column in answers.T:
        known, same = np.isfinite(column), column == before
        current = np.where(known, np.where(same, current + 1, 1), 0)
        longest = np.maximum(longest, current)
        runs += known & ~same
        before = column
    return longest, runs
