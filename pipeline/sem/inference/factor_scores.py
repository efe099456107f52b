"""Factor scores: regression (Thurstone, 1935), Bartlett (1937), and posterior modes for ordered items.

Regression scores are E[eta | y] = mean + cov(eta, y) Sigma^-1 (y - mu); missing answers use what a row did
answer.
Bartlett scores are (L' T^-1 L)^-1 L' T^-1 (y - nu), with total loadings L and residual covariances T.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.ordinal.problem import OrdinalState
from pipeline.sem.ordinal.scores import posterior_modes

METHODS = ("regression", "bartlett")
ORDINAL = ("ebm",)


def factor_scores(solution: Solution, values: Array, g: int, method: str) -> Array:
    """Return a row of scores for each row of a group."""
    known = ORDINAL if solution.table.ordered else METHODS
    if method not in known:
        raise ModelError(f"factor scores by '{method}' are not known here; choose one of {', '.join(known)}")
    if not solution.table.latent:
        raise ModelError("the model has no factor to score")
    scaled = values / solution.observed_scale
    if isinstance(solution.state, OrdinalState):
        return _posterior_modes(solution, solution.state, scaled, g)
    implied, p = solution.state.implied[g], len(solution.table.observed)
    mu = implied.mu if solution.table.meanstructure else solution.sample.means[g] / solution.observed_scale
    answered = ~np.isnan(scaled)
    out = np.full((len(scaled), len(solution.table.latent)), np.nan)
    patterns, owner = np.unique(answered, axis=0, return_inverse=True)
    for number, mask in enumerate(patterns):
        at = np.flatnonzero(owner.ravel() == number)
        weights = _weights(solution, g, np.flatnonzero(mask), method)
        out[at] = (scaled[np.ix_(at, mask)] - mu[mask]) @ weights.T
    return (out + (implied.t[p:] if solution.table.meanstructure else 0.0)) * solution.scale[p:]


def _posterior_modes(solution: Solution, state: OrdinalState, scaled: Array, g: int) -> Array:
    shape, p = state.responses[g].shape, len(solution.table.observed)
    modes = posterior_modes(state, g, scaled[:, shape.y], scaled[:, shape.x])
    return modes * solution.scale[p:]


def _weights(solution: Solution, g: int, answered: Array, method: str) -> Array:
    implied, p = solution.state.implied[g], len(solution.table.observed)
    if method == "regression":
        sigma = implied.sigma[np.ix_(answered, answered)]
        out: Array = np.linalg.solve(sigma, implied.E[np.ix_(answered, np.arange(p, len(implied.E)))]).T
        return out
    B, S, _ = solution.state.matrices(g)
    through = np.linalg.inv(np.eye(p) - B[:p, :p])
    L, T = (through @ B[:p, p:])[answered], (through @ S[:p, :p] @ through.T)[np.ix_(answered, answered)]
    try:
        TL = np.linalg.solve(T, L)
        return np.linalg.solve(L.T @ TL, TL.T)
    except np.linalg.LinAlgError:
        raise ModelError(
            "Bartlett scores need every factor to have observed indicators with residual variance; use "
            "'regression'"
        ) from None
