"""What an estimator must be able to do for one group; the optimiser and the inference see nothing else."""

from __future__ import annotations

from typing import Protocol

from pipeline.sem.arrays import Array
from pipeline.sem.structure.derivatives import Slopes
from pipeline.sem.structure.ram import Implied


class Point(Protocol):
    """A discrepancy at one value of the moments."""

    @property
    def value(self) -> float:
        """F, half the usual discrepancy: chi-square is 2 N F."""
        ...

    @property
    def by_sigma(self) -> Array:
        """Derivative by Sigma, as a symmetric matrix M with dF = tr(M dSigma)."""
        ...

    @property
    def by_mu(self) -> Array:
        """Derivative by mu."""
        ...

    def fisher(self, lines: Slopes) -> Array:
        """Expected second derivatives (Gauss-Newton matrix) by the parameters, for one row."""
        ...

    def curvature(self, lines: Slopes) -> Array:
        """Second derivatives by the parameters as if moments were linear in them."""
        ...


class Discrepancy(Protocol):
    """How far implied moments are from a group's sample moments."""

    def at(self, implied: Implied) -> Point:
        """Evaluate; raises LinAlgError where the implied covariances are not positive definite."""
        ...
