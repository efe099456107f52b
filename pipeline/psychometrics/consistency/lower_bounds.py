"""Guttman's lower bounds of reliability and ten Berge's series.

The validate stage prints them beside alpha and omega.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.consistency.scale_covariance import Floats, scale_covariance
from pipeline.psychometrics.consistency.split_half import split_half
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LowerBounds:
    """`frame`: coefficient (lambda1 ... lambda6, mu0 ... mu3), est. lambda3 and mu0 are alpha."""

    frame: pd.DataFrame
    k: int
    n: int
    standardized: bool

    def __getitem__(self, coefficient: str) -> float:
        """The value of one coefficient."""
        return float(self.frame.set_index("coefficient")["est"].loc[coefficient])


def guttman(
    items: pd.DataFrame,
    *,
    standardized: bool = False,
    missing: Missing = "complete",
    most_splits: int = 10_000,
    seed: int = 1,
) -> LowerBounds:
    """Guttman (1945), lambda 1 to 6; ten Berge & Zegers (1978), mu 0 to 3.

    lambda1 = 1 - tr S / V, V the sum of S; lambda2 adds sqrt(k / (k - 1) sum of squared covariances) / V;
    lambda3 = k / (k - 1) lambda1; lambda4 is the best split half (`split_half`, with `most_splits` and
    `seed`); lambda5 adds 2 sqrt(largest column sum of squared covariances) / V; lambda6 = 1 - sum of residual
    variances of each item on the others / V. `standardized` uses correlations.
    """
    import pandas as pd

    found = scale_covariance(items, missing, standardized=standardized)
    cov, total, k = found.values, float(found.values.sum()), len(found.values)
    apart = cov - np.diag(np.diag(cov))
    first = 1 - float(np.trace(cov)) / total
    best = split_half(items, standardized=standardized, missing=missing, most=most_splits, seed=seed).largest
    values = {
        "lambda1": first,
        "lambda2": first + float(np.sqrt(k / (k - 1) * np.sum(apart**2))) / total,
        "lambda3": k / (k - 1) * first,
        "lambda4": best,
        "lambda5": first + 2 * float(np.sqrt(np.sum(apart**2, axis=0).max())) / total,
        "lambda6": 1 - float(np.sum(1 / np.diag(np.linalg.inv(cov)))) / total,
    }
    values |= {f"mu{r}": _ten_berge(apart, total, r) for r in range(4)}
    frame = pd.DataFrame({"coefficient": list(values), "est": list(values.values())})
    return LowerBounds(frame, k, found.n, standardized)


def _ten_berge(apart: Floats, total: float, steps: int) -> float:
    """(p_0 + (p_1 + ... (p_r)^1/2 ...)^1/2) / V.

    p_h is the sum of the covariances to the power 2^h, the last times k / (k - 1).
    """
    k = len(apart)
    powers = [float(np.sum(apart ** (2**h))) for h in range(steps + 1)]
    powers[-1] *= k / (k - 1)
    inner = 0.0
    for power in reversed(powers[1:]):
        inner = np.sqrt(power + inner)
    return float((powers[0] + inner) / total)
