"""Fit measures of a two-level model, under lavaan's names; N is the number of people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, vech
from pipeline.sem.inference.scaling import ScaledTest
from pipeline.sem.measures import likelihood
from pipeline.sem.measures.collect import Corrected, approximation, incremental_indices, tests_of
from pipeline.sem.options import Method
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.problem import State2


@dataclass(frozen=True)
class Tested2:
    """A chi-square of a two-level model."""

    statistic: float
    df: int
    scaled: ScaledTest | None


def all_measures(
    solution: Solution2,
    saturated: State2,
    *,
    model: Tested2,
    baseline: Tested2,
    method: Method,
    robust: Corrected | None,
) -> dict[str, float]:
    """Return every fit measure."""
    sample = solution.sample
    out: dict[str, float] = {"npar": solution.npar}
    out |= tests_of("", model, method) | tests_of("baseline.", baseline, method)
    out |= incremental_indices(model, baseline, robust)
    out |= {"logl": solution.logl, "unrestricted.logl": sample.loglik(saturated)}
    out |= likelihood.criteria(solution.logl, solution.npar, sample.total)
    out["ntotal"] = sample.total
    if model.scaled is not None and not math.isnan(model.scaled.factor_h1):
        out |= {"scaling.factor.h1": model.scaled.factor_h1, "scaling.factor.h0": model.scaled.factor_h0}
    out |= approximation(model, robust, float(sample.total), len(sample.likelihoods))
    within, between = (srmr(solution, saturated, level) for level in (0, 1))
    return out | {"srmr": within + between, "srmr_within": within, "srmr_between": between}


def srmr(solution: Solution2, saturated: State2, level: int) -> float:
    """Root mean square of the residual correlations of a level, over groups by their share of people."""
    values = []
    for b in range(level, len(saturated.implied), 2):
        scale = solution.scales[b][: solution.problem.blocks[b].p]
        unit = np.outer(scale, scale)
        values.append(
            residual_size(saturated.implied[b].sigma * unit, solution.state.implied[b].sigma * unit)
        )
    return float(np.array(values) @ solution.sample.shares)


def residual_size(S: Array, sigma: Array) -> float:
    """Return the root mean square of saturated less implied correlations, diagonal included (lavaan)."""
    residuals = vech(_correlations(S) - _correlations(_positive(sigma)))
    return float(np.sqrt(residuals @ residuals / len(residuals)))


def _correlations(S: Array) -> Array:
    deviations = np.sqrt(np.diag(S))
    out: Array = S / np.outer(deviations, deviations)
    return out


def _positive(sigma: Array) -> Array:
    """Return the matrix with small and negative eigenvalues raised to 1e-6 of the largest (lavaan)."""
    values, vectors = np.linalg.eigh(sigma)
    if values[0] >= 1e-6 * values[-1]:
        return sigma
    out: Array = (vectors * np.maximum(values, 1e-6 * values[-1])) @ vectors.T
    return out


def intraclass(saturated: State2, g: int, within: Sequence[str], between: Sequence[str]) -> dict[str, float]:
    """Return between / total variance of every variable of people, at the saturated moments."""
    own = dict(zip(within, np.diag(saturated.implied[2 * g].sigma).tolist(), strict=True))
    above = dict(zip(between, np.diag(saturated.implied[2 * g + 1].sigma).tolist(), strict=True))
    return {name: above.get(name, 0.0) / (above.get(name, 0.0) + own[name]) for name in own}
