"""Factor scores of ordered items: the mode of each row's posterior distribution (EBM; Bock & Mislevy, 1982).

With limits u and l of a row's categories, its posterior log-density of the factors is
    sum ln { Phi(u) - Phi(l) } - 1/2 (eta - mean)' Psi^-1 (eta - mean),  u = (tau - nu - lambda' eta) / s,
which is concave: Newton steps for all rows at once, halved where they overshoot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.ordinal.bivariate import FAR, density
from pipeline.sem.ordinal.problem import OrdinalState

_STEPS = 100
_PRECISION = 1e-10


def posterior_modes(state: OrdinalState, g: int, y: Array, x: Array) -> Array:
    """Return a row of scores for each row of values: codes 0..K-1, continuous variables in internal units."""
    posterior = _Posterior.of(state, g, y, x)
    eta = posterior.mean.copy()
    value = posterior.value(eta)
    for _ in range(_STEPS):
        step = posterior.step(eta)
        share = np.ones(len(eta))
        moved = eta + step
        better = posterior.value(moved)
        for _halving in range(30):
            worse = better < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            share[worse] /= 2
            moved = eta + share[:, None] * step
            better = posterior.value(moved)
        eta, value = moved, better
        if np.abs(step).max(initial=0.0) < _PRECISION:
            break
    return eta


@dataclass(frozen=True, eq=False)
class _Posterior:
    """Loadings and limits of every row; `upper` and `lower` are NaN where a continuous value stands."""

    mean: Array
    precision: Array
    loadings: Array
    deviation: Array
    upper: Array
    lower: Array
    values: Array

    @classmethod
    def of(cls, state: OrdinalState, g: int, y: Array, x: Array) -> _Posterior:
        own = state.responses[g]
        shape, p = own.shape, own.shape.block.p
        B, S = own.B, own.S
        latent = np.arange(p, len(B))
        through = np.linalg.inv(np.eye(len(shape.y)) - B[np.ix_(shape.y, shape.y)])
        residual = through @ S[np.ix_(shape.y, shape.y)] @ through.T
        if np.abs(residual - np.diag(np.diag(residual))).max() > 1e-10:
            raise ModelError(
                "scores of ordered items need residuals that do not covary; use a model without them"
            )
        intercepts = (own.m[shape.y] + x @ B[np.ix_(shape.y, shape.x)].T) @ through.T
        mean = own.t[latent] + x @ own.A[np.ix_(latent, shape.x)].T
        upper, lower, values = _limits(own.tau, shape.kinds.level_item, y, shape.kinds.ordered)
        return cls(
            mean, np.linalg.inv(own.E[np.ix_(latent, latent)]), through @ B[np.ix_(shape.y, latent)],
            np.sqrt(np.diag(residual)), upper - intercepts, lower - intercepts, values - intercepts,
        )  # fmt: skip

    def value(self, eta: Array) -> Array:
        """Log-density of each row, without constants."""
        u, low, z = self._standard(eta)
        with np.errstate(invalid="ignore"):
            cut = np.log(np.maximum(ndtr(u) - ndtr(low), 1e-300))
        away = eta - self.mean
        seen = np.nansum(np.where(np.isnan(u), -0.5 * z * z, cut), axis=1)
        out: Array = seen - 0.5 * ((away @ self.precision) * away).sum(1)
        return out

    def step(self, eta: Array) -> Array:
        """Newton step of each row."""
        u, low, z = self._standard(eta)
        p = np.maximum(ndtr(u) - ndtr(low), 1e-300)
        top, bottom = density(u) / p, density(low) / p
        slope = np.where(np.isnan(u), z, bottom - top) / self.deviation
        bend = np.where(np.isnan(u), 1.0, u * top - low * bottom + (top - bottom) ** 2) / self.deviation**2
        missing = np.isnan(u) & np.isnan(z)
        slope, bend = np.where(missing, 0.0, slope), np.where(missing, 0.0, bend)
        gradient = slope @ self.loadings - (eta - self.mean) @ self.precision
        information = np.einsum("ni,ij,ik->njk", bend, self.loadings, self.loadings) + self.precision
        out: Array = np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
        return out

    def _standard(self, eta: Array) -> tuple[Array, Array, Array]:
        fitted = eta @ self.loadings.T
        parts = [(limit - fitted) / self.deviation for limit in (self.upper, self.lower, self.values)]
        return np.clip(parts[0], -FAR, FAR), np.clip(parts[1], -FAR, FAR), parts[2]


def _limits(tau: Array, item: Array, y: Array, ordered: Array) -> tuple[Array, Array, Array]:
    upper, lower, values = (np.full(y.shape, np.nan) for _ in range(3))
    for i, cut in enumerate(ordered):
        if not cut:
            values[:, i] = y[:, i]
            continue
        edges = np.concatenate([[-1e6], tau[item == i], [1e6]])
        answered = ~np.isnan(y[:, i])
        codes = y[answered, i].astype(np.intp)
        upper[answered, i], lower[answered, i] = edges[codes + 1], edges[codes]
    return upper, lower, values
