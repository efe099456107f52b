"""Reliability of a unit-weighted sum of a factor's indicators: coefficient omega (McDonald, 1999, eq. 6.20b).

omega = (sum of loadings)^2 var(factor) / var(sum). The variance of the sum is the model's, or the sample's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.estimate.solve import Solution


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
            loads = float(B[items, f] @ scale[items])
            true = loads**2 * float(implied.E[f, f])
            total = float(scale[items] @ implied.sigma[np.ix_(items, items)] @ scale[items])
            observed = float(solution.sample.covariances[g][np.ix_(items, items)].sum())
            out.append(Composite(factor, label, true / total, true / observed))
    return out
