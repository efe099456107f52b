"""What the analysis asks of a fitted path model: its numbers, its structure, and another fit.

`latent_source` and `flat_source` answer for the two kinds of model; `shift` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.mediation.graph import Edge
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.sensitivity.arrows import Arrow

if TYPE_CHECKING:
    import pandas as pd

Values = Mapping[Slope, float]
Raw = Mapping[tuple[str, str, str, int], float]


def residual(name: str, level: str) -> Slope:
    """The key of a residual variance among slopes: nothing has a slope on itself."""
    return name, name, level


@dataclass(frozen=True)
class Fitted:
    """Slopes by (predictor, outcome, level) and their covariance, computed when it is asked for.

    The fit of the model itself also holds residual variances, under `residual`. `raw` are all estimates as
    the syntax names them, for starts.
    """

    values: Values
    covariance: Callable[[], pd.DataFrame]
    logl: float
    raw: Raw

    @cached_property
    def cov(self) -> pd.DataFrame:
        """Covariance of the values."""
        return self.covariance()


class Source(Protocol):
    """A path model that can be fitted again with a residual correlation held."""

    @property
    def model(self) -> PathModel:
        """The model as it is reported."""
        ...

    @property
    def fitted(self) -> Fitted:
        """Its numbers: no residual correlation."""
        ...

    def edges(self, level: str) -> tuple[Edge, ...]:
        """Arrows of a level, covariates' among them."""
        ...

    def joined(self, level: str) -> tuple[Edge, ...]:
        """Pairs whose residuals covary freely."""
        ...

    def held(self, arrow: Arrow, rho: float, near: Fitted) -> Fitted:
        """The model fitted with this residual correlation; NotEstimable where there is no solution."""
        ...

    def columns(self, level: str) -> pd.DataFrame:
        """The variables of a level, as observed, under their own names."""
        ...


def moved(model: PathModel, fitted: Fitted) -> PathModel:
    """The path model with the slopes, and their covariance, of another fit."""
    import pandas as pd

    assert model.joint is not None
    at = {slope: place for place, slope in enumerate(fitted.cov.index)}
    cov, equations = fitted.cov.to_numpy(float), {}
    for outcome, equation in model.equations.items():
        own: list[Slope] = [(predictor, outcome, level) for predictor, level in equation.slopes]
        equations[outcome] = replace(
            equation,
            estimates=np.array([fitted.values[slope] for slope in own]),
            cov=cov[np.ix_([at[slope] for slope in own], [at[slope] for slope in own])],
        )
    places = [at[slope] for slope in model.joint.index]
    joint = pd.DataFrame(cov[np.ix_(places, places)], index=model.joint.index, columns=model.joint.index)
    return replace(model, equations=equations, joint=joint)
