"""The fast kernel: items with uncorrelated residuals that depend on each other through factors only.

With Sigma = L Phi L' + Theta, Theta diagonal, W = Theta^-1 L, G = L'W, N = G + G Phi G (m x m for m factors),
    Sigma^-1 = Theta^-1 - W Q W',  Q = G^-1 - N^-1,  ln|Sigma| = ln|Theta| + ln|N| - ln|G|  (Woodbury),
so the likelihood and its gradient cost p x m, never p x p, beyond one product of the sample covariances with
W.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.dense import Dense, longest_chain, total_effects
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant, transpose
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.structure.ram import Block

_SMALLEST = 1e-3


def has_factor_structure(dense: Dense) -> bool:
    """Whether a group's items hang together by factors only, each with a residual variance of its own."""
    block, p = dense.block, dense.block.p
    if len(dense.exogenous) or block.n == p:
        return False
    paths, residuals = block.B != 0, block.S != 0
    paths[block.directed[0], block.directed[1]] = True
    residuals[block.symmetric[0], block.symmetric[1]] = True
    residuals[block.symmetric[1], block.symmetric[0]] = True
    items = residuals[:p]
    return not paths[:, :p].any() and bool((items == np.eye(p, block.n, dtype=bool)).all())


@dataclass(frozen=True)
class Factor:
    """One group's structure, sorted into loadings, residual variances and the model of the factors."""

    block: Block

    def __call__(self, theta: Array, group: GroupBatch) -> tuple[Array, Array]:
        """Return F and its gradient; F is NaN where a residual variance nears zero."""
        parts = self._fill(theta)
        L, residual = parts.loadings, parts.residual
        inside = np.asarray((residual > _SMALLEST).all(axis=1))
        residual = np.where(inside[:, None], residual, 1.0)
        pattern = group.patterns[0]
        d = None
        if self.block.meanstructure:
            d = pattern.mean - parts.intercepts - (L @ parts.t[:, self.first, None])[:, :, 0]
        woodbury = _Woodbury.of(L, residual, parts.E[:, self.first[:, None], self.first])
        value, slopes = woodbury.likelihood(pattern.covariance, d)
        value = np.where(np.isnan(value), np.inf, value)
        return np.where(inside, value, np.nan), self._gradient(parts, slopes)

    @cached_property
    def first(self) -> Index:
        """Factors that have items."""
        p = self.block.p
        used = (self.block.B[:p, p:] != 0).any(axis=0)
        i, j, _ = self.block.directed
        used[j[i < p] - p] = True
        return np.flatnonzero(used)

    @cached_property
    def depth(self) -> int | None:
        """Length of the longest chain of paths; None where paths run in a circle."""
        return longest_chain(self.block)

    def _fill(self, theta: Array) -> _Parts:
        block, p, R = self.block, self.block.p, len(theta)
        B, S, m = (np.repeat(fixed[None], R, axis=0) for fixed in (block.B[:, p:], block.S[p:, p:], block.m))
        residual = np.repeat(np.diag(block.S)[None, :p], R, axis=0)
        i, j, k = block.directed
        B[:, i, j - p] = theta[:, k]
        i, j, k = block.symmetric
        items = i < p
        residual[:, i[items]] = theta[:, k[items]]
        i, j, k = i[~items] - p, j[~items] - p, k[~items]
        S[:, i, j] = S[:, j, i] = theta[:, k]
        i, _, k = block.mean
        m[:, i] = theta[:, k]
        A = total_effects(B[:, p:], self.depth)
        t = (A @ m[:, p:, None])[:, :, 0]
        return _Parts(B[:, :p, self.first], residual, m[:, :p], A, A @ S @ transpose(A), t)

    def _gradient(self, parts: _Parts, slopes: _Slopes) -> Array:
        """Chain rule of structure.derivatives by blocks: items' rows of A are loadings times the factors'."""
        block, p, first = self.block, self.block.p, self.first
        A, E, t = parts.A, parts.E, parts.t
        out = np.empty((len(A), block.q))
        left = transpose(A[:, first]) @ slopes.inner
        shift = (slopes.shift[:, None] @ A[:, first])[:, 0]
        by_item = 2 * slopes.outer @ E[:, first] + slopes.by_mu[:, :, None] * t[:, None]
        by_factor = 2 * left @ E[:, first] + shift[:, :, None] * t[:, None]
        i, j, k = block.directed
        out[:, k] = np.concatenate([by_item, by_factor], axis=1)[:, i, j - p]
        i, j, k = block.symmetric
        items = i < p
        out[:, k[items]] = slopes.diagonal[:, i[items]]
        i, j, k = i[~items] - p, j[~items] - p, k[~items]
        out[:, k] = 2 * (left @ A[:, first])[:, i, j] * np.where(i == j, 0.5, 1.0)
        i, _, k = block.mean
        out[:, k] = np.concatenate([slopes.by_mu, shift], axis=1)[:, i]
        return out


