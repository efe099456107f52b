"""Normal-theory likelihood, for complete and for incomplete rows.

Rows are grouped by what they answered. With n_k rows of pattern k, sample moments (m_k, S_k) and implied
moments restricted to the pattern's variables,
    F = 1/2 sum_k (n_k / n) [ln|Sigma_k| + tr(P_k T_k)] - constant,   P_k = Sigma_k^-1,  T_k = S_k + d_k
    d_k',  d_k = m_k - mu_k
(Arbuckle, 1996; complete data are one pattern: Joereskog, 1969). The constant makes F zero for the
saturated model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, positive_inverse
from pipeline.sem.structure.derivatives import Slopes, paired_traces
from pipeline.sem.structure.ram import Implied


@dataclass(frozen=True)
class Normal:
    """The sample side of the likelihood of one group; fractions n_k / n sum to one."""

    masks: Array
    fractions: Array
    means: Array
    covariances: Array
    meanstructure: bool
    constant: float = 0.0

    def at(self, implied: Implied) -> NormalPoint:
        """Evaluate at implied moments."""
        return self.at_moments(implied.sigma, implied.mu)

    def at_moments(self, sigma: Array, mu: Array) -> NormalPoint:
        """Evaluate at given moments; raises LinAlgError where Sigma is not positive definite."""
        P, log_determinant = inverses(sigma, self.masks)
        d, T = np.zeros_like(self.means), self.covariances
        if self.meanstructure:
            d = (self.means - mu) * self.masks
            T = T + d[:, :, None] * d[:, None, :]
        traces = (P * T).sum((1, 2))
        value = 0.5 * float(self.fractions @ (log_determinant + traces)) - self.constant
        return NormalPoint(value, P, d, T, self.fractions)


def inverses(sigma: Array, masks: Array) -> tuple[Array, Array]:
    """Return Sigma_k^-1 and ln|Sigma_k| of each pattern, zero where a variable is not in it."""
    if len(masks) == 1 and masks.all():
        P, log_determinant = positive_inverse(sigma)
        return P[None], np.array([log_determinant])
    padded = pad(sigma, masks)
    root = np.linalg.cholesky(padded)
    log_determinants = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
    return np.linalg.inv(padded) * masks[:, :, None] * masks[:, None, :], log_determinants


def pad(sigma: Array, masks: Array) -> Array:
    """Return Sigma restricted to each pattern, with an identity for the variables not in it."""
    if masks.all():
        return np.broadcast_to(sigma, (len(masks), *sigma.shape)).copy()
    out: Array = sigma * masks[:, :, None] * masks[:, None, :]
    at = np.arange(sigma.shape[0])
    out[:, at, at] += 1.0 - masks
    return out


@dataclass(frozen=True)
class NormalPoint:
    """The likelihood at one value of the moments."""

    value: float
    P: Array
    d: Array
    T: Array
    fractions: Array

    @cached_property
    def PTP(self) -> Array:  # noqa: N802
        """P T P of every pattern."""
        return self.P @ self.T @ self.P

    @cached_property
    def by_sigma(self) -> Array:
        """dF/dSigma = 1/2 sum f_k (P_k - P_k T_k P_k)."""
        if len(self.P) == 1:
            only: Array = 0.5 * self.fractions[0] * (self.P[0] - self.PTP[0])
            return only
        out: Array = 0.5 * np.einsum("k,kij->ij", self.fractions, self.P - self.PTP)
        return out

    @cached_property
    def by_mu(self) -> Array:
        """dF/dmu = -sum f_k P_k d_k."""
        out: Array = -np.einsum("k,kij,kj->i", self.fractions, self.P, self.d)
        return out

    def fisher(self, lines: Slopes) -> Array:
        """Expected information: tr(P dSigma_k P dSigma_l) / 2 + dmu_k' P dmu_l."""
        out = paired_traces(lines, self.fractions, self.P, self.P)
        if lines.D.any():
            out = out + lines.D.T @ np.einsum("k,kij->ij", self.fractions, self.P) @ lines.D
        return out

    def curvature(self, lines: Slopes) -> Array:
        """Observed information without the second derivatives of the moments.

        sum f_k { tr(P dS_k P dS_l (P T - I/2)) + dmu_k' P dmu_l + dmu_k' P dS_l P d + dmu_l' P dS_k P d }.
        """
        out = paired_traces(lines, self.fractions, self.P, 2 * self.PTP - self.P)
        if lines.D.any():
            out = out + self._curvature_of_means(lines)
        return (out + out.T) / 2

    def _curvature_of_means(self, lines: Slopes) -> Array:
        """Sum over patterns of f { dmu_k' P dmu_l + dmu_k' P dS_l P d + dmu_l' P dS_k P d }."""
        D, U, V = lines.D, lines.U, lines.V
        weighted = self.fractions[:, None, None] * self.P
        Pd = np.einsum("kij,kj->ki", self.P, self.d)
        p, flat = len(U), weighted.reshape(len(weighted), -1).T
        by_u, by_v = ((flat @ (Pd @ X)).reshape(p, p, -1) for X in (U, V))
        mixed = D.T @ (np.einsum("ijl,jl->il", by_u, V) + np.einsum("ijl,jl->il", by_v, U))
        out: Array = D.T @ weighted.sum(0) @ D + mixed + mixed.T
        return out
