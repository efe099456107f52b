"""Two-level likelihood and gradient for a stack of resamples (twolevel.likelihood, led by the resample)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant, transpose
from pipeline.sem.twolevel.bootstrap.draws import GroupDraws


@dataclass(frozen=True)
class Slopes2:
    """F of every resample and its derivatives by the within and between covariances and the means."""

    value: Array
    by_within: Array
    by_between: Array
    by_mu: Array


@dataclass(frozen=True)
class _Basis:
    """T, the diagonals of (T Phi_j T')^-1 of every cluster, and what the determinants add up to."""

    T: Array
    delta: Array
    log_within: Array
    log_own: Array


def evaluate(within: Array, between: Array, mu: Array, draws: GroupDraws) -> Slopes2:
    """Return F and its derivatives; F is infinite where a drawn cluster's covariances are not defined."""
    table, counts = draws.table, draws.counts
    q = between.shape[1] - within.shape[1]
    basis = _diagonalise(within, between, table.sizes, q)
    T, delta = basis.T, basis.delta
    people = draws.people
    clusters = counts.sum(1)
    Y = (table.d - mu[:, None]) @ transpose(T)
    A = delta * Y
    Ty = T[:, q:, q:]
    S = Ty @ draws.scatter @ transpose(Ty)
    freedom = people - clusters
    logs = np.where(counts > 0, np.log(delta).sum(2), 0.0)
    raw = people * basis.log_within + clusters * basis.log_own - (counts * logs).sum(1)
    raw += np.trace(S, axis1=1, axis2=2) + (counts * (A * Y).sum(2)).sum(1)
    value = raw / (2 * people)
    weighted = counts[:, :, None] * A
    inner = -transpose(weighted) @ A
    _add_to_diagonal(inner, (counts[:, None] @ delta)[:, 0])
    by_between = transpose(T) @ inner @ T / (2 * people)[:, None, None]
    inverse = counts / table.sizes
    inner = -transpose(inverse[:, :, None] * A[:, :, q:]) @ A[:, :, q:] - S
    _add_to_diagonal(inner, freedom[:, None] + (inverse[:, None] @ delta[:, :, q:])[:, 0])
    by_within = transpose(Ty) @ inner @ Ty / (2 * people)[:, None, None]
    by_mu = -(weighted.sum(1)[:, None] @ T)[:, 0] / people[:, None]
    return Slopes2(np.where(np.isnan(value), np.inf, value), by_within, by_between, by_mu)


def _diagonalise(within: Array, between: Array, sizes: Array, q: int) -> _Basis:
    """Return the transformation of every resample; what is not positive definite becomes NaN."""
    L, log_within = _inverse_root(within)
    Z, log_own = _inverse_root(between[:, :q, :q])
    half = Z @ between[:, :q, q:]
    inner = L @ (between[:, q:, q:] - transpose(half) @ half) @ transpose(L)
    usable = np.isfinite(inner).all((1, 2))
    values, Q = np.linalg.eigh(np.where(usable[:, None, None], inner, 0.0))
    values[~usable] = np.nan
    T = np.zeros_like(between)
    T[:, q:, q:] = transpose(Q) @ L
    T[:, :q, :q] = Z
    T[:, q:, :q] = -T[:, q:, q:] @ transpose(half) @ Z
    below = values[:, None] + 1 / sizes[:, None]
    y = 1 / np.where(below > 0, below, np.nan)
    own = np.ones((*y.shape[:2], q))
    return _Basis(T, np.concatenate([own, y], axis=2), log_within, log_own)


def _inverse_root(stack: Array) -> tuple[Array, Array]:
    """Return L^-1 of the Cholesky factors and the log-determinants, NaN where there are none."""
    if not stack.shape[1]:
        return stack, np.zeros(len(stack))
    fit = np.isfinite(inverse_and_log_determinant(stack)[1])
    roots = np.linalg.cholesky(np.where(fit[:, None, None], stack, np.eye(stack.shape[1])))
    logs = 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(1)
    inverse = np.linalg.inv(roots)
    inverse[~fit] = np.nan
    return inverse, np.where(fit, logs, np.nan)


def _add_to_diagonal(stack: Array, values: Array) -> None:
    at = np.arange(stack.shape[1])
    stack[:, at, at] += values
