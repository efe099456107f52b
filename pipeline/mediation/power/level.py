"""The path at one level as numbers: slopes, and what they leave; slopes along a route set to a given size.

`setting` and the kernels of `power` call it. Everything that is not set stays as it is: residual variances,
(co)variances of what nothing predicts, slopes off the route. So what is set decides how much variables vary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import Edge, Route, arrows
from pipeline.mediation.likelihood import Floats


@dataclass(frozen=True)
class LevelModel:
    """`slopes[i, j]` is the slope of variable i on variable j; `residual` is what slopes leave."""

    names: tuple[str, ...]
    edges: tuple[Edge, ...]
    slopes: Floats
    residual: Floats

    @classmethod
    def of(cls, names: tuple[str, ...], edges: Mapping[Edge, float], covariance: Floats) -> LevelModel:
        """From the slopes of a model and the covariances that it implies."""
        slopes = np.zeros((len(names), len(names)))
        for (source, target), value in edges.items():
            slopes[names.index(target), names.index(source)] = value
        left = np.eye(len(names)) - slopes
        return cls(names, tuple(edges), slopes, left @ covariance @ left.T)

    @property
    def covariance(self) -> Floats:
        """Implied covariances (I - B)^-1 Psi (I - B)^-T."""
        whole = np.linalg.inv(np.eye(len(self.names)) - self.slopes)
        out: Floats = whole @ self.residual @ whole.T
        return out

    def has(self, route: Route) -> bool:
        """Whether every arrow of a route is at this level."""
        return set(arrows(route)) <= set(self.edges)

    def slope(self, edge: Edge) -> float:
        """One slope."""
        return float(self.slopes[self._place(edge)])

    def route(self, route: Route) -> dict[Edge, float]:
        """Slopes along a route."""
        return {edge: self.slope(edge) for edge in arrows(route)}

    def with_betas(self, route: Route, betas: tuple[float, ...]) -> LevelModel:
        """The model with standardized slopes along a route, first arrow first."""
        model = self
        for edge, beta in zip(arrows(route), betas, strict=True):
            model = model._with(edge, model._unstandardized(edge, beta))
        return model

    def _unstandardized(self, edge: Edge, beta: float) -> float:
        """The slope b with b sd(x) / sd(y) = beta, where sd(y) depends on b.

        var(y) = c + 2 b k + b^2 v for c and k, the variance of y and its covariance with x at b = 0, so that
        (1 - beta^2) v b^2 - 2 beta^2 k b - beta^2 c = 0; b is the root of beta's sign.
        """
        if not -1 < beta < 1:
            raise MediationError(f"a standardized slope of {beta:g} leaves nothing to chance: assume less")
        target, source = self._place(edge)
        without = self._with(edge, 0.0).covariance
        v, k, c = without[source, source], without[source, target], without[target, target]
        lead = (1 - beta**2) * v
        root = np.sqrt((beta**2 * k) ** 2 + lead * beta**2 * c)
        return float((beta**2 * k + np.sign(beta) * root) / lead)

    def _with(self, edge: Edge, value: float) -> LevelModel:
        slopes = self.slopes.copy()
        slopes[self._place(edge)] = value
        return replace(self, slopes=slopes)

    def _place(self, edge: Edge) -> tuple[int, int]:
        return self.names.index(edge[1]), self.names.index(edge[0])
