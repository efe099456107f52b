"""Unrotated factor loadings: minimum residual, maximum likelihood, principal axis.

`efa` calls it, and `schmid_leiman` for the general factor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.correlation_matrix import squared_multiple_correlations
from pipeline.psychometrics.exploratory.scree import reduced

Floats = NDArray[np.float64]
Method = Literal["minres", "ml", "pa"]
# uniquenesses, correlations, factors -> discrepancy and its gradient
Objective = Callable[[Floats, Floats, int], tuple[float, Floats]]

# psych's and factanal's lower bound of a uniqueness.
LOWEST = 0.005


@dataclass(frozen=True)
class Extraction:
    """Loadings on uncorrelated unit-variance factors, largest first, and uniquenesses."""

    loadings: Floats
    uniquenesses: Floats
    converged: bool

    @property
    def at_bound(self) -> NDArray[np.bool_]:
        """Items whose uniqueness is held at the lower bound (Heywood cases)."""
        return np.asarray(self.uniquenesses <= LOWEST * 1.001)


def extract(correlations: Floats, factors: int, method: Method = "minres") -> Extraction:
    """Extract factors from a correlation matrix; the loadings of each add up to a positive number."""
    if method not in ("minres", "ml", "pa"):
        raise PsychometricsError(f"method is 'minres', 'ml' or 'pa', not '{method}'")
    if not 1 <= factors < len(correlations):
        raise PsychometricsError(f"{factors} factors cannot be taken from {len(correlations)} items")
    if method == "pa":
        return _principal_axis(correlations, factors)
    objective = _least_squares if method == "minres" else _likelihood
    uniquenesses, converged = _minimise(objective, correlations, factors)
    if method == "minres":
        loadings = top_loadings(reduced(correlations, 1 - uniquenesses), factors)
    else:
        root = np.sqrt(uniquenesses)
        values, vectors = np.linalg.eigh(correlations / np.outer(root, root))
        stretch = np.sqrt(np.maximum(values[::-1][:factors] - 1, 0))
        loadings = root[:, None] * vectors[:, ::-1][:, :factors] * stretch
    return Extraction(facing_up(loadings), uniquenesses, converged)


def top_loadings(matrix: Floats, factors: int) -> Floats:
    """Leading eigenvectors times the roots of their eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors[:, ::-1][:, :factors] * np.sqrt(np.maximum(values[::-1][:factors], 0)))


def facing_up(loadings: Floats) -> Floats:
    """Each column turned so that it adds up to a positive number."""
    return np.asarray(loadings * np.where(loadings.sum(axis=0) < 0, -1.0, 1.0))


def _minimise(objective: Objective, correlations: Floats, factors: int) -> tuple[Floats, bool]:
    """Uniquenesses at the minimum, over their logarithms; polished until the gradient is gone."""
    from scipy.optimize import minimize

    start = np.clip(1 - squared_multiple_correlations(correlations), LOWEST, 1.0)

    def on_logs(logs: Floats) -> tuple[float, Floats]:
        uniquenesses = np.exp(logs)
        value, slope = objective(uniquenesses, correlations, factors)
        return value, slope * uniquenesses

    bounds = [(float(np.log(LOWEST)), 0.0)] * len(correlations)
    logs = np.log(start)
    for _ in range(3):
        logs = minimize(
            on_logs,
            logs,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-16, "gtol": 1e-10, "maxcor": 30},
        ).x
    slope = on_logs(logs)[1]
    free = (logs > bounds[0][0] + 1e-9) & (logs < -1e-9)
    return np.exp(logs), bool(np.abs(slope[free]).max(initial=0.0) < 1e-5)


def _least_squares(uniquenesses: Floats, correlations: Floats, factors: int) -> tuple[float, Floats]:
    """Half the sum of squared residuals: the eigenvalues of R - Psi that are left (Harman & Jones, 1966)."""
    values, vectors = np.linalg.eigh(reduced(correlations, 1 - uniquenesses))
    left = min(len(correlations) - factors, int((values <= values[::-1][factors - 1]).sum()))
    rest, axes = values[:left], vectors[:, :left]
    return float(0.5 * np.sum(rest**2)), -(axes**2) @ rest


def _likelihood(uniquenesses: Floats, correlations: Floats, factors: int) -> tuple[float, Floats]:
    """ML discrepancy with loadings at their best for these uniquenesses (Joreskog, 1967)."""
    root = np.sqrt(uniquenesses)
    values, vectors = np.linalg.eigh(correlations / np.outer(root, root))
    left = len(correlations) - factors
    rest, axes = np.maximum(values[:left], 1e-12), vectors[:, :left]
    return float(np.sum(rest - np.log(rest) - 1)), -(axes**2) @ (rest - 1) / uniquenesses


def _principal_axis(correlations: Floats, factors: int, most: int = 20_000) -> Extraction:
    """Communalities are put in the diagonal until they stay the same (Thurstone, 1947)."""
    communalities = squared_multiple_correlations(correlations)
    loadings = top_loadings(reduced(correlations, communalities), factors)
    converged = False
    for _ in range(most):
        new = np.minimum(np.sum(loadings**2, axis=1), 1 - LOWEST)
        converged = bool(np.abs(new - communalities).max() < 1e-10)
        communalities = new
        loadings = top_loadings(reduced(correlations, communalities), factors)
        if converged:
            break
    return Extraction(facing_up(loadings), 1 - communalities, converged)
