"""Root mean squares of residual thresholds and correlations (lavaan's lavResiduals for ordered items)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.weights import weigh
from pipeline.sem.ordinal.problem import OrdinalState
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.tables import pair_index

if TYPE_CHECKING:
    from pipeline.sem.estimate.solve import Solution


def ordinal_root_mean_squares(solution: Solution, g: int) -> dict[str, float]:
    """Return RMR, SRMR and CRMR; `_nomean` leaves thresholds out, and SRMR itself does.

    As in lavaan, variances count in the divisor of RMR and SRMR (covariates' too) but not in the sum.
    """
    own = ordinal_residuals(solution, g)
    levels = own.levels[own.cut]
    out = {}
    for name, residual, variances in (
        ("rmr", own.raw, len(solution.table.observed)),
        ("srmr_bentler", own.bentler, len(solution.table.observed)),
        ("crmr", own.bollen, 0),
    ):
        values = residual[pair_index(len(residual))]
        size = len(values) + variances
        out[name] = float(np.sqrt((values @ values + levels @ levels) / (size + len(levels))))
        out[f"{name}_nomean"] = float(np.sqrt(values @ values / size))
    return {"srmr": out["srmr_bentler_nomean"]} | out


@dataclass(frozen=True)
class OrdinalResiduals:
    """Residual thresholds and means (`cut`: which are thresholds), and covariances in three units."""

    levels: Array
    cut: Array
    raw: Array
    bentler: Array
    bollen: Array


def ordinal_residuals(solution: Solution, g: int) -> OrdinalResiduals:
    """Return the residuals of a group, given its covariates."""
    sample, state = solution.sample, solution.state
    assert isinstance(sample, OrdinalSample)
    assert isinstance(state, OrdinalState)
    part, own = sample.parts[g], state.responses[g]
    units = sample.units(solution.observed_scale)[: len(part.levels)]
    kinds, S = part.kinds, part.covariance
    place = [sample.variables.index(name) for name in kinds.variables]
    scale = solution.observed_scale[place] / own.spread
    V = own.E[np.ix_(own.shape.y, own.shape.y)] * np.outer(scale, scale)
    deviation, implied = np.sqrt(np.diag(S)), np.sqrt(np.diag(V))
    correlations = S / np.outer(deviation, deviation)
    return OrdinalResiduals(
        part.levels - own.stacked()[: len(units)] * units,
        kinds.level_step >= 0,
        S - V,
        correlations - V / np.outer(deviation, deviation),
        correlations - V / np.outer(implied, implied),
    )


def ordinal_residual_acov(solution: Solution, about: Array, g: int) -> Array:
    """Return Q Gamma Q' / N with Q = I - Delta E^-1 Delta' V, of all stacked moments of a group."""
    sample, state = solution.sample, solution.state
    assert isinstance(sample, OrdinalSample)
    discrepancy, delta = state.problem.discrepancies[g], state.deltas[g]
    assert isinstance(discrepancy, Quadratic)
    K = state.problem.reduction.K
    bread = K @ np.linalg.inv(K.T @ about @ K) @ K.T
    part = state.problem.layout.parts[g]
    share = sample.counts[g] / sample.total
    Q = np.eye(len(delta)) - share * delta @ bread[part, part] @ weigh(discrepancy.V, delta).T
    out: Array = Q @ sample.parts[g].gamma @ Q.T / sample.counts[g]
    return out
