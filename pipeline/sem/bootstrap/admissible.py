"""Which draws are improper: a negative variance, or indefinite covariances of factors or of residuals.

`values` calls it. Where no factor depends on an observed variable, which is the rule, factors' covariances
follow from the factors' own part of the matrices, and the observed part is never formed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.bootstrap.dense import Dense, Filled
from pipeline.sem.bootstrap.linear import inverse_and_log_determinant
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.structure.ram import Block

_PORTION = 500


def of_draws(dense: Dense, theta: Array, exogenous: Array) -> Array:
    """Return which draws of a group are improper, given its parameters and exogenous covariances."""
    starts = range(0, len(theta), _PORTION)
    parts = [slice(start, start + _PORTION) for start in starts]
    return np.concatenate([_of_some(dense, theta[part], exogenous[part]) for part in parts])


def of_filled(filled: Filled, observed: int) -> Array:
    """Return which draws are improper, given all matrices; observed variables stand first."""
    return _improper(filled.S, filled.E[:, observed:, observed:], observed)


def _of_some(dense: Dense, theta: Array, exogenous: Array) -> Array:
    block = dense.block
    group = GroupBatch((), np.zeros(0), np.zeros((len(theta), exogenous.shape[1])), exogenous)
    if _looks_back(block):
        return of_filled(dense.fill(theta, group), block.p)
    S, _ = dense.moments(theta, group)
    none: Index = np.zeros(0, dtype=np.intp)
    factors = Dense(_factors(block), none).fill(theta, replace(group, exogenous_mean=none))
    return _improper(S, factors.E, block.p)


def _looks_back(block: Block) -> bool:
    """Whether some factor depends on an observed variable."""
    i, j, _ = block.directed
    return bool(block.B[block.p :, : block.p].any() or ((i >= block.p) & (j < block.p)).any())


def _factors(block: Block) -> Block:
    """Return the part of the matrices that holds factors only."""
    p = block.p
    directed, symmetric, mean = (
        at[:, (at[:2] >= p).all(axis=0)] - np.array([[p], [p], [0]])
        for at in (block.directed, block.symmetric, block.mean)
    )
    return replace(
        block,
        p=0,
        B=block.B[p:, p:],
        S=block.S[p:, p:],
        m=block.m[p:],
        directed=directed,
        symmetric=symmetric,
        mean=mean,
    )


def _improper(S: Array, factors: Array, p: int) -> Array:
    negative = (np.diagonal(S, axis1=1, axis2=2) < 0).any(axis=1)
    out: Array = negative | _indefinite(factors) | _indefinite(S[:, :p, :p])
    return out


def _indefinite(stack: Array) -> Array:
    """Return which matrices have a negative eigenvalue; only those that cannot be factored are decomposed."""
    out = np.zeros(len(stack), dtype=bool)
    if not stack.shape[1]:
        return out
    doubtful = np.flatnonzero(~np.isfinite(inverse_and_log_determinant(stack)[1]))
    smallest = np.linalg.eigvalsh(stack[doubtful])[:, 0]
    out[doubtful] = smallest < -1e-10 * np.abs(stack[doubtful]).max(axis=(1, 2))
    return out
