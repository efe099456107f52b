"""Two-level normal likelihood of complete rows, with first and second derivatives.

With pooled within cross-products S (N - J degrees of freedom) and, in cluster j of size n, d = (z, mean y),
    F = 1/2 { (N - J) ln|Sw| + tr(Sw^-1 S) + sum_j [ ln|Phi_n| + (d - mu)' Phi_n^-1 (d - mu) ] } / N,
    Phi_n = Sb + E Sw E' / n
where Sw and Sb are the within and between covariances and E places y in d (Muthen, 1989; McDonald &
Goldstein, 1989; Rosseel, 2021). One transformation T serves clusters of all sizes: with Sz, Sy|z the
partition of Sb and the eigenvalues l of (Sy|z, Sw),
    T Sb T' = diag(1, l),  T E Sw E' T' = diag(0, 1),  T Phi_n T' = diag(1, l + 1/n).
So nothing is inverted by size, and Sb need not be positive definite: only every Phi_n must be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular

from pipeline.sem.arrays import Array
from pipeline.sem.twolevel.data import ClusterMoments


@dataclass(frozen=True)
class Implied2:
    """Implied moments of d: within covariances of y, between covariances (zero where not decomposed)."""

    within: Array
    between: Array
    mu: Array


@dataclass(frozen=True)
class Complete:
    """The sample side of the likelihood of one group."""

    moments: ClusterMoments

    def at(self, implied: Implied2) -> CompletePoint:
        """Evaluate; raises LinAlgError where a cluster's covariances are not positive definite."""
        m = self.moments
        q = len(implied.between) - len(implied.within)
        T, values, log_determinant = diagonalise(implied, q)
        per_size = _deltas(values, q, m.distinct)
        delta = _deltas(values, q, m.sizes)
        Y = (m.rows - m.roots[:, None] * implied.mu) @ T.T
        Ty = T[q:, q:]
        S = Ty @ m.scatter @ Ty.T
        log_all = (m.freedom + m.clusters) * log_determinant[0] + m.clusters * log_determinant[1]
        spread = -(m.counts @ np.log(per_size)).sum()
        raw = 0.5 * (log_all + float(np.trace(S)) + float(spread) + float((Y * Y * delta).sum()))
        return CompletePoint(raw / m.people, m, q, T, values, per_size, delta, Y * delta, S)

    def loglik(self, value: float) -> float:
        """Log-likelihood at a value of F."""
        m = self.moments
        y = len(m.scatter)
        q = m.rows.shape[1] - y
        constants = (m.people * y + m.clusters * q) * np.log(2 * np.pi) + y * float(
            m.counts @ np.log(m.distinct)
        )
        return float(-m.people * value - 0.5 * constants)


def diagonalise(implied: Implied2, q: int) -> tuple[Array, Array, tuple[float, float]]:
    """Return T, the eigenvalues l, and the log-determinants of Sw and Sz."""
    L = np.linalg.cholesky(implied.within)
    Z = np.linalg.cholesky(implied.between[:q, :q])
    half = solve_triangular(Z, implied.between[:q, q:], lower=True) if q else np.zeros((0, len(L)))
    given = implied.between[q:, q:] - half.T @ half
    inner = solve_triangular(L, solve_triangular(L, given, lower=True).T, lower=True)
    values, Q = np.linalg.eigh((inner + inner.T) / 2)
    T = np.zeros_like(implied.between)
    T[q:, q:] = solve_triangular(L, Q, lower=True, trans="T").T
    if q:
        T[:q, :q] = solve_triangular(Z, np.eye(q), lower=True)
        T[q:, :q] = -T[q:, q:] @ half.T @ T[:q, :q]
    return T, values, (2 * float(np.log(np.diag(L)).sum()), 2 * float(np.log(np.diag(Z)).sum()))


def _deltas(values: Array, q: int, sizes: Array) -> Array:
    """Return the diagonals of (T Phi_n T')^-1, one row a size."""
    below = values + 1 / sizes[:, None]
    if (below <= 0).any():
        raise np.linalg.LinAlgError("a cluster's covariances are not positive definite")
    return np.hstack([np.ones((len(sizes), q)), 1 / below])


@dataclass(frozen=True)
class Directions:
    """Derivatives of the moments by the parameters of a group, within before between ones.

    T E dSw E' T' of within parameters, T dSb T' of between parameters (k x m x m), T dmu of all (m x k).
    """

    within: Array
    between: Array
    mean: Array

    def flat(self) -> tuple[Array, Array]:
        """Return the matrices as rows."""
        size = self.mean.shape[0] ** 2
        return self.within.reshape(-1, size), self.between.reshape(-1, size)