@dataclass(frozen=True)
class _Parts:
    """Loadings, residual variances and intercepts of the items; total effects and moments of the factors."""

    loadings: Array
    residual: Array
    intercepts: Array
    A: Array
    E: Array
    t: Array


@dataclass(frozen=True)
class _Slopes:
    """With M = dF/dSigma: M L, L'M L, diag M, dF/dmu and L' dF/dmu."""

    outer: Array
    inner: Array
    diagonal: Array
    by_mu: Array
    shift: Array


@dataclass(frozen=True)
class _Woodbury:
    """Sigma^-1 in parts."""

    L: Array
    residual: Array
    W: Array
    G: Array
    Q: Array
    log_determinant: Array

    @classmethod
    def of(cls, L: Array, residual: Array, phi: Array) -> _Woodbury:
        W = L / residual[:, :, None]
        G = transpose(L) @ W
        G_inverse, log_G = inverse_and_log_determinant(G)
        N_inverse, log_N = inverse_and_log_determinant(G + G @ phi @ G)
        determinant = np.log(residual).sum(1) + log_N - log_G
        return cls(L, residual, W, G, G_inverse - N_inverse, determinant)

    def likelihood(self, S: Array, d: Array | None) -> tuple[Array, _Slopes]:
        """Return (ln|Sigma| + tr PT) / 2 and its derivatives, with T = S + dd' never formed."""
        W, Q, residual = self.W, self.Q, self.residual
        TW, spread = S @ W, np.diagonal(S, axis1=1, axis2=2)
        if d is not None:
            TW, spread = TW + d[:, :, None] * (d[:, None] @ W), spread + d * d
        X, WQ = transpose(W) @ TW, W @ Q
        trace = (spread / residual).sum(1) - (Q * X).sum((1, 2))
        by_mu = np.zeros_like(residual)
        if d is not None:
            by_mu = -(d / residual - (WQ @ (transpose(W) @ d[:, :, None]))[:, :, 0])
        shift = (by_mu[:, None] @ self.L)[:, 0]
        outer = self._outer(TW, X, WQ)
        diagonal = self._diagonal(TW, X, WQ, spread)
        slopes = _Slopes(outer, transpose(self.L) @ outer, diagonal, by_mu, shift)
        return 0.5 * (self.log_determinant + trace), slopes

    def _outer(self, TW: Array, X: Array, WQ: Array) -> Array:
        """M L = (V - PTV) / 2 with V = P L = W J, J = I - QG."""
        J = np.eye(self.Q.shape[1]) - self.Q @ self.G
        out: Array = 0.5 * (self.W @ J - (TW @ J) / self.residual[:, :, None] + WQ @ (X @ J))
        return out

    def _diagonal(self, TW: Array, X: Array, WQ: Array, spread: Array) -> Array:
        """Diagonal of M = (P - PTP) / 2."""
        P = 1 / self.residual - (WQ * self.W).sum(2)
        PTP = spread / self.residual**2 - 2 * (WQ * TW).sum(2) / self.residual + ((WQ @ X) * WQ).sum(2)
        out: Array = 0.5 * (P - PTP)
        return out
