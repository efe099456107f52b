"""Monte Carlo interval: normal draws of the estimates (MacKinnon, Lockwood & Williams, 2004)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.intervals import Interval, ends, withheld
from pipeline.sem.bootstrap.values import Values

if TYPE_CHECKING:
    from pipeline.sem.result import Fit


def monte_carlo(fit: Fit, name: str, draws: int = 20_000, seed: int = 1, level: float = 0.95) -> Interval:
    """Return the percentile interval of a quantity (named as for the bootstrap) over such draws."""
    theta = normal_draws(fit.theta, fit.vcov.to_numpy(), draws, seed)
    values = Values.of_sample(fit.solution, theta * fit.solution.factor).of(name)
    estimate = float(Values.of_sample(fit.solution).of(name)[0])
    usable = values[np.isfinite(values)]
    reason = withheld(values, estimate, "percentile", None)
    lower, upper = (np.nan, np.nan) if reason else ends(usable, estimate, "percentile", level)
    se = float(usable.std(ddof=1)) if len(usable) > 1 else np.nan
    return Interval(
        name, "monte carlo", level, estimate, se, float(lower), float(upper), len(usable), draws, reason
    )


def normal_draws(mean: Array, covariance: Array, draws: int, seed: int) -> Array:
    """Draw from a normal distribution whose covariance matrix may be singular (tied parameters)."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    standard = np.random.default_rng(seed).standard_normal((draws, len(mean)))
    return np.asarray(mean + standard @ root.T)
