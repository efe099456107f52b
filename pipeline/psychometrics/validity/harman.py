"""Harman's single-factor test of common method variance.

The validate stage prints it as the weak test that it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.exploratory.correlation_matrix import correlation_matrix
from pipeline.psychometrics.exploratory.extraction import extract
from pipeline.psychometrics.exploratory.scree import eigenvalues
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Harman:
    """Share of all items' variance in one component and in one minimum residual factor.

    A share below one half does not show that there is no common method variance, and one above it does not
    show that there is (Podsakoff, MacKenzie, Lee & Podsakoff, 2003).
    """

    first_component: float
    first_factor: float
    components_above_one: int
    n: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row with every value."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def harman(items: pd.DataFrame, n: int | None = None, missing: Missing = "complete") -> Harman:
    """Largest eigenvalue / p, and sum of squared loadings of one minres factor / p (Harman, 1976).

    Items of all scales together. Given `n`, `items` is a correlation matrix.
    """
    found = correlation_matrix(items, n, missing)
    values, p = eigenvalues(found.values), len(found.names)
    loads = extract(found.values, 1).loadings
    return Harman(float(values[0] / p), float(np.sum(loads**2) / p), int((values > 1).sum()), found.n)
