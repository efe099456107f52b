"""Weighted least squares on the stacked moments: GLS, ULS, WLS (ADF), DWLS.

F = 1/2 (s - sigma)' V (s - sigma),  s = (mean, vech S)   (Browne, 1974, 1984)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, vech, vech_index
from pipeline.sem.structure.derivatives import Slopes, jacobian
from pipeline.sem.structure.ram import Implied


@dataclass(frozen=True)
class Quadratic:
    """Sample moments of one group and their weight matrix V (or its diagonal)."""

    moments: Array
    V: Array
    meanstructure: bool

    def at(self, implied: Implied) -> QuadraticPoint:
        """Evaluate at implied moments."""
        stacked = vech(implied.sigma)
        if self.meanstructure:
            stacked = np.concatenate([implied.mu, stacked])
        residual = self.moments - stacked
        weighted = weigh(self.V, residual)
        return QuadraticPoint(
            0.5 * float(residual @ weighted), weighted, self.V, self.meanstructure, len(implied.mu)
        )


def weigh(V: Array, values: Array) -> Array:
    """Return V times a vector or matrix; a one-dimensional V is a diagonal."""
    if V.ndim == 2:
        return V @ values
    return V * values if values.ndim == 1 else V[:, None] * values


@dataclass(frozen=True)
class QuadraticPoint:
    """The discrepancy at one value of the moments."""

    value: float
    weighted: Array
    V: Array
    meanstructure: bool
    p: int

    @property
    def by_sigma(self) -> Array:
        """dF/dSigma: minus the weighted residuals, each covariance shared by its two cells."""
        rows, columns = vech_index(self.p)
        out = np.zeros((self.p, self.p))
        out[rows, columns] = -self.weighted[self.p if self.meanstructure else 0 :]
        return (out + out.T) / 2

    @property
    def by_mu(self) -> Array:
        """dF/dmu."""
        return -self.weighted[: self.p] if self.meanstructure else np.zeros(self.p)

    def fisher(self, lines: Slopes) -> Array:
        """Gauss-Newton matrix Delta' V Delta."""
        delta = jacobian(lines, self.meanstructure)
        return delta.T @ weigh(self.V, delta)

    def curvature(self, lines: Slopes) -> Array:
        """The same: residuals enter only with the second derivatives of the moments."""
        return self.fisher(lines)
