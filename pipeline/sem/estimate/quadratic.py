"""Weighted least squares on the stacked moments: GLS, ULS, WLS (ADF), DWLS.

F = 1/2 (s - sigma)' V (s - sigma),  s = (mean, vech S)   (Browne, 1974, 1984)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, vech, vech_index
from pipeline.sem.estimate.weights import Weights
from pipeline.sem.structure.derivatives import Slopes
from pipeline.sem.structure.ram import Implied


@dataclass(frozen=True)
class Quadratic:
    """Sample moments of one group and their weights."""

    moments: Array
    weights: Weights
    meanstructure: bool

    @property
    def V(self) -> Array:  # noqa: N802
        """The weight matrix, or its diagonal."""
        return self.weights.V

    def at(self, implied: Implied) -> QuadraticPoint:
        """Evaluate at implied moments."""
        stacked = vech(implied.sigma)
        if self.meanstructure:
            stacked = np.concatenate([implied.mu, stacked])
        residual = self.moments - stacked
        weighted = self.weights.times(residual)
        return QuadraticPoint(
            0.5 * float(residual @ weighted), weighted, self.weights, self.meanstructure, len(implied.mu)
        )


@dataclass(frozen=True)
class QuadraticPoint:
    """The discrepancy at one value of the moments."""

    value: float
    weighted: Array
    weights: Weights
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
        return self.weights.gauss_newton(lines)

    def curvature(self, lines: Slopes) -> Array:
        """The same: residuals enter only with the second derivatives of the moments."""
        return self.fisher(lines)
