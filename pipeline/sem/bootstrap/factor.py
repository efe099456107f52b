"""The fast kernel: items with uncorrelated residuals that depend on each other through factors only.

With Sigma = L Phi L' + Theta, Theta diagonal, W = Theta^-1 L, G = L'W, N = G + G Phi G (m x m for m factors),
    Sigma^-1 = Theta^-1 - W Q W',  Q = G^-1 - N^-1,  ln|Sigma| = ln|Theta| + ln|N| - ln|G|  (Woodbury),
so the likelihood and its gradient cost p x m, never p x p, beyond one product of the sample covariances with
W. Loadings and W stand transposed, a row a factor: long rows are what arrays are fast at.
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
        residual = parts.residual
        inside = np.asarray((residual > _SMALLEST).all(axis=1))
        if not inside.all():
            residual = np.where(inside[:, None], residual, 1.0)
        pattern, first = group.patterns[0], self.first
        d = None
        if self.block.meanstructure:
            d = pattern.mean - parts.intercepts - (parts.t[:, None, first] @ parts.loadings)[:, 0]
        woodbury = _Woodbury.of(parts.loadings, residual, parts.E[:, first[:, None], first])
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

    @cached_property
    def places(self) -> _Places:
        """Where the entries of every matrix stand among the parameters, and where their slopes stand."""
        return _Places.of(self.block, self.first)

    def _fill(self, theta: Array) -> _Parts:
        at = self.places
        known = np.concatenate([theta, np.broadcast_to(at.fixed, (len(theta), len(at.fixed)))], axis=1)
        loadings, residual, intercepts, B, S, m = (_taken(known, index) for index in at.cells)
        A = total_effects(B, self.depth)
        return _Parts(loadings, residual, intercepts, A, A @ S @ transpose(A), (A @ m[:, :, None])[:, :, 0])

    def _gradient(self, parts: _Parts, slopes: _Slopes) -> Array:
        """Chain rule of structure.derivatives by blocks: items' rows of A are loadings times the factors'."""
        A, first, R = parts.A[:, self.first], self.first, len(parts.A)
        E = parts.E[:, first]
        left = transpose(A) @ slopes.inner
        by_loading = (2 * E[:, :, first] @ slopes.near) @ slopes.far
        by_path, by_covariance = 2 * left @ E, left @ A * (2 - np.eye(A.shape[2]))
        shift = (slopes.shift[:, None] @ A)[:, 0]
        if self.block.meanstructure:
            by_loading += parts.t[:, first, None] * slopes.by_mu[:, None]
            by_path += shift[:, :, None] * parts.t[:, None]
        pieces = (by_loading, slopes.diagonal, slopes.by_mu, by_path, by_covariance, shift)
        flat = np.concatenate([piece.reshape(R, -1) for piece in pieces], axis=1)
        return np.take(flat, self.places.slopes, axis=1)


def _taken(known: Array, index: Index) -> Array:
    out: Array = np.take(known, index.ravel(), axis=1)
    return out.reshape(len(known), *index.shape)


@dataclass(frozen=True)
class _Places:
    """Where the entries of the matrices stand among parameters and fixed values; where slopes stand.

    Matrices come in the order of _Parts: loadings, residual variances, intercepts, then paths, covariances
    and means of the factors.
    """

    fixed: Array
    cells: tuple[Index, ...]
    slopes: Index

    @classmethod
    def of(cls, block: Block, first: Index) -> _Places:
        """Number the cells of a group."""
        fixed = np.unique(np.concatenate([block.B.ravel(), block.S.ravel(), block.m]))
        B, S, m = (block.q + np.searchsorted(fixed, matrix) for matrix in (block.B, block.S, block.m))
        i, j, k = block.directed
        B[i, j] = k
        i, j, k = block.symmetric
        S[i, j] = S[j, i] = k
        m[block.mean[0]] = block.mean[2]
        cells = _split(B, S, m, block.p, first)
        free = np.concatenate([part.ravel() for part in cells])
        return cls(fixed, cells, np.unique(free, return_index=True)[1][: block.q])


def _split(B: Index, S: Index, m: Index, p: int, first: Index) -> tuple[Index, ...]:
    """Cut a group's matrices into what the kernel works with."""
    return B[:p, p + first].T, np.diag(S)[:p], m[:p], B[p:, p:], S[p:, p:], m[p:]


@dataclass(frozen=True)
class _Parts:
    """Loadings (a row a factor), residual variances, intercepts; total effects and moments of the factors."""

    loadings: Array
    residual: Array
    intercepts: Array
    A: Array
    E: Array
    t: Array


@dataclass(frozen=True)
class _Slopes:
    """With M = dF/dSigma: L'M = near far, L'M L, diag M, dF/dmu and L' dF/dmu."""

    near: Array
    far: Array
    inner: Array
    diagonal: Array
    by_mu: Array
    shift: Array


@dataclass(frozen=True)
class _Woodbury:
    """Sigma^-1 in parts; L and W are transposed."""

    L: Array
    precision: Array
    W: Array
    G: Array
    Q: Array
    log_determinant: Array

    @classmethod
    def of(cls, L: Array, residual: Array, phi: Array) -> _Woodbury:
        precision = 1 / residual
        W = L * precision[:, None]
        G = W @ transpose(L)
        G_inverse, log_G = inverse_and_log_determinant(G)
        N_inverse, log_N = inverse_and_log_determinant(G + G @ phi @ G)
        determinant = np.log(residual).sum(1) + log_N - log_G
        return cls(L, precision, W, G, G_inverse - N_inverse, determinant)

    def likelihood(self, S: Array, d: Array | None) -> tuple[Array, _Slopes]:
        """Return (ln|Sigma| + tr PT) / 2 and its derivatives, with T = S + dd' never formed.

        L'M = J'(W - T W / Theta + X Q W) / 2 with X = W'T W and J = I - QG, for P L = W J.
        """
        W, Q, precision = self.W, self.Q, self.precision
        TW, spread = W @ S, np.diagonal(S, axis1=1, axis2=2)
        by_mu = np.zeros_like(precision)
        if d is not None:
            Wd = W @ d[:, :, None]
            TW, spread = TW + Wd * d[:, None], spread + d * d
            by_mu = (transpose(Q @ Wd) @ W)[:, 0] - d * precision
        X, U, QW = TW @ transpose(W), TW * precision[:, None], Q @ W
        trace = np.einsum("rp,rp->r", spread, precision) - np.einsum("rij,rij->r", Q, X)
        far = X @ QW
        far += W
        far -= U
        near = 0.5 * (np.eye(Q.shape[1]) - self.G @ Q)
        U -= far
        U *= QW
        diagonal = 0.5 * (precision * (1 - spread * precision) + U.sum(1))
        inner, shift = near @ (far @ transpose(self.L)), (self.L @ by_mu[:, :, None])[:, :, 0]
        slopes = _Slopes(near, far, inner, diagonal, by_mu, shift)
        return 0.5 * (self.log_determinant + trace), slopes
