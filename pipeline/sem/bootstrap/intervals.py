"""Intervals from bootstrap draws: percentile, bias-corrected, and bias-corrected and accelerated.

Quantiles are of type 7 (Hyndman & Fan, 1996). BC and BCa: Efron (1987); the acceleration is the jackknife's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array

KINDS = ("percentile", "bc", "bca")
USABLE = 0.9


@dataclass(frozen=True)
class Interval:
    """An interval for one quantity; where it is withheld, both ends are NaN and `reason` says why."""

    name: str
    kind: str
    level: float
    estimate: float
    se: float
    lower: float
    upper: float
    usable: int
    draws: int
    reason: str = ""

    @property
    def withheld(self) -> bool:
        """Whether no interval is given."""
        return bool(self.reason)


def ends(draws: Array, estimate: float, kind: str, level: float, jackknife: Array | None = None) -> Array:
    """Return lower and upper end.

    With z0 = Phi^-1(share of draws below the estimate) and acceleration a, the quantile at alpha becomes the
    one at Phi(z0 + (z0 + z_alpha) / (1 - a (z0 + z_alpha))); BC has a = 0, percentile z0 = a = 0.
    """
    from scipy.special import ndtr, ndtri

    alpha = np.array([(1 - level) / 2, (1 + level) / 2])
    if kind != "percentile":
        z0 = bias(draws, estimate)
        z = z0 + ndtri(alpha)
        a = 0.0 if jackknife is None else acceleration(jackknife)
        alpha = ndtr(z0 + z / (1 - a * z))
    return np.asarray(np.quantile(draws, alpha, method="linear"))


def bias(draws: Array, estimate: float) -> float:
    """Return z0, the normal quantile of the share of draws below the estimate."""
    from scipy.special import ndtri

    return float(ndtri(np.mean(draws < estimate)))


def acceleration(jackknife: Array) -> float:
    """Return sum u^3 / (6 (sum u^2)^1.5), u = mean of the leave-one-out values less each of them."""
    u = jackknife.mean() - jackknife
    spread = float((u**2).sum())
    return float((u**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


def withheld(draws: Array, estimate: float, kind: str, jackknife: Array | None) -> str:
    """Say why an interval cannot be given; draws that are not finite are not usable."""
    usable = int(np.isfinite(draws).sum())
    if usable < USABLE * len(draws) or usable < 2:
        return (
            f"only {usable} of {len(draws)} draws are usable, fewer than {USABLE:.0%}: the model is too "
            "large for so few units, or not defined in many resamples"
        )
    if kind != "percentile" and not np.isfinite(bias(draws[np.isfinite(draws)], estimate)):
        return "all draws lie on one side of the estimate, so its bias cannot be corrected"
    if jackknife is not None and not np.isfinite(jackknife).all():
        lost = int((~np.isfinite(jackknife)).sum())
        return f"{lost} of {len(jackknife)} leave-one-out fits did not converge, so there is no acceleration"
    return ""
