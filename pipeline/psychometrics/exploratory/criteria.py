"""What a rotation makes small: criterion and gradient, each a function of the loadings.

`rotation` minimises them. Formulas as in Bernaards & Jennrich (2005).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError

Floats = NDArray[np.float64]
Criterion = Callable[[Floats], tuple[float, Floats]]


def quartimax(loadings: Floats) -> tuple[float, Floats]:
    """Fourth powers within items are large (Neuhaus & Wrigley, 1954)."""
    return float(-np.sum(loadings**4) / 4), -(loadings**3)


def varimax(loadings: Floats) -> tuple[float, Floats]:
    """Squared loadings vary within factors (Kaiser, 1958)."""
    squares = loadings**2
    apart = squares - squares.mean(axis=0)
    return float(-np.sum(apart**2) / 4), -loadings * apart


def oblimin(gamma: float = 0.0) -> Criterion:
    """Covariances of squared loadings between factors are small (Carroll, 1960); 0 is quartimin."""

    def criterion(loadings: Floats) -> tuple[float, Floats]:
        squares = loadings**2
        others = squares.sum(axis=1, keepdims=True) - squares
        others = others - gamma * others.mean(axis=0)
        return float(np.sum(squares * others) / 4), loadings * others

    return criterion


def geomin(delta: float = 0.01) -> Criterion:
    """Geometric mean of an item's squared loadings is small (Yates, 1987; Browne, 2001)."""

    def criterion(loadings: Floats) -> tuple[float, Floats]:
        squares = loadings**2 + delta
        products = np.exp(np.log(squares).mean(axis=1, keepdims=True))
        return float(products.sum()), 2 / loadings.shape[1] * loadings / squares * products

    return criterion


def target(wanted: Floats) -> Criterion:
    """Distance from wanted loadings; those that are NaN are free (Browne, 2001)."""
    asked = np.isfinite(wanted)
    if not asked.any():
        raise PsychometricsError("a target rotation needs at least one wanted loading")

    def criterion(loadings: Floats) -> tuple[float, Floats]:
        apart = np.where(asked, loadings - np.where(asked, wanted, 0.0), 0.0)
        return float(np.sum(apart**2)), 2 * apart

    return criterion
