"""Derivatives of implied moments, by the structure of the model rather than by p x p matrices a parameter.

Each covariance parameter moves Sigma by a matrix of rank two, dSigma_k = u_k v_k' + v_k u_k', where u and
v are columns
of W = [A E] (observed rows): for B[i, j], u = A[:, i] and v = E[:, j]; for S[i, j], u = A[:, i] and v =
A[:, j], halved on
the diagonal. Traces of products of derivatives are then entries of W'PW. Means move by dmu_k = A[:, i]
t[j] for B[i, j] and
A[:, i] for m[i]. (Own derivation from McArdle & McDonald, 1984; compare Neudecker & Satorra, 1991.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, Index, vech_index
from pipeline.sem.structure.ram import Block, Implied

_CELLS = 2_000_000


@dataclass(frozen=True)
class Slopes:
    """W, the columns of it that each parameter uses, and the derivatives of the means (p x q)."""

    W: Array
    u: Index
    v: Index
    half: Array
    D: Array

    @property
    def U(self) -> Array:  # noqa: N802
        """First factor of each parameter's derivative."""
        out: Array = self.W[:, self.u] * (self.half != 0)
        return out

    @property
    def V(self) -> Array:  # noqa: N802
        """Second factor of each parameter's derivative."""
        out: Array = self.W[:, self.v] * self.half
        return out


def slopes(block: Block, implied: Implied) -> Slopes:
    """Return the factors of the derivatives of Sigma and mu by each parameter of the block."""
    p, D = block.p, np.zeros((block.p, block.q))
    if implied.t.any():
        i, j, k = block.directed
        D[:, k] = implied.A[:p, i] * implied.t[j]
    i, _, k = block.mean
    if len(k):
        D[:, k] = implied.A[:p, i]
    W = np.empty((p, 2 * block.n))
    W[:, : block.n], W[:, block.n :] = implied.A[:p], implied.E[:p]
    return Slopes(W, *block.pairs, D)


def gradient(lines: Slopes, by_sigma: Array, by_mu: Array) -> Array:
    """Chain rule: tr(dF/dSigma dSigma_k) + dF/dmu' dmu_k."""
    C = lines.W.T @ by_sigma @ lines.W
    out: Array = 2.0 * C[lines.u, lines.v] * lines.half + lines.D.T @ by_mu
    return out


def paired_traces(lines: Slopes, weights: Array, P: Array, Q: Array) -> Array:
    """Return the weighted sum over patterns of tr(P dSigma_k Q dSigma_l) / 2, for every pair."""
    size = len(lines.u)
    if len(P) == 1:
        total = weights[0] * (_traces(lines, first := P[0], first if P is Q else Q[0]))
    elif len(set(lines.u) | set(lines.v)) ** 4 < min(250 * size**2, 10 * _CELLS):
        total = _traces_by_products(lines, weights[:, None, None] * P, Q)
    else:
        total = np.zeros((size, size))
        batch = max(1, _CELLS // max(size * size, 1))
        for start in range(0, len(P), batch):
            some = slice(start, start + batch)
            total += _traces(lines, weights[some, None, None] * P[some], Q[some]).sum(0)
    out: Array = total * np.outer(lines.half, lines.half) / 2
    return out


def _traces_by_products(lines: Slopes, P: Array, Q: Array) -> Array:
    """Sum the same over patterns by one matrix product: cheaper where few columns of W serve many pairs."""
    used, place = np.unique(np.concatenate([lines.u, lines.v]), return_inverse=True)
    W, u, v = lines.W[:, used], place[: len(lines.u)], place[len(lines.u) :]
    CP, CQ = ((W.T @ X @ W).reshape(len(X), -1) for X in (P, Q))
    G = CP.T @ CQ
    first, second = u[:, None] * len(used), v[:, None] * len(used)
    uu, uv, vu, vv = first + u, first + v, second + u, second + v
    out: Array = G[uv, vu] + G[uu, vv] + G[vv, uu] + G[vu, uv]
    return out


def _traces(lines: Slopes, P: Array, Q: Array) -> Array:
    """Return (v'Qu)(u'Pv) + (v'Qv)(u'Pu) + (u'Qu)(v'Pv) + (u'Qv)(v'Pu), for one matrix or a stack."""
    CP = lines.W.T @ P @ lines.W
    uu, uv, vv = _paired(CP, lines)
    if P is Q:
        same: Array = uu * vv + uv * uv.swapaxes(-1, -2)
        return 2 * same
    own_uu, own_uv, own_vv = _paired(lines.W.T @ Q @ lines.W, lines)
    mixed = own_uv.swapaxes(-1, -2) * uv
    out: Array = own_vv * uu + own_uu * vv + mixed + mixed.swapaxes(-1, -2)
    return out


def _paired(C: Array, lines: Slopes) -> tuple[Array, Array, Array]:
    """Return C[u, u], C[u, v] and C[v, v] for every pair of parameters; rows first, which is cheaper."""
    of_u, of_v = C.take(lines.u, axis=-2), C.take(lines.v, axis=-2)
    return of_u.take(lines.u, axis=-1), of_u.take(lines.v, axis=-1), of_v.take(lines.v, axis=-1)


def jacobian(lines: Slopes, meanstructure: bool) -> Array:
    """Return the derivatives of (mu, vech Sigma) by the parameters: one row a moment."""
    rows, columns = vech_index(lines.W.shape[0])
    U, V = lines.U, lines.V
    by_sigma = U[rows] * V[columns] + U[columns] * V[rows]
    return np.vstack([lines.D, by_sigma]) if meanstructure else by_sigma


def second_order(block: Block, implied: Implied, by_sigma: Array, by_mu: Array) -> Array:
    """Return tr(M d2Sigma_kl) + n' d2mu_kl for every pair, with M = dF/dSigma and n = dF/dmu.

    With N = A'MA and Q = A'ME (observed rows) and parameters B[i, j], B[k, l]:
        2 (A[l,i] Q[k,j] + E[l,j] N[i,k] + A[j,k] Q[i,l]) + w[k] A[l,i] t[j] + w[i] A[j,k] t[l],  w = A'n;
    for B[i, j], S[k, l]: 2 (N[i,k] A[j,l] + N[i,l] A[j,k]), halved on the diagonal;
    for B[i, j], m[k]: w[i] A[j,k].
    """
    A, E, t, p = implied.A, implied.E, implied.t, block.p
    AM = A[:p].T @ by_sigma
    N, Q, w = AM @ A[:p], AM @ E[:p], A[:p].T @ by_mu
    out = np.zeros((block.q, block.q))
    i, j, d = block.directed
    N_i, A_j = N[i], A[j]
    term = A_j[:, i] * (2 * Q[i][:, j] + np.outer(w[i], t[j]))
    out[d[:, None], d] = term + term.T + 2 * E[j][:, j] * N_i[:, i]
    k, m, s = block.symmetric
    mixed = 2 * (N_i[:, k] * A_j[:, m] + N_i[:, m] * A_j[:, k]) * np.where(k == m, 0.5, 1.0)
    out[d[:, None], s], out[s[:, None], d] = mixed, mixed.T
    k, _, s = block.mean
    if len(k):
        mixed = w[i][:, None] * A_j[:, k]
        out[d[:, None], s], out[s[:, None], d] = mixed, mixed.T
    return out
