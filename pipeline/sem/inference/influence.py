"""How each row moves the sample moments, and through them the parameters and the test.

z_i = (y_i - ybar, vech[(y_i - ybar)(y_i - ybar)' - S]); Gamma is the mean of z z'. For maximum likelihood
V z of a row
is never built: z' V Delta are casewise products of factors of the derivatives, and z' V z a function of
P-distances.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.data.gamma import influence
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.estimate.weights import weigh
from pipeline.sem.inference.information import row_shares
from pipeline.sem.inference.saturated import gls_weights
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.traces import ordinal_meat


def moment_meat(solution: Solution, rows: Rows) -> Array:
    """Return Delta' V Gamma V Delta, groups weighted by their share."""
    if isinstance(solution.sample, OrdinalSample):
        return ordinal_meat(solution.state, solution.sample, solution.observed_scale)
    parts = []
    for g, share in enumerate(row_shares(solution)):
        scores = projected_influence(solution, g, rows)
        parts.append(share * scores.T @ scores / len(scores))
    return solution.problem.stack(parts)


def projected_influence(solution: Solution, g: int, rows: Rows) -> Array:
    """Return z_i' V Delta of every row of a group."""
    if isinstance(solution.problem.discrepancies[g], Quadratic) or solution.exogenous:
        delta = solution.state.deltas[g]
        return moment_influence(solution, g, rows) @ weigh(weights(solution, g), delta)
    values = rows.groups[g].values / solution.observed_scale
    lines = solution.state.lines[g]
    R = (values - values.mean(0)) @ np.linalg.inv(solution.state.implied[g].sigma)
    scores = (R @ lines.U) * (R @ lines.V) + R @ lines.D
    out: Array = scores - scores.mean(0)
    return out


def moment_influence(solution: Solution, g: int, rows: Rows) -> Array:
    """Return z_i of every row of a group, in the internal metric."""
    values = rows.groups[g].values / solution.observed_scale
    return influence(values, solution.table.meanstructure, solution.exogenous)


def weights(solution: Solution, g: int) -> Array:
    """Return V: for maximum likelihood the expected information at the implied moments."""
    discrepancy = solution.problem.discrepancies[g]
    if isinstance(discrepancy, Normal):
        return gls_weights(solution.state.implied[g].sigma, solution.table.meanstructure)
    assert isinstance(discrepancy, Quadratic)
    return discrepancy.V


def total_trace(solution: Solution, g: int, rows: Rows) -> float:
    """Return tr(V Gamma), the mean of z' V z.

    For maximum likelihood with r = y - ybar: [tr P S] + 1/2 { mean (r'Pr)^2 - tr(P S P S) }; the bracket
    with means.
    """
    if isinstance(solution.problem.discrepancies[g], Quadratic) or solution.exogenous:
        z = moment_influence(solution, g, rows)
        V = weights(solution, g)
        return float((z * weigh(V, z.T).T).sum() / len(z))
    values = rows.groups[g].values / solution.observed_scale
    centred = values - values.mean(0)
    P = np.linalg.inv(solution.state.implied[g].sigma)
    PS = P @ (centred.T @ centred / len(values))
    distance = ((centred @ P) * centred).sum(1)
    fourth = 0.5 * (float((distance**2).mean()) - float(np.trace(PS @ PS)))
    return fourth + (float(np.trace(PS)) if solution.table.meanstructure else 0.0)
