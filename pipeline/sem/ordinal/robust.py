"""Robust CFI, TLI and RMSEA with ordered items (Savalei, 2021).

The normal-theory discrepancy of the polychoric correlations R is taken at the estimates of least squares,
    X = N { ln|P| + tr(R P^-1) - ln|R| - p },  c = tr( (I - D E^-1 D'W)' V (I - D E^-1 D'W) Gamma ) / df,
with P the implied correlations, D their derivatives, W and E the weights and information of the estimator and
V the normal information about correlations at P. The baseline has X = -N ln|R| and c = tr Gamma / df. A model
that restricts thresholds alone reproduces R: X and c are both zero, and their ratio is that of rounding.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from pipeline.sem.arrays import Array, vech_index
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import information, inverse
from pipeline.sem.inference.saturated import information_of_covariances
from pipeline.sem.measures.collect import Corrected, Tested
from pipeline.sem.ordinal.problem import OrdinalState
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.tables import pair_index

_ROUNDING = 1e-12


def corrected_for_categories(model: Tested) -> Corrected | None:
    """Return the statistics behind robust indices; None with covariates, continuous variables or no |R|."""
    solution = model.solution
    sample, state = solution.sample, solution.state
    assert isinstance(sample, OrdinalSample)
    assert isinstance(state, OrdinalState)
    assert model.scaled is not None
    if not sample.kinds.plain or model.scaled.name == "mean.var.adjusted" or not _positive(sample):
        return None
    p = len(sample.variables)
    implied = [_correlations(state, g) for g in range(len(sample.parts))]
    x2 = sum(_normal(n, R, P) for n, R, P in zip(sample.counts, sample.covariances, implied, strict=True))
    null = sum(_normal(n, R, np.eye(p)) for n, R in zip(sample.counts, sample.covariances, strict=True))
    c = _trace(solution, sample, state, implied) / solution.df if solution.df else 1.0
    shares = sample.counts / sample.total
    pairs = p * (p - 1) // 2
    whole = sum(
        float(np.trace(part.gamma[-pairs:, -pairs:])) / f
        for part, f in zip(sample.parts, shares, strict=True)
    )
    c_null = whole / (pairs * len(shares))
    if c < _ROUNDING:
        return Corrected(0.0, _ROUNDING, 0.0, null, c_null, own_interval=True)
    return Corrected(x2, c, x2 / c, null, c_null, own_interval=True)


def _positive(sample: OrdinalSample) -> bool:
    return all(np.linalg.eigvalsh(R)[0] > 1.5e-8 for R in sample.covariances)


def _correlations(state: OrdinalState, g: int) -> Array:
    own = state.responses[g]
    V = own.E[np.ix_(own.shape.y, own.shape.y)]
    out: Array = V / np.outer(own.spread, own.spread)
    return out


def _normal(n: float, R: Array, P: Array) -> float:
    inside = float(np.linalg.slogdet(P)[1] - np.linalg.slogdet(R)[1] + np.trace(np.linalg.solve(P, R)))
    return n * (inside - len(R))


def _trace(solution: Solution, sample: OrdinalSample, state: OrdinalState, implied: list[Array]) -> float:
    """Sum over the correlations of all groups, weighted by their share."""
    p = len(sample.variables)
    pairs, shares = p * (p - 1) // 2, sample.counts / sample.total
    D = np.vstack([_placed(solution, g, delta[-pairs:]) for g, delta in enumerate(state.deltas)])
    weights = [_weights(d)[-pairs:, -pairs:] for d in state.problem.discrepancies]
    W = block_diag(*[f * w for f, w in zip(shares, weights, strict=True)])
    V = block_diag(*[f * _information(P) for f, P in zip(shares, implied, strict=True)])
    G = block_diag(*[part.gamma[-pairs:, -pairs:] / f for f, part in zip(shares, sample.parts, strict=True)])
    bread = inverse(solution, information(solution, "expected"))
    left = np.eye(len(W)) - D @ bread @ (D.T @ W)
    return float(((left.T @ V @ left) * G).sum())


def _placed(solution: Solution, g: int, delta: Array) -> Array:
    """Widen a group's derivatives to all parameters."""
    out = np.zeros((len(delta), solution.problem.reduction.K.shape[0]))
    out[:, solution.problem.layout.parts[g]] = delta
    return out


def _weights(discrepancy: object) -> Array:
    assert isinstance(discrepancy, Quadratic)
    return discrepancy.V if discrepancy.V.ndim == 2 else np.diag(discrepancy.V)


def _information(P: Array) -> Array:
    """Normal information about the off-diagonal cells, in the order of the pairs."""
    rows, columns = vech_index(len(P))
    full = information_of_covariances(np.linalg.inv(P))
    place = np.zeros((len(P), len(P)), dtype=np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    first, second = pair_index(len(P))
    at = place[first, second]
    return full[np.ix_(at, at)]
