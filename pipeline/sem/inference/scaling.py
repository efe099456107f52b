"""Scaled test statistics by traces of U Gamma.

Satorra & Bentler (1994); Yuan & Bentler (2000); Asparouhov & Muthen (2010).

U = V - V Delta E^-1 Delta' V. Groups enter with their share f: V_g f_g and Gamma_g / f_g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.estimate.weights import weigh
from pipeline.sem.inference.influence import (
    moment_influence,
    moment_meat,
    projected_influence,
    total_trace,
    weights,
)
from pipeline.sem.inference.information import first_order, information, inverse, row_shares
from pipeline.sem.inference.saturated_test import SaturatedModel, saturated_trace
from pipeline.sem.options import Method
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.traces import ordinal_traces


@dataclass(frozen=True)
class ScaledTest:
    """A scaled chi-square. `shift` belongs to the scaled-shifted test, `trace` is tr(U Gamma)."""

    name: str
    statistic: float
    df: float
    factor: float
    trace: float
    shift: float = 0.0
    factor_h0: float = float("nan")
    factor_h1: float = float("nan")

    @property
    def pvalue(self) -> float:
        """Probability of a larger chi-square."""
        from scipy.special import chdtrc

        return float(chdtrc(self.df, self.statistic))


def scaled_test(
    solution: Solution, method: Method, shared: SaturatedModel | None, statistic: float
) -> ScaledTest:
    """Return the test that a method asks for; `shared` is the saturated model of the rows.

    Tests of normal theory need it; those of ordered answers rest on the tables of the sample.
    """
    if solution.df == 0:
        return ScaledTest(method.test, statistic, 0, float("nan"), float("nan"))
    if method.test == "yuan.bentler.mplus":
        return _yuan_bentler(solution, method, _needed(shared, method), statistic)
    df = float(solution.df)
    trace, squares = _traces(solution, method, shared)
    if method.test == "satorra.bentler":
        return ScaledTest(method.test, statistic * df / trace, df, trace / df, trace)
    if method.test == "mean.var.adjusted":
        adjusted = trace**2 / squares
        return ScaledTest(method.test, statistic * adjusted / trace, adjusted, trace / adjusted, trace)
    a = np.sqrt(df / squares)
    shift = df - a * trace
    return ScaledTest(method.test, statistic * a + shift, df, 1 / a, trace, shift)


def _traces(solution: Solution, method: Method, shared: SaturatedModel | None) -> tuple[float, float]:
    """Return tr(U Gamma) and, where the test needs it, tr((U Gamma)^2)."""
    if isinstance(solution.sample, OrdinalSample):
        rows = None if shared is None else shared.rows
        bread = inverse(solution, information(solution, method.information, rows))
        return ordinal_traces(solution.state, solution.sample, solution.observed_scale, bread)
    rows = _needed(shared, method).rows
    if method.test == "satorra.bentler":
        return _trace(solution, method, rows), float("nan")
    product = u_gamma(solution, method, rows)
    return float(np.trace(product)), float((product * product.T).sum())


def _needed(shared: SaturatedModel | None, method: Method) -> SaturatedModel:
    if shared is None:
        raise DataError(f"estimator '{method.name}' needs the rows of the data, not only their Moments")
    return shared


def _trace(solution: Solution, method: Method, rows: Rows) -> float:
    """tr(U Gamma) = sum tr(V Gamma) - tr(E^-1 Delta' V Gamma V Delta)."""
    bread = inverse(solution, information(solution, method.information, rows))
    whole = sum(total_trace(solution, g, rows) for g in range(len(rows.groups)))
    return whole - float((bread * moment_meat(solution, rows)).sum())


def u_gamma(solution: Solution, method: Method, rows: Rows) -> Array:
    """Return a matrix with the traces of U Gamma: over moments, or over rows where these are fewer."""
    bread = inverse(solution, information(solution, method.information, rows))
    shares = row_shares(solution)
    few = rows.count < sum(len(d) for d in (_delta(solution, g) for g in range(len(shares))))
    return _by_rows(solution, rows, bread, shares) if few else _by_moments(solution, rows, bread, shares)


def _delta(solution: Solution, g: int) -> Array:
    return solution.state.deltas[g]


def _by_moments(solution: Solution, rows: Rows, bread: Array, shares: Array) -> Array:
    from scipy.linalg import block_diag

    V = block_diag(*[f * _full(weights(solution, g)) for g, f in enumerate(shares)])
    parts = [moment_influence(solution, g, rows) for g in range(len(shares))]
    G = block_diag(*[z.T @ z / len(z) / f for z, f in zip(parts, shares, strict=True)])
    delta = _stacked_delta(solution)
    VD = V @ delta
    out: Array = (V - VD @ bread @ VD.T) @ G
    return out


def _by_rows(solution: Solution, rows: Rows, bread: Array, shares: Array) -> Array:
    """The same traces from Z U Z' / N: cell (i, j) of rows instead of moments."""
    from scipy.linalg import block_diag

    total = rows.count
    kernels, projections = [], np.zeros((total, bread.shape[0]))
    start = 0
    for g, part in enumerate(solution.problem.layout.parts):
        z = moment_influence(solution, g, rows)
        kernels.append(z @ weigh(weights(solution, g), z.T) / (total * shares[g]))
        projections[start : start + len(z), part] = projected_influence(solution, g, rows)
        start += len(z)
    out: Array = block_diag(*kernels) - projections @ bread @ projections.T / total
    return out


def _stacked_delta(solution: Solution) -> Array:
    from scipy.linalg import block_diag

    out: Array = block_diag(*[_delta(solution, g) for g in range(len(solution.problem.layout.parts))])
    return out


def _full(V: Array) -> Array:
    return V if V.ndim == 2 else np.diag(V)


def _yuan_bentler(solution: Solution, method: Method, shared: SaturatedModel, statistic: float) -> ScaledTest:
    """Mplus's variant: c = { tr(A1^-1 B1) - tr(E^-1 B0) } / df, with A1 and B1 at the saturated moments."""
    linear = method.bread == "h1" and method.information == "observed"
    about = (
        solution.state.theta_curvature() if linear else information(solution, method.information, shared.rows)
    )
    bread = inverse(solution, about)
    h1, moments = saturated_trace(solution, shared)
    h0 = float((bread * first_order(solution, shared.rows)).sum())
    factor = (h1 - h0) / solution.df
    return ScaledTest(
        method.test, statistic / factor, float(solution.df), factor, h1 - h0,
        factor_h0=h0 / len(solution.table.free), factor_h1=h1 / moments,
    )  # fmt: skip
