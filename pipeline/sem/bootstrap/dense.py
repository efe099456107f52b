"""The general kernel: likelihood and gradient of any recursive action model for a stack of resamples.

F = 1/2 sum_k f_k [ln|Sigma_k| + tr(P_k T_k)] as in estimate.normal, with every array led by the resample.
Residual variances are not bounded; F is infinite where the implied covariances are not positive definite.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant, transpose
from pipeline.sem.bootstrap.moments import GroupBatch, PatternMoments
from pipeline.sem.structure.ram import Block


@dataclass(frozen=True)
class Filled:
    """Matrices of a group in every resample, its total effects and the moments of all variables."""

    B: Array
    S: Array
    m: Array
    A: Array
    E: Array
    t: Array


@dataclass(frozen=True)
class Dense:
    """One group's structure: where parameters and fixed exogenous variables stand."""

    block: Block
    exogenous: Index

    def __call__(self, theta: Array, group: GroupBatch) -> tuple[Array, Array]:
        """Return F (resamples) and its gradient (resamples x parameters)."""
        filled = self.fill(theta, group)
        value, by_sigma, by_mu = self._likelihood(filled, group)
        return np.where(np.isnan(value), np.inf, value), self.gradient(filled, by_sigma, by_mu)

    def fill(self, theta: Array, group: GroupBatch) -> Filled:
        """Put parameters and the resamples' exogenous moments into the matrices."""
        block = self.block
        S, m = self.moments(theta, group)
        B = np.repeat(block.B[None], len(theta), axis=0)
        i, j, k = block.directed
        B[:, i, j] = theta[:, k]
        A = total_effects(B, self.depth)
        return Filled(B, S, m, A, A @ S @ transpose(A), (A @ m[:, :, None])[:, :, 0])

    def moments(self, theta: Array, group: GroupBatch) -> tuple[Array, Array]:
        """Return S and m of every resample."""
        block, R = self.block, len(theta)
        S, m = (np.repeat(fixed[None], R, axis=0) for fixed in (block.S, block.m))
        i, j, k = block.symmetric
        S[:, i, j] = S[:, j, i] = theta[:, k]
        i, _, k = block.mean
        m[:, i] = theta[:, k]
        if len(self.exogenous):
            S[:, self.exogenous[:, None], self.exogenous] = group.exogenous_covariance
            if block.meanstructure:
                m[:, self.exogenous] = group.exogenous_mean
        return S, m

    @cached_property
    def depth(self) -> int | None:
        """Length of the longest chain of paths; None where paths run in a circle."""
        return longest_chain(self.block)

    def _likelihood(self, filled: Filled, group: GroupBatch) -> tuple[Array, Array, Array]:
        p, R = self.block.p, len(filled.E)
        sigma = filled.E[:, :p, :p]
        mu = filled.t[:, :p] if self.block.meanstructure else None
        if len(group.patterns) == 1 and len(group.patterns[0].columns) == p:
            return _pattern_likelihood(group.patterns[0], sigma, mu)
        value, by_sigma, by_mu = np.zeros(R), np.zeros((R, p, p)), np.zeros((R, p))
        for pattern in group.patterns:
            at = pattern.columns
            own = None if mu is None else mu[:, at]
            part, slope, shift = _pattern_likelihood(pattern, sigma[:, at[:, None], at], own)
            value += part
            by_sigma[:, at[:, None], at] += slope
            by_mu[:, at] += shift
        return value, by_sigma, by_mu

    def gradient(self, filled: Filled, by_sigma: Array, by_mu: Array) -> Array:
        """Chain rule of structure.derivatives, for all resamples."""
        block, p = self.block, self.block.p
        A = filled.A[:, :p]
        left = transpose(A) @ by_sigma
        out = np.zeros((len(A), block.q))
        shift = (by_mu[:, None] @ A)[:, 0]
        i, j, k = block.directed
        sources, column = np.unique(j, return_inverse=True)
        out[:, k] = 2 * (left @ filled.E[:, :p, sources])[:, i, column] + shift[:, i] * filled.t[:, j]
        i, j, k = block.symmetric
        out[:, k] = 2 * (left @ A)[:, i, j] * np.where(i == j, 0.5, 1.0)
        i, _, k = block.mean
        out[:, k] = shift[:, i]
        return out


def longest_chain(block: Block) -> int | None:
    """Return the number of paths in the longest directed chain, None for a loop."""
    path = block.B != 0
    path[block.directed[0], block.directed[1]] = True
    reach, length = path.copy(), 0
    while reach.any():
        length += 1
        if length > block.n:
            return None
        reach = (reach.astype(float) @ path) > 0
    return length


def total_effects(B: Array, depth: int | None) -> Array:
    """Return (I - B)^-1: a finite sum of powers of B where no path runs in a circle."""
    one = np.eye(B.shape[1])
    if depth is None:
        return np.linalg.inv(one - B)
    A = one + B if depth else np.broadcast_to(one, B.shape)
    for _ in range(depth - 1):
        A = one + B @ A
    return A


def _pattern_likelihood(
    pattern: PatternMoments, sigma: Array, mu: Array | None
) -> tuple[Array, Array, Array]:
    """Return f_k (ln|Sigma| + tr PT) / 2 and its derivatives f_k (P - PTP) / 2 and -f_k P d."""
    P, log_determinant = inverse_and_log_determinant(sigma)
    d = np.zeros_like(pattern.mean) if mu is None else pattern.mean - mu
    T = pattern.covariance if mu is None else pattern.covariance + d[:, :, None] * d[:, None, :]
    PT = P @ T
    share = pattern.share
    value = 0.5 * share * (log_determinant + np.trace(PT, axis1=1, axis2=2))
    by_sigma = (0.5 * share)[:, None, None] * (P - PT @ P)
    return value, by_sigma, -share[:, None] * (P @ d[:, :, None])[:, :, 0]