@dataclass(frozen=True)
class CompletePoint:
    """The likelihood at one value of the moments; A holds T^-T Phi^-1 (d - mu) of every row."""

    value: float
    moments: ClusterMoments
    q: int
    T: Array
    values: Array
    per_size: Array
    delta: Array
    A: Array
    S: Array

    @property
    def margin(self) -> float:
        """Smallest eigenvalue of n Sb against Sw, plus one: zero where a largest cluster becomes singular."""
        return float(1 + self.values.min() * self.moments.distinct.max())

    def deltas(self, sizes: Array) -> Array:
        """Return the diagonals of (T Phi_n T')^-1 of clusters of some sizes."""
        return _deltas(self.values, self.q, sizes)

    @cached_property
    def by_between(self) -> Array:
        """dF/dSb as a symmetric matrix M with dF = tr(M dSb)."""
        m = self.moments
        inner = np.diag(m.counts @ self.per_size) - self.A.T @ self.A
        out: Array = self.T.T @ inner @ self.T / (2 * m.people)
        return out

    @cached_property
    def by_within(self) -> Array:
        """dF/dSw."""
        m, q = self.moments, self.q
        A = self.A[:, q:]
        inner = np.diag(m.freedom + (m.counts / m.distinct) @ self.per_size[:, q:])
        inner -= (A / m.sizes[:, None]).T @ A + self.S
        Ty = self.T[q:, q:]
        out: Array = Ty.T @ inner @ Ty / (2 * m.people)
        return out

    @cached_property
    def by_mu(self) -> Array:
        """dF/dmu."""
        out: Array = -self.T.T @ (self.moments.roots @ self.A) / self.moments.people
        return out

    def fisher(self, lines: Directions) -> Array:
        """Expected second derivatives by the parameters."""
        m, C = self.moments, self.per_size
        weights = [np.einsum("s,si,sj->ij", m.counts / m.distinct**k, C, C) for k in range(3)]
        weights[2][self.q :, self.q :] += m.freedom
        means: Array = (lines.mean.T * (m.counts @ C)) @ lines.mean
        out: Array = (0.5 * _weighted(lines, weights) + means) / m.people
        return out

    def curvature(self, lines: Directions) -> Array:
        """Second derivatives as if the moments were linear in the parameters."""
        m, C = self.moments, self.per_size
        weights = [-0.5 * np.einsum("s,si,sj->ij", m.counts / m.distinct**k, C, C) for k in range(3)]
        weights[2][self.q :, self.q :] -= 0.5 * m.freedom
        out = _weighted(lines, weights) + (lines.mean.T * (m.counts @ C)) @ lines.mean
        out += self._quadratic(lines)
        mixed = self._mixed(lines)
        out += mixed + mixed.T
        half: Array = (out + out.T) / (2 * m.people)
        return half

    def _quadratic(self, lines: Directions) -> Array:
        """Sum over rows of a' dPhi_k Phi^-1 dPhi_l a, and the like of the within cross-products."""
        W, B = lines.flat()
        within, mixed, between = self._thirds()
        within[self.q :, self.q :, self.q :] += self.S
        left = _inner(lines.within, within)
        return _joined(left @ W.T, _inner(lines.within, mixed) @ B.T, _inner(lines.between, between) @ B.T)

    def _thirds(self) -> tuple[Array, Array, Array]:
        """Sum over rows of delta_j A A', divided by n^2, n and 1."""
        m, A = self.moments, self.A
        size = A.shape[1]
        out = []
        for k in (2, 1, 0):
            rows = (self.delta / m.sizes[:, None] ** k)[:, :, None] * A[:, None, :]
            out.append((rows.reshape(len(A), -1).T @ A).reshape(size, size, size))
        return out[0], out[1], out[2]

    def _mixed(self, lines: Directions) -> Array:
        """Sum over rows of the root times dmu_l' Phi^-1 dPhi_k a: covariances by means."""
        m = self.moments
        plain = (self.delta * m.roots[:, None]).T @ self.A
        divided = (self.delta * (m.roots / m.sizes)[:, None]).T @ self.A
        rows = np.vstack([(lines.within * divided).sum(2), (lines.between * plain).sum(2)])
        out: Array = rows @ lines.mean
        return out


def _inner(matrices: Array, Q: Array) -> Array:
    """Return rows with (M Q_j)[j] of each matrix M."""
    out: Array = np.matmul(matrices.transpose(1, 0, 2), Q).transpose(1, 0, 2)
    return out.reshape(len(matrices), -1)


def _weighted(lines: Directions, weights: list[Array]) -> Array:
    """Sum over i, j of w_ij dPhi_k,ij dPhi_l,ij, dPhi = dSb + dSw / n, weights summed by powers of n."""
    W, B = lines.flat()
    mixed = (W * weights[1].ravel()) @ B.T
    return _joined((W * weights[2].ravel()) @ W.T, mixed, (B * weights[0].ravel()) @ B.T)


def _joined(within: Array, mixed: Array, between: Array) -> Array:
    """Return the matrix over within and between parameters."""
    out: Array = np.block([[within, mixed], [mixed.T, between]])
    return out
