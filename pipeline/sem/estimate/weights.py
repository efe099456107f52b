"""Weights of the moments (mu, vech Sigma) in least squares, none larger than it must be.

GLS weighs by V = 1/2 D'(P x P) D with P = S^-1 (and P for means), ULS by one. Products with either are
p x p products: V vech(E) is the half-vectorisation of P E P, and
    Delta' V Delta = tr(P dSigma_k P dSigma_l) / 2 + dmu_k' P dmu_l   (Browne, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.sem.arrays import Array, unvech, vech, vech_index
from pipeline.sem.inference.saturated import gls_weights
from pipeline.sem.structure.derivatives import Slopes, jacobian, paired_traces


class Weights(Protocol):
    """A weight matrix V by what it does."""

    @property
    def V(self) -> Array:  # noqa: N802
        """The matrix, or its diagonal."""
        ...

    def times(self, values: Array) -> Array:
        """V times a vector of moments."""
        ...

    def gauss_newton(self, lines: Slopes) -> Array:
        """Delta' V Delta."""
        ...


@dataclass(frozen=True)
class Given:
    """Any matrix, or its diagonal: WLS and DWLS."""

    V: Array
    meanstructure: bool

    def times(self, values: Array) -> Array:
        """V times a vector of moments."""
        return weigh(self.V, values)

    def gauss_newton(self, lines: Slopes) -> Array:
        """Delta' V Delta."""
        delta = jacobian(lines, self.meanstructure)
        return delta.T @ weigh(self.V, delta)


@dataclass(frozen=True)
class Unit:
    """All moments count the same: ULS."""

    p: int
    meanstructure: bool

    @property
    def V(self) -> Array:  # noqa: N802
        """The diagonal."""
        return np.ones(self.p * (self.p + 1) // 2 + self.p * self.meanstructure)

    def times(self, values: Array) -> Array:
        """V times a vector of moments."""
        return values

    def gauss_newton(self, lines: Slopes) -> Array:
        """Sum of the squares over the lower triangle: half of all cells, and half of the diagonal again."""
        one, diagonal = np.eye(self.p)[None], 2 * lines.U * lines.V
        squares: Array = paired_traces(lines, np.ones(1), one, one) + diagonal.T @ diagonal / 2
        return squares + lines.D.T @ lines.D if self.meanstructure else squares


@dataclass(frozen=True)
class Expected:
    """Normal-theory weights at the sample's covariances, by their inverse P: GLS."""

    P: Array
    meanstructure: bool

    @property
    def V(self) -> Array:  # noqa: N802
        """The matrix, p* x p*: only for those who cannot do without."""
        return gls_weights(np.linalg.inv(self.P), self.meanstructure)

    def times(self, values: Array) -> Array:
        """V times a vector of moments."""
        p = len(self.P)
        first = p if self.meanstructure else 0
        rows, columns = vech_index(p)
        covariances = vech(self.P @ unvech(values[first:]) @ self.P) * np.where(rows == columns, 0.5, 1.0)
        return np.concatenate([self.P @ values[:first], covariances]) if first else covariances

    def gauss_newton(self, lines: Slopes) -> Array:
        """Delta' V Delta."""
        P = self.P[None]
        squares = paired_traces(lines, np.ones(1), P, P)
        return squares + lines.D.T @ self.P @ lines.D if self.meanstructure else squares


def weigh(V: Array, values: Array) -> Array:
    """Return V times a vector or matrix; a one-dimensional V is a diagonal."""
    if V.ndim == 2:
        return V @ values
    return V * values if values.ndim == 1 else V[:, None] * values
