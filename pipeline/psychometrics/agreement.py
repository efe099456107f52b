"""How much of a score lies between clusters: ICC(1) and ICC(2).

`stages/validate` calls `intraclass` for each scale and each level above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Intraclass:
    """One-way analysis of variance of a score over clusters.

    `icc1` and `icc2` use the mean cluster size, as Bliese's R package multilevel does; `icc1_n0` and
    `icc2_n0` use Bartko's (1976) n0 = (N - sum of n_j^2 / N) / (J - 1), which differs when clusters are
    unequal (ICC(2) does not depend on it). A negative value is not set to zero.
    """

    icc1: float
    icc2: float
    icc1_n0: float
    n: int
    clusters: int
    mean_size: float
    n0: float
    msb: float
    msw: float
    F: float
    df_between: int
    df_within: int
    p: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row with every value."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def intraclass(scores: pd.Series, clusters: pd.Series) -> Intraclass:
    """ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW), ICC(2) = (MSB - MSW) / MSB (Bliese, 2000).

    F = MSB / MSW on J - 1 and N - J degrees of freedom. Rows without a score or a cluster are left out.
    """
    import pandas as pd
    from scipy.stats import f

    known = scores.notna() & clusters.notna()
    values, codes = scores[known].to_numpy(float), pd.factorize(clusters[known])[0]
    sizes = np.bincount(codes) if len(codes) else np.array([0])
    n, units = len(values), len(sizes)
    _refuse(n, units, values)
    means = np.bincount(codes, weights=values) / sizes
    msb = float((sizes * (means - values.mean()) ** 2).sum() / (units - 1))
    msw = float(((values - means[codes]) ** 2).sum() / (n - units))
    if msw <= 0:
        raise PsychometricsError(
            "the score does not differ within any cluster: it belongs to the clusters' level"
        )
    size, n0 = n / units, float((n - (sizes**2).sum() / n) / (units - 1))
    return Intraclass(
        icc1=(msb - msw) / (msb + (size - 1) * msw),
        icc2=(msb - msw) / msb,
        icc1_n0=(msb - msw) / (msb + (n0 - 1) * msw),
        n=n,
        clusters=units,
        mean_size=size,
        n0=n0,
        msb=msb,
        msw=msw,
        F=msb / msw,
        df_between=units - 1,
        df_within=n - units,
        p=float(f.sf(msb / msw, units - 1, n - units)),
    )


def icc1(scores: pd.Series, clusters: pd.Series) -> float:
    """Share of the variance of a single answer that lies between clusters."""
    return intraclass(scores, clusters).icc1


def icc2(scores: pd.Series, clusters: pd.Series) -> float:
    """Reliability of the cluster means, at the mean cluster size."""
    return intraclass(scores, clusters).icc2


def _refuse(n: int, units: int, values: np.ndarray) -> None:
    if units < 2:
        raise PsychometricsError(f"{n} scores lie in {units if n else 0} clusters: at least 2 are needed")
    if n == units:
        raise PsychometricsError("every cluster has a single score: within and between cannot be told apart")
    if np.ptp(values) == 0:
        raise PsychometricsError("every score is the same")
