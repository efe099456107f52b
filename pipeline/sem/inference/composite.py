"""Reliability of a unit-weighted sum of a factor's indicators: coefficient omega (McDonald, 1999, eq. 6.20b).

omega = (sum of loadings)^2 var(factor) / var(sum). The variance of the sum is the model's, or the sample's.
Where all indicators are ordered, the sum is that of their categories (Green & Yang, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.ordinal.omega import categorical_omega, factor_shares
from pipeline.sem.ordinal.problem import OrdinalState


@dataclass(frozen=True)
class Composite:
    """Omega of one factor in one group, by the model's and by the sample's variance of the sum."""

    factor: str
    group: str
    omega: float
    omega_observed: float


def composites(solution: Solution) -> list[Composite]:
    """Return omega for every factor with observed indicators."""
    table, p = solution.table, len(solution.table.observed)
    scale = solution.observed_scale
    out = []
    for g, label in enumerate(table.groups):
        implied, B = solution.state.implied[g], solution.state.matrices(g)[0]
        for f, factor in enumerate(table.latent, start=p):
            items = np.flatnonzero(B[:p, f])
            if not len(items):
                continue
            if _all_ordered(solution, items):
                out.append(_of_categories(solution, g, f, items))
                continue
            loads = float(B[items, f] @ scale[items])
            true = loads**2 * float(implied.E[f, f])
            total = float(scale[items] @ implied.sigma[np.ix_(items, items)] @ scale[items])
            observed = float(solution.sample.covariances[g][np.ix_(items, items)].sum())
            out.append(Composite(factor, label, true / total, true / observed))
    return out


def _all_ordered(solution: Solution, items: Array) -> bool:
    return {solution.table.observed[at] for at in items} <= set(solution.table.ordered)


def _of_categories(solution: Solution, g: int, f: int, items: Array) -> Composite:
    """Return omega of a sum of categories; the observed variance takes the sample's polychorics."""
    state, table = solution.state, solution.table
    assert isinstance(state, OrdinalState)
    thresholds, true, total = factor_shares(state, g, f, items)
    S = solution.sample.covariances[g][np.ix_(items, items)]
    deviation = np.sqrt(np.diag(S))
    return Composite(
        table.latent[f - len(table.observed)],
        table.groups[g],
        categorical_omega(thresholds, true, total),
        categorical_omega(thresholds, true, S / np.outer(deviation, deviation)),
    )
