"""What a residual correlation does to slopes where another one fits as well: closed form.

`shift` calls it. Where the outcome's equation holds every predictor of the mediator's, no data can tell one
correlation of the two residuals from another: all of them imply the same covariances. Slopes then follow from
those without correlation, and so does their covariance, without another fit.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import Slope
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.fitted import Fitted, Source, residual

if TYPE_CHECKING:
    import pandas as pd


def is_absorbed(source: Source, arrow: Arrow) -> bool:
    """Whether the likelihood is the same at every correlation of the arrow's two residuals."""
    into_mediator = set(_predictors(source, arrow.mediator, arrow.level))
    into_outcome = set(_predictors(source, arrow.outcome, arrow.level))
    is_joined = any(arrow.mediator in pair for pair in source.joined(arrow.level))
    return into_mediator <= into_outcome and not is_joined


def shifted(source: Source, arrow: Arrow, rho: float) -> Fitted:
    """Slopes at a residual correlation, with the covariance that the delta method gives.

    With residual variances v_m and v_y of mediator and outcome, slopes a_p into the mediator,
        d = rho / sqrt(1 - rho²) sqrt(v_y / v_m),   b(rho) = b - d,   c_p(rho) = c_p + d a_p,
    where b is the mediator's slope and c_p that of a predictor p which both have. For one mediator, a b(rho)
    is the average causal mediation effect of Imai, Keele and Yamamoto (2010, theorem 4).
    """
    main = source.fitted
    psi_m, psi_y = (residual(name, arrow.level) for name in (arrow.mediator, arrow.outcome))
    distance = rho / sqrt(1 - rho**2) * sqrt(main.values[psi_y] / main.values[psi_m])
    values = dict(main.values)
    values[arrow.mediator, arrow.outcome, arrow.level] -= distance
    for name in _predictors(source, arrow.mediator, arrow.level):
        values[name, arrow.outcome, arrow.level] += distance * main.values[name, arrow.mediator, arrow.level]
    return Fitted(values, lambda: _moved_covariance(source, arrow, distance), main.logl, {})


def _moved_covariance(source: Source, arrow: Arrow, distance: float) -> pd.DataFrame:
    import pandas as pd

    cov = source.fitted.cov
    G = _jacobian(source, arrow, distance, list(cov.index))
    return pd.DataFrame(G @ cov.to_numpy(float) @ G.T, index=cov.index, columns=cov.index)


def _jacobian(source: Source, arrow: Arrow, distance: float, keys: list[Slope]) -> Floats:
    """Derivatives of the shifted slopes by the slopes and residual variances of the model."""
    values, at = source.fitted.values, {key: place for place, key in enumerate(keys)}
    by_distance = np.zeros(len(keys))
    for name, sign in ((arrow.outcome, 1), (arrow.mediator, -1)):
        key = residual(name, arrow.level)
        by_distance[at[key]] = sign * distance / (2 * values[key])
    G = np.eye(len(keys))
    G[at[arrow.mediator, arrow.outcome, arrow.level]] -= by_distance
    for name in _predictors(source, arrow.mediator, arrow.level):
        into_mediator = name, arrow.mediator, arrow.level
        row = at[name, arrow.outcome, arrow.level]
        G[row] += values[into_mediator] * by_distance
        G[row, at[into_mediator]] += distance
    return G


def _predictors(source: Source, outcome: str, level: str) -> tuple[str, ...]:
    return tuple(origin for origin, target in source.edges(level) if target == outcome)
