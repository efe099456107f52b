"""Bootstrap p-value of the chi-square test (Bollen & Stine, 1992).

Rows are moved to where the model holds, Z = (Y - ybar) S^-1/2 Sigma^1/2 + mu; the p-value is the share of
their resamples whose chi-square exceeds the sample's. Symmetric roots depend on the units of the variables:
here they are taken at unit variances (lavaan takes them in the units of the data).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant
from pipeline.sem.bootstrap.moments import Batch
from pipeline.sem.bootstrap.resampling import Resampling
from pipeline.sem.bootstrap.units import Units
from pipeline.sem.data import Rows
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.solve import Solution

if TYPE_CHECKING:
    from pipeline.sem.result import Fit


@dataclass(frozen=True)
class BollenStine:
    """The p-value with the chi-squares (NaN where a resample failed) that it is the share of."""

    pvalue: float
    statistic: float
    draws: Array
    failed: int


def bollen_stine(fit: Fit, draws: int = 1000, seed: int = 1, indices: Any = None) -> BollenStine:
    """Return the bootstrap p-value of a model fitted by maximum likelihood to complete rows."""
    moved = _moved(fit.solution, fit.rows_needed("the Bollen-Stine bootstrap"))
    resampling = Resampling(fit.solution, fit.method, moved, Units.of(moved, None))
    if not resampling.batched or not all(group.complete for group in fit.solution.sample.groups):
        raise ModelError(
            "the Bollen-Stine bootstrap is for maximum likelihood with complete rows and linear constraints"
        )
    units = resampling.units
    counts = units.drawn(draws, seed) if indices is None else units.given(units.check(indices))
    statistics = np.concatenate([_chi_squares(resampling, part) for part in counts])
    observed, used = fit.measures["chisq"], statistics[np.isfinite(statistics)]
    pvalue = float(np.mean(used > observed)) if len(used) else np.nan
    return BollenStine(pvalue, observed, statistics, len(statistics) - len(used))


def _chi_squares(resampling: Resampling, counts: Array) -> Array:
    batch = resampling.source.batch(counts)
    refits = resampling.refitter(batch)
    statistic = 2 * resampling.solution.sample.size * (refits.value - _saturated(batch))
    return np.where(refits.converged, statistic, np.nan)


def _saturated(batch: Batch) -> Array:
    """F of the saturated model: (ln|S| + p) / 2, groups by their share."""
    parts = [group.patterns[0].covariance for group in batch.groups]
    values = [0.5 * (inverse_and_log_determinant(S)[1] + S.shape[1]) for S in parts]
    return np.asarray((batch.shares * np.column_stack(values)).sum(1))


def _moved(solution: Solution, rows: Rows) -> Rows:
    """Move the rows of every group to moments that satisfy the model."""
    groups = []
    for g, group in enumerate(rows.groups):
        scale, implied = solution.observed_scale, solution.state.implied[g]
        mean, S = solution.sample.means[g], solution.sample.covariances[g] / np.outer(scale, scale)
        centre = implied.mu * scale if solution.table.meanstructure else mean
        turn = _power(S, -0.5) @ _power(implied.sigma, 0.5)
        groups.append(replace(group, values=((group.values - mean) / scale) @ turn * scale + centre))
    return replace(rows, groups=tuple(groups))


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)
