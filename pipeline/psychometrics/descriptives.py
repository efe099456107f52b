"""Descriptive statistics of scores, and of each item of a scale.

`stages/validate` calls both; `reliability` builds on the item statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Descriptives:
    """One row a variable: n, missing, mean, sd (n - 1), min, max, skew, kurtosis.

    Skewness and excess kurtosis are the bias-adjusted G1 and G2 (Joanes & Gill, 1998; SPSS and SAS print
    these); where every answer is the same they are undefined.
    """

    frame: pd.DataFrame


def describe(scores: pd.DataFrame) -> Descriptives:
    """Describe each column; empty cells count as missing."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "n": scores.notna().sum(),
            "missing": scores.isna().sum(),
            "mean": scores.mean(),
            "sd": scores.std(ddof=1),
            "min": scores.min(),
            "max": scores.max(),
            "skew": scores.skew(),
            "kurtosis": scores.kurt(),
        }
    )
    frame.loc[frame["sd"] == 0, ["skew", "kurtosis"]] = np.nan
    return Descriptives(frame)


def extremes(items: pd.DataFrame, bounds: Bounds | None) -> pd.DataFrame:
    """Share of answers at the lowest (floor) and highest (ceiling) possible value.

    Without `bounds` the possible values are unknown and both shares are undefined.
    """
    import pandas as pd

    rows = {}
    for name in items.columns:
        answers, limits = items[name].dropna(), (bounds or {}).get(str(name))
        if limits is None or answers.empty:
            rows[name] = (np.nan, np.nan)
        else:
            rows[name] = (float((answers == limits[0]).mean()), float((answers == limits[1]).mean()))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["floor", "ceiling"])
