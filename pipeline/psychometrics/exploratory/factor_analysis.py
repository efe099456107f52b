"""Exploratory factor analysis: extraction, rotation, fit.

The validate stage calls `efa` with as many factors as parallel analysis finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.exploratory.correlation_matrix import CorrelationMatrix, Kind, correlation_matrix
from pipeline.psychometrics.exploratory.extraction import Extraction, Method, extract
from pipeline.psychometrics.exploratory.factor_fit import FactorFit, factor_fit
from pipeline.psychometrics.exploratory.rotation import Rotated, Rotation, RotationOptions, rotate
from pipeline.psychometrics.exploratory.scree import eigenvalues, reduced
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FactorAnalysis:
    """An exploratory factor solution.

    `loadings` are pattern coefficients, factors ordered by the variance they explain and turned so that they
    add up to a positive number (those of a target rotation follow the target); `phi` are factor correlations
    (None if uncorrelated), `structure` the correlations of items with factors. `values` are eigenvalues of
    the reduced correlation matrix. `complexity` is Hofmann's (1978). `fit` is that of the unrotated solution.
    """

    method: Method
    rotation: Rotation
    n: int
    loadings: pd.DataFrame
    phi: pd.DataFrame | None
    structure: pd.DataFrame
    uniquenesses: pd.Series[float]
    values: Floats
    fit: FactorFit
    converged: bool
    warnings: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row an item: loadings, communality, uniqueness, complexity."""
        squares = self.loadings.to_numpy() ** 2
        with np.errstate(invalid="ignore"):
            complexity = squares.sum(axis=1) ** 2 / np.sum(squares**2, axis=1)
        return self.loadings.assign(
            communality=1 - self.uniquenesses, uniqueness=self.uniquenesses, complexity=complexity
        )

    @property
    def variance(self) -> pd.DataFrame:
        """One row a factor: ss_loadings, proportion of all variance, explained (of the common variance)."""
        import pandas as pd

        loads = self.loadings.to_numpy()
        phi = np.eye(loads.shape[1]) if self.phi is None else self.phi.to_numpy()
        ss = np.diag(phi @ loads.T @ loads)
        columns = {"ss_loadings": ss, "proportion": ss / len(loads), "explained": ss / ss.sum()}
        return pd.DataFrame(columns, index=self.loadings.columns)


def efa(
    items: pd.DataFrame,
    factors: int,
    method: Method = "minres",
    rotation: Rotation = "oblimin",
    *,
    n: int | None = None,
    missing: Missing = "complete",
    options: RotationOptions | None = None,
    correlations: Kind = "pearson",
) -> FactorAnalysis:
    """Exploratory factor analysis of correlations (Thurstone, 1947), as R's psych does it.

    `correlations`: pearson, or polychoric, which takes answers as cut normals.

    Methods: minres (minimum residual; Harman & Jones, 1966), ml (Joreskog, 1967), pa (principal axis,
    iterated until communalities stay within 1e-10). Rotation and its Kaiser normalisation: `rotate`.
    Given `n`, `items` is a correlation matrix.
    """
    found = correlation_matrix(items, n, missing, correlations)
    extraction = extract(found.values, factors, method)
    rotated = rotate(extraction.loadings, rotation, options)
    wanted = options.target if options is not None and rotation == "target" else None
    rotated = in_order(rotated) if wanted is None else _as_wanted(rotated, wanted)
    return _lay_out(found, extraction, rotated, method, rotation)


def in_order(rotated: Rotated) -> Rotated:
    """Factors facing up, by the variance that they explain (diagonal of Phi L'L)."""
    sign = np.where(rotated.loadings.sum(axis=0) < 0, -1.0, 1.0)
    loadings = rotated.loadings * sign
    phi = None if rotated.phi is None else rotated.phi * np.outer(sign, sign)
    products = loadings.T @ loadings
    order = np.argsort(-np.diag(products if phi is None else phi @ products), kind="stable")
    phi = None if phi is None else phi[np.ix_(order, order)]
    return Rotated(loadings[:, order], phi, rotated.criterion, rotated.converged)


def _as_wanted(rotated: Rotated, wanted: Floats) -> Rotated:
    """Factors in the target's order and direction; facing up where it asks only for zeros."""
    pull = np.sum(rotated.loadings * np.nan_to_num(wanted), axis=0)
    sign = np.where(np.where(pull == 0, rotated.loadings.sum(axis=0), pull) < 0, -1.0, 1.0)
    phi = None if rotated.phi is None else rotated.phi * np.outer(sign, sign)
    return Rotated(rotated.loadings * sign, phi, rotated.criterion, rotated.converged)


def _lay_out(
    found: CorrelationMatrix, extraction: Extraction, rotated: Rotated, method: Method, rotation: Rotation
) -> FactorAnalysis:
    import pandas as pd

    items, factors = list(found.names), [f"F{k + 1}" for k in range(rotated.loadings.shape[1])]
    phi = np.eye(len(factors)) if rotated.phi is None else rotated.phi
    return FactorAnalysis(
        method=method,
        rotation=rotation,
        n=found.n,
        loadings=pd.DataFrame(rotated.loadings, items, factors),
        phi=None if rotated.phi is None else pd.DataFrame(phi, factors, factors),
        structure=pd.DataFrame(rotated.loadings @ phi, items, factors),
        uniquenesses=pd.Series(1 - np.sum(extraction.loadings**2, axis=1), items),
        values=eigenvalues(reduced(found.values, 1 - extraction.uniquenesses)),
        fit=factor_fit(found.values, extraction.loadings, found.n),
        converged=extraction.converged and rotated.converged,
        warnings=_warnings(found, extraction, rotated),
    )


def _warnings(found: CorrelationMatrix, extraction: Extraction, rotated: Rotated) -> tuple[str, ...]:
    told = [
        f"nothing of item {name} is left unexplained (a Heywood case): try one factor fewer, or leave it out"
        for name, held in zip(found.names, extraction.at_bound, strict=True)
        if held
    ]
    p, m = rotated.loadings.shape
    if (p - m) ** 2 < p + m:
        told.append(
            f"{m} factors of {p} items have more parameters than there are correlations: the solution is "
            f"one of many; take fewer factors"
        )
    if not extraction.converged:
        told.append("the extraction did not converge: try fewer factors or another method")
    if not rotated.converged:
        told.append("the rotation did not converge: try another one, or random starts")
    return tuple(told)
