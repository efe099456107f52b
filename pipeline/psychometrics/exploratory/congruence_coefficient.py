"""How alike two factor solutions are: Tucker's congruence coefficient.

The validate stage calls it with a published solution beside the study's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Congruence:
    """`frame`: coefficients, factors of one solution by those of the other.

    `matched`: factor, published, phi; each factor with the published one that it resembles most, over all
    pairs at once, signs aside.
    """

    frame: pd.DataFrame
    matched: pd.DataFrame


def congruence(loadings: pd.DataFrame, published: pd.DataFrame) -> Congruence:
    """Sum of products over the root of the products of sums of squares (Tucker, 1951).

    Items are matched by name. .85 to .94 is fair similarity, .95 the same factor (Lorenzo-Seva & ten Berge,
    2006).
    """
    import pandas as pd
    from scipy.optimize import linear_sum_assignment

    shared = [name for name in loadings.index if name in published.index]
    if len(shared) < 2:
        raise PsychometricsError(
            f"the two solutions share {len(shared)} items: at least 2 with the same names are needed"
        )
    ours, theirs = loadings.loc[shared].to_numpy(float), published.loc[shared].to_numpy(float)
    lengths = np.outer(np.sqrt(np.sum(ours**2, axis=0)), np.sqrt(np.sum(theirs**2, axis=0)))
    if lengths.min() <= 0:
        raise PsychometricsError("a factor has only zero loadings: its congruence is undefined")
    values = ours.T @ theirs / lengths
    frame = pd.DataFrame(values, index=list(loadings.columns), columns=list(published.columns))
    rows, columns = linear_sum_assignment(-np.abs(values))
    matched = pd.DataFrame(
        {"factor": frame.index[rows], "published": frame.columns[columns], "phi": values[rows, columns]}
    )
    return Congruence(frame, matched)
