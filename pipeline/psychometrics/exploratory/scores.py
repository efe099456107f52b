"""Scores of persons on the factors of an exploratory solution.

Works on the result of `efa` and the answers it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.correlation_matrix import correlation_matrix

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.exploratory.factor_analysis import FactorAnalysis

Floats = NDArray[np.float64]
ScoreMethod = Literal["regression", "tenberge"]


@dataclass(frozen=True)
class FactorScores:
    """`frame`: scores of the complete rows, factors in columns; `weights` of the standardised items."""

    method: ScoreMethod
    frame: pd.DataFrame
    weights: pd.DataFrame


def factor_scores(
    items: pd.DataFrame, solution: FactorAnalysis, method: ScoreMethod = "regression"
) -> FactorScores:
    """Scores of complete rows, items standardised (n - 1).

    regression: weights R^-1 S (Thurstone, 1935); tenberge: scores that correlate as the factors do, weights
    R^-1/2 C Phi^1/2 (ten Berge, Krijnen, Wansbeek & Shapiro, 1999).
    """
    import pandas as pd

    if method not in ("regression", "tenberge"):
        raise PsychometricsError(f"method is 'regression' or 'tenberge', not '{method}'")
    if list(map(str, items.columns)) != list(solution.loadings.index):
        raise PsychometricsError("the items have to be those of the solution, in its order")
    correlations = correlation_matrix(items).values
    loads = solution.loadings.to_numpy()
    phi = np.eye(loads.shape[1]) if solution.phi is None else solution.phi.to_numpy()
    if method == "regression":
        weights = np.linalg.solve(correlations, loads @ phi)
    else:
        weights = _ten_berge(correlations, loads, phi)
    used = items.dropna()
    standard = (used - used.mean()) / used.std(ddof=1)
    factors = list(solution.loadings.columns)
    return FactorScores(
        method,
        pd.DataFrame(standard.to_numpy() @ weights, used.index, factors),
        pd.DataFrame(weights, solution.loadings.index, factors),
    )


def _ten_berge(correlations: Floats, loads: Floats, phi: Floats) -> Floats:
    root, inner = _power(phi, 0.5), _power(correlations, -0.5)
    turned = loads @ root
    between = turned.T @ np.linalg.solve(correlations, turned)
    return np.asarray(inner @ (inner @ turned @ _power(between, -0.5)) @ root)


def _power(matrix: Floats, exponent: float) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * values**exponent @ vectors.T)
