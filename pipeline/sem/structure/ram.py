"""Implied moments of a structural equation model in reticular action form (McArdle & McDonald, 1984).

All variables, observed first, stand in z = m + B z + e with cov(e) = S. With A = (I - B)^-1,
    cov(z) = E = A S A',  mean(z) = t = A m,
and the observed part is the first p rows. Loadings are regressions of indicators on factors, so nothing
needs a second treatment: path models, factor models and mixtures are one case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index, inverse


@dataclass(frozen=True)
class Block:
    """Where the parameters of one group stand in its matrices.

    `directed` rows are cells (to, from) of B, `symmetric` ones cells of S, `mean` ones cells of m; the
    third row of each is the parameter's position in the block. Fixed values stand in B, S and m.
    """

    p: int
    q: int
    B: Array
    S: Array
    m: Array
    directed: Index
    symmetric: Index
    mean: Index
    meanstructure: bool

    @property
    def n(self) -> int:
        """Number of variables, observed and latent."""
        return int(self.B.shape[0])

    @cached_property
    def causes(self) -> slice:
        """The shortest run of variables that holds all that some regression or loading starts from."""
        at = np.concatenate([np.flatnonzero(self.B.any(axis=0)), self.directed[1]])
        return slice(int(at.min()), int(at.max()) + 1) if len(at) else slice(0, 0)

    @cached_property
    def pairs(self) -> tuple[Index, Index, Array]:
        """Columns u and v of [A E] whose product each parameter moves Sigma by, and the share of it."""
        u, v = np.zeros(self.q, dtype=np.intp), np.zeros(self.q, dtype=np.intp)
        half = np.zeros(self.q)
        i, j, k = self.directed
        u[k], v[k], half[k] = i, j + self.n, 1.0
        i, j, k = self.symmetric
        u[k], v[k], half[k] = i, j, np.where(i == j, 0.5, 1.0)
        return u, v, half


@dataclass(frozen=True)
class Implied:
    """Moments of all variables, and the total-effects matrix A."""

    A: Array
    E: Array
    t: Array
    p: int

    @property
    def sigma(self) -> Array:
        """Implied covariances of the observed variables."""
        return self.E[: self.p, : self.p]

    @property
    def mu(self) -> Array:
        """Implied means of the observed variables."""
        return self.t[: self.p]


def matrices(block: Block, theta: Array) -> tuple[Array, Array, Array]:
    """Fill the parameters into B, S and m."""
    B, S, m = block.B.copy(), block.S.copy(), block.m.copy()
    i, j, k = block.directed
    B[i, j] = theta[k]
    i, j, k = block.symmetric
    S[i, j] = theta[k]
    S[j, i] = theta[k]
    i, _, k = block.mean
    m[i] = theta[k]
    return B, S, m


def imply(block: Block, theta: Array) -> Implied:
    """Return the implied moments at a parameter value; raises LinAlgError where I - B is singular."""
    B, S, m = matrices(block, theta)
    A = _total_effects(B, block.causes)
    E = A @ S @ A.T
    return Implied(A, (E + E.T) / 2, A @ m, block.p)


def _total_effects(B: Array, causes: slice) -> Array:
    """Return (I - B)^-1 = I + B_c (I - B_cc)^-1 with c the causes: a matrix as large as they are many."""
    A, size = np.eye(len(B)), causes.stop - causes.start
    A[:, causes] += B[:, causes] @ inverse(np.eye(size) - B[causes, causes])
    return A
