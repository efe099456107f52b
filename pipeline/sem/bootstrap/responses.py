"""The kernel of models with ordered items: discrepancy and gradient for a stack of resamples.

The formulas are those of ordinal.structure, with every array led by the resample and derivatives taken
backwards: what variances lose, by dividing thresholds and correlations, goes to the parameters that make
them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.dense import Dense, Filled
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.ordinal.structure import Shape
from pipeline.sem.ordinal.tables import pair_index


class Seen(Protocol):
    """Stacked moments of a group and their weights, a row each resample."""

    @property
    def moments(self) -> Array:
        """Thresholds, then correlations."""
        ...

    @property
    def V(self) -> Array:  # noqa: N802
        """Diagonal weights."""
        ...


@dataclass(frozen=True, eq=False)
class ResponseKernel:
    """F and its gradient for one group of all draws: ordinal.structure with every array led by the draw."""

    shape: Shape
    dense: Dense

    def __call__(self, theta: Array, group: Seen) -> tuple[Array, Array]:
        """Evaluate at the parameters of the group."""
        shape, p = self.shape, self.shape.block.p
        filled, tau, delta = respond_all(shape, self.dense, theta)
        variance = np.diagonal(filled.E, axis1=1, axis2=2)[:, :p]
        spread = np.sqrt(variance)
        item, count = shape.kinds.level_item, len(shape.kinds.level_item)
        first, second = pair_index(p)
        levels = (tau - filled.t[:, item]) / spread[:, item]
        pairs = filled.E[:, first, second] / (spread[:, first] * spread[:, second])
        residual = group.moments - np.hstack([levels, pairs])
        slope = -group.V * residual
        value = np.where((variance > 0).all(1), -0.5 * (slope * residual).sum(1), np.inf)
        by_level, by_pair = slope[:, :count], slope[:, count:]
        by_sigma = np.zeros((len(theta), p, p))
        by_sigma[:, first, second] = by_pair / (spread[:, first] * spread[:, second]) / 2
        by_sigma += by_sigma.transpose(0, 2, 1)
        by_mu = -_by_item(by_level / spread[:, item], item, p)
        lost = _by_item(by_level * levels, item, p)
        lost += _by_item(by_pair * pairs, first, p) + _by_item(by_pair * pairs, second, p)
        gradient = self._chain(filled, by_sigma, by_mu, lost / (2 * variance), delta=delta)
        at, k = shape.free_tau
        gradient[:, k] = by_level[:, at] / spread[:, item[at]]
        return np.where(np.isnan(value), np.inf, value), gradient

    def _chain(self, filled: Filled, by_sigma: Array, by_mu: Array, lost: Array, *, delta: Array) -> Array:
        """Take what variances lose (-lost a unit) to the parameters, or to the scales that fix them."""
        shape, at = self.shape, np.arange(self.shape.block.p)
        if not shape.by_scale:
            by_sigma[:, at, at] = -lost
            return self.dense.gradient(filled, by_sigma, by_mu)
        debt = -lost
        if not shape.simple:
            A = filled.A[:, : len(at)]
            own = np.einsum("rij,rik,rjk->rk", by_sigma, A, A)[:, shape.items]
            squares = A[:, shape.items[:, None], shape.items] ** 2
            price = np.linalg.solve(squares.transpose(0, 2, 1), own[:, :, None])[:, :, 0]
            by_sigma[:, shape.items, shape.items] = -price
            debt = debt + price
        out = self.dense.gradient(filled, by_sigma, by_mu)
        position, k = shape.free_delta
        out[:, k] = debt[:, position] * -2 * delta[:, position] ** -3
        return out


def _by_item(values: Array, item: Index, size: int) -> Array:
    """Sum columns that belong to the same item."""
    hot = np.zeros((len(item), size))
    hot[np.arange(len(item)), item] = 1.0
    out: Array = values @ hot
    return out


def respond_all(shape: Shape, dense: Dense, theta: Array) -> tuple[Filled, Array, Array]:
    """Return matrices with the items' residual variances, thresholds and scales of every draw."""
    R, o = len(theta), shape.items
    empty = GroupBatch((), np.zeros(0), np.zeros((R, 0)), np.zeros((R, 0, 0)))
    filled = dense.fill(theta, empty)
    tau, delta = np.repeat(shape.tau[None], R, axis=0), np.repeat(shape.delta[None], R, axis=0)
    tau[:, shape.free_tau[0]] = theta[:, shape.free_tau[1]]
    delta[:, shape.free_delta[0]] = theta[:, shape.free_delta[1]]
    if shape.by_scale:
        own = 1 / delta**2 - np.diagonal(filled.E, axis1=1, axis2=2)[:, o]
        if not shape.simple:
            squares = filled.A[:, o[:, None], o] ** 2
            own = np.linalg.solve(squares, own[:, :, None])[:, :, 0]
        S = filled.S.copy()
        S[:, o, o] = own
        E = filled.A @ S @ filled.A.transpose(0, 2, 1)
        filled = Filled(filled.B, S, filled.m, filled.A, E, filled.t)
    return filled, tau, delta


def respond_with_covariates(shape: Shape, theta: Array, covariance: Array) -> tuple[Filled, Array, Array]:
    """Return the same with the covariates' covariances in S and E, after items were solved without them."""
    x = shape.x
    S = shape.block.S.copy()
    S[np.ix_(x, x)] = 0.0
    block = replace(shape.block, S=S)
    filled, tau, delta = respond_all(
        replace(shape, block=block), Dense(block, np.zeros(0, dtype=np.intp)), theta
    )
    if not shape.by_scale:
        delta = 1 / np.sqrt(np.diagonal(filled.E, axis1=1, axis2=2)[:, shape.items])
    full = filled.S.copy()
    full[:, x[:, None], x] = covariance
    E = filled.A @ full @ filled.A.transpose(0, 2, 1)
    return Filled(filled.B, full, filled.m, filled.A, E, filled.t), tau, delta
