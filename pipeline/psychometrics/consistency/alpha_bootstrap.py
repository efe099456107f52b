"""Bootstrap interval of alpha, which needs no normal answers.

The validate stage prints it beside Feldt's interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.moments import covariances
from pipeline.psychometrics.reliability import alpha_of
from pipeline.psychometrics.resampling import resampled_counts

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Kind = Literal["percentile", "bca"]


@dataclass(frozen=True)
class AlphaBootstrap:
    """Alpha with its bootstrap interval; `draws` that have a value, `values` one by one."""

    est: float
    se: float
    ci_lower: float
    ci_upper: float
    kind: Kind
    confidence: float
    n: int
    seed: int
    values: Floats

    @property
    def frame(self) -> pd.DataFrame:
        """One row: est, se, ci_lower, ci_upper, kind, draws, n."""
        import pandas as pd

        row = {name: getattr(self, name) for name in ("est", "se", "ci_lower", "ci_upper", "kind", "n")}
        return pd.DataFrame([row | {"draws": len(self.values)}])


def alpha_interval(
    items: pd.DataFrame,
    draws: int = 5000,
    *,
    kind: Kind = "percentile",
    confidence: float = 0.95,
    seed: int = 1,
) -> AlphaBootstrap:
    """Resample complete rows (Efron & Tibshirani, 1993): percentiles of type 7, or BCa (jackknife).

    Rows are resampled by counts, so that the item variances of all resamples come from one matrix product.
    """
    if kind not in ("percentile", "bca"):
        raise PsychometricsError(f"kind is 'percentile' or 'bca', not '{kind}'")
    cov, n = covariances(items, "complete")
    est = alpha_of(cov)
    answers = items.dropna().to_numpy(float)
    parts = _sums(answers - answers.mean(axis=0))
    values = np.concatenate([_alphas(counts, parts) for counts in resampled_counts(n, draws, seed)])
    values = values[np.isfinite(values)]
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if kind == "bca":
        tails = _corrected(tails, values, est, _alphas(1.0 - np.eye(n), parts))
    lower, upper = np.quantile(values, tails)
    return AlphaBootstrap(
        est, float(values.std(ddof=1)), float(lower), float(upper), kind, confidence, n, seed, values
    )


def _sums(centred: Floats) -> Floats:
    """Columns whose weighted sums give the variances of items and of their sum."""
    total = centred.sum(axis=1, keepdims=True)
    return np.hstack([centred, total, centred**2, total**2])


def _alphas(counts: Floats, parts: Floats) -> Floats:
    """Alpha of each row of counts; the divisor of the variances cancels."""
    k = parts.shape[1] // 2 - 1
    means = counts @ parts / counts.sum(axis=1, keepdims=True)
    variances = means[:, k + 1 :] - means[:, : k + 1] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(k / (k - 1) * (1 - variances[:, :k].sum(axis=1) / variances[:, k]))


def _corrected(tails: Floats, values: Floats, est: float, jackknife: Floats) -> Floats:
    """Shares of the BCa interval (Efron, 1987)."""
    from scipy.stats import norm

    influence = jackknife.mean() - jackknife
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    shift = norm.ppf(np.mean(values < est)) + norm.ppf(tails)
    return np.asarray(norm.cdf(norm.ppf(np.mean(values < est)) + shift / (1 - acceleration * shift)))
