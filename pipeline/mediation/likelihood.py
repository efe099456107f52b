"""Likelihood of a linear model with nested random intercepts, as a function of the variance ratios alone.

`mixed` maximises it, and holds what statsmodels found against it. Numbers in, numbers out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
# Complex while a derivative is taken, real otherwise.
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Profile:
    """What the variance ratios imply: coefficients, their unscaled covariance, residual variance, logL."""

    logl: Any
    coefficients: Numbers
    unscaled: Numbers
    residual: Any


@dataclass(frozen=True)
class NestedLikelihood:
    """Sufficient statistics of y = X b + u1 + u2 + ... + e, the clusters of each u nested in the next.

    With V = I + g1 Z1 Z1' + g2 Z2 Z2' + ..., g the ratios of cluster to residual variance, V^-1 and |V|
    follow level by level from sums over clusters (the matrix inversion lemma applied once a level), so that
    one evaluation costs the number of clusters, not of rows. Coefficients and residual variance are profiled
    out (Harville, 1977; Bates et al., 2015). ML: n log(2 pi s2) + n + log|V|; REML adds log|X'V^-1 X| and
    counts n - p.
    """

    rows: int
    columns: int
    cross: Floats
    sizes: Floats
    sums: Floats
    parents: tuple[Codes, ...]
    reml: bool

    @classmethod
    def of(cls, y: Floats, X: Floats, groups: Sequence[Codes], reml: bool = False) -> NestedLikelihood:
        """From rows; `groups` holds one code per row and level (0, 1, 2...), nearest level first."""
        stacked = np.column_stack([X, y])
        sizes = np.bincount(groups[0]).astype(float)
        parents = tuple(_parent(lower, upper) for lower, upper in pairwise(groups))
        sums = _sum_by(stacked, groups[0], len(sizes))
        n, p = X.shape
        return cls(n, p, stacked.T @ stacked, sizes, sums, parents, reml)

    @property
    def levels(self) -> int:
        """How many random intercepts there are."""
        return len(self.parents) + 1

    def profile(self, ratios: Numbers) -> Profile:
        """Log-likelihood and coefficients at these ratios of cluster to residual variance."""
        cross, log_det = self._weighted(ratios)
        p, free = self.columns, self.rows - (self.columns if self.reml else 0)
        unscaled = np.linalg.inv(cross[:p, :p])
        coefficients = unscaled @ cross[:p, p]
        residual = (cross[p, p] - cross[:p, p] @ coefficients) / free
        twice = free * (np.log(2 * np.pi * residual) + 1) + log_det
        if self.reml:
            twice = twice + np.log(np.linalg.det(cross[:p, :p] / self.rows)) + p * np.log(self.rows)
        return Profile(-twice / 2, coefficients, unscaled, residual)

    def logl(self, ratios: Floats) -> float:
        """Profile log-likelihood."""
        return float(np.real(self.profile(ratios).logl))

    def gradient(self, ratios: Floats) -> Floats:
        """Derivative of `logl`, by the complex step (Squire & Trapp, 1998): exact to machine precision."""
        steps = ratios + 1e-20j * np.eye(len(ratios))
        return np.array([np.imag(self.profile(step).logl) / 1e-20 for step in steps])

    def hessian(self, ratios: Floats) -> Floats:
        """Second derivative of `logl`, by central differences of the gradient."""
        widths = 1e-4 * np.maximum(ratios, 1e-3 / self.sizes.max())
        columns = [
            (self.gradient(ratios + step) - self.gradient(ratios - step)) / (2 * width)
            for width, step in zip(widths, np.diag(widths), strict=True)
        ]
        matrix = np.array(columns)
        return np.asarray((matrix + matrix.T) / 2)

    def _weighted(self, ratios: Numbers) -> tuple[Numbers, Any]:
        """[X y]' V^-1 [X y] and log|V|."""
        cross: Numbers = self.cross.astype(ratios.dtype)
        size: Numbers = self.sizes
        sums: Numbers = self.sums
        log_det = ratios.dtype.type(0)
        for level, ratio in enumerate(ratios):
            if level:
                parent = self.parents[level - 1]
                units = int(parent.max()) + 1
                size, sums = _sum_by(size, parent, units), _sum_by(sums, parent, units)
            shrink = 1 / (1 + ratio * size)
            log_det = log_det - np.log(shrink).sum()
            cross = cross - (sums * (ratio * shrink)[:, None]).T @ sums
            size, sums = shrink * size, shrink[:, None] * sums
        return cross, log_det


def _sum_by(values: Numbers, codes: Codes, units: int) -> Numbers:
    total = np.zeros((units, *values.shape[1:]), dtype=values.dtype)
    np.add.at(total, codes, values)
    return total


def _parent(lower: Codes, upper: Codes) -> Codes:
    """For each lower unit, the upper unit that it lies in."""
    first = np.unique(lower, return_index=True)[1]
    return upper[first]
