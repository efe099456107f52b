"""Intervals of ICC(1) and ICC(2).

The validate stage calls it on the result of `intraclass`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.agreement import Intraclass


@dataclass(frozen=True)
class IntraclassInterval:
    """ICC(1) and ICC(2) with their intervals."""

    icc1: float
    icc1_lower: float
    icc1_upper: float
    icc2: float
    icc2_lower: float
    icc2_upper: float
    confidence: float

    @property
    def frame(self) -> pd.DataFrame:
        """Two rows: coefficient, est, ci_lower, ci_upper."""
        import pandas as pd

        return pd.DataFrame(
            [
                ("ICC(1)", self.icc1, self.icc1_lower, self.icc1_upper),
                ("ICC(2)", self.icc2, self.icc2_lower, self.icc2_upper),
            ],
            columns=["coefficient", "est", "ci_lower", "ci_upper"],
        )


def intraclass_interval(found: Intraclass, confidence: float = 0.95) -> IntraclassInterval:
    """Exact intervals for equal groups (Shrout & Fleiss, 1979; McGraw & Wong, 1996, case 1).

    F over the upper and lower F quantiles gives the limits: (F - 1) / (F + k - 1) for ICC(1) and 1 - 1 / F
    for ICC(2). With unequal groups k is the mean size and the interval approximate.
    """
    from scipy.stats import f

    if not 0 < confidence < 1:
        raise PsychometricsError(f"confidence lies between 0 and 1, not {confidence:g}")
    reference, tail = f(found.df_between, found.df_within), (1 - confidence) / 2
    low, high = found.F / reference.ppf(1 - tail), found.F / reference.ppf(tail)
    size = found.mean_size
    return IntraclassInterval(
        icc1=found.icc1,
        icc1_lower=float((low - 1) / (low + size - 1)),
        icc1_upper=float((high - 1) / (high + size - 1)),
        icc2=found.icc2,
        icc2_lower=float(1 - 1 / low),
        icc2_upper=float(1 - 1 / high),
        confidence=confidence,
    )
