"""Bootstrap interval of omega total.

The validate stage is to print it with the headline coefficient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.consistency.omega import omega_total
from pipeline.psychometrics.exploratory.one_factor import one_factor_loadings
from pipeline.psychometrics.resampling import resampled_covariances

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OmegaBootstrap:
    """Omega total with its bootstrap interval; `values` one by one."""

    est: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence: float
    n: int
    seed: int
    values: Floats

    @property
    def frame(self) -> pd.DataFrame:
        """One row: est, se, ci_lower, ci_upper, draws, n."""
        import pandas as pd

        row = {name: getattr(self, name) for name in ("est", "se", "ci_lower", "ci_upper", "n")}
        return pd.DataFrame([row | {"draws": len(self.values)}])


def omega_interval(
    items: pd.DataFrame, draws: int = 2000, *, confidence: float = 0.95, seed: int = 1
) -> OmegaBootstrap:
    """Percentiles (type 7) of `omega_total` over resampled complete rows (Kelley & Pornprasertmanit, 2016).

    One minimum residual factor of every resample, all at once.
    """
    found = omega_total(items)
    answers = items.dropna().to_numpy(float)
    values = np.concatenate([_omegas(covs) for covs in resampled_covariances(answers, draws, seed)])
    values = values[np.isfinite(values)]
    lower, upper = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return OmegaBootstrap(
        found.est, float(values.std(ddof=1)), float(lower), float(upper), confidence, found.n, seed, values
    )


def _omegas(covs: Floats) -> Floats:
    """Omega of each resample; undefined where an item does not vary or is a sum of the others."""
    spread = np.sqrt(np.diagonal(covs, axis1=1, axis2=2))
    values = np.full(len(covs), np.nan)
    varied = spread.min(axis=1) > 0
    r = covs[varied] / (spread[varied, :, None] * spread[varied, None, :])
    proper = np.linalg.eigvalsh(r)[:, 0] > 1e-10
    loads = one_factor_loadings(r[proper])
    common = loads.sum(axis=1) ** 2
    values[np.flatnonzero(varied)[proper]] = common / (common + np.sum(1 - loads**2, axis=1))
    return values
