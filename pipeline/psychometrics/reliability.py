"""Internal consistency of a scale: coefficient alpha with its interval, and each item's part in it.

`stages/validate` calls `reliability` on the keyed items of one scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.items import ItemStatistics, item_statistics
from pipeline.psychometrics.moments import Missing, covariances, fewest_together

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.descriptives import Bounds


@dataclass(frozen=True)
class Reliability:
    """Alpha of one scale. `n` rows carry the coefficient, `n_interval` its interval."""

    coefficient: Literal["alpha"]
    est: float
    ci_lower: float
    ci_upper: float
    confidence: float
    k: int
    n: int
    n_interval: int
    missing: Missing
    items: ItemStatistics
    warnings: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row: coefficient, est, ci_lower, ci_upper, k, n."""
        import pandas as pd

        names = ("coefficient", "est", "ci_lower", "ci_upper", "k", "n")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def reliability(
    items: pd.DataFrame,
    confidence: float = 0.95,
    missing: Missing = "complete",
    bounds: Bounds | None = None,
    *,
    cautious: bool = False,
) -> Reliability:
    """Coefficient alpha (Cronbach, 1951) of keyed items, one column each.

    alpha = k / (k - 1) * (1 - sum of item variances / variance of the sum), from the covariance matrix of
    complete rows, or of pairwise complete ones. Interval: Feldt, Woodruff & Salih (1987), exact F
    distribution on n - 1 and (n - 1)(k - 1) degrees of freedom, n the rows used (complete rows, or rows with
    any answer, as psych counts them). `cautious` takes for n the rows that answered both items of the pair
    answered together least, because a row with few answers does not tell as much as a complete one. Floor and
    ceiling shares need `bounds`, the lowest and highest possible answer by item.
    """
    cov, n = covariances(items, missing)
    alpha = alpha_of(cov)
    rows = fewest_together(items) if cautious and missing == "pairwise" else n
    lower, upper = feldt_interval(alpha, rows, len(cov), confidence)
    statistics = item_statistics(items, missing, bounds)
    return Reliability(
        "alpha",
        alpha,
        lower,
        upper,
        confidence,
        len(cov),
        n,
        rows,
        missing,
        statistics,
        _warnings(alpha, statistics),
    )


def alpha_of(cov: np.ndarray) -> float:
    """Alpha of a covariance matrix."""
    k = len(cov)
    if k < 2:
        raise PsychometricsError("alpha needs at least two items")
    return float(k / (k - 1) * (1 - np.trace(cov) / cov.sum()))


def feldt_interval(alpha: float, n: int, k: int, confidence: float) -> tuple[float, float]:
    """Interval of alpha: 1 - (1 - alpha) F at the upper and lower tail."""
    from scipy.stats import f

    reference, tail = f(n - 1, (n - 1) * (k - 1)), (1 - confidence) / 2
    return float(1 - (1 - alpha) * reference.ppf(1 - tail)), float(1 - (1 - alpha) * reference.ppf(tail))


def _warnings(alpha: float, statistics: ItemStatistics) -> tuple[str, ...]:
    against = [str(name) for name, r in statistics.frame["item_rest"].items() if r < 0]
    told = [
        f"item {name} runs against the other items (item-rest correlation below zero): look whether its key "
        f"is turned round"
        for name in against
    ]
    if alpha < 0:
        told.append("alpha is negative: the items do not measure one thing in one direction; check the keys")
    return tuple(told)
