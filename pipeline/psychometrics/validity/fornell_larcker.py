"""Fornell and Larcker's criterion: does a factor explain its items better than another factor does?

The validate stage calls it beside HTMT, which finds more overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.validity.extracted import Convergent


@dataclass(frozen=True)
class FornellLarcker:
    """`frame`: factor, with, r2, ave_factor, ave_with, holds; `matrix`: sqrt(AVE) among the correlations."""

    frame: pd.DataFrame
    matrix: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether every pair of factors passes."""
        return bool(self.frame["holds"].all())


def fornell_larcker(extracted: Convergent, correlations: pd.DataFrame) -> FornellLarcker:
    """The AVE of both factors exceeds their squared correlation (Fornell & Larcker, 1981)."""
    import pandas as pd

    shares = extracted.frame["ave"]
    names = list(shares.index)
    absent = [name for name in names if name not in correlations.index or name not in correlations.columns]
    if absent:
        raise PsychometricsError(f"the factor correlations have no factor {', '.join(absent)}")
    matrix = correlations.loc[names, names].astype(float).copy()
    rows = []
    for one, other in combinations(names, 2):
        r2 = float(matrix.loc[one, other]) ** 2
        rows.append((one, other, r2, shares[one], shares[other], bool(r2 < min(shares[one], shares[other]))))
    values = matrix.to_numpy(copy=True)
    np.fill_diagonal(values, np.sqrt(shares.to_numpy(float)))
    columns = ["factor", "with", "r2", "ave_factor", "ave_with", "holds"]
    return FornellLarcker(pd.DataFrame(rows, columns=columns), pd.DataFrame(values, names, names))
