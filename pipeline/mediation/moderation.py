"""Moderated mediation: the path model with product terms, and what its slopes are at values of a moderator.

`stages/conditional` calls it. With clusters the model has latent cluster means and products of centred
variables within; without them it is the single-level path model. Slopes are the same in every cluster: a
slope within is an average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import MediationError
from pipeline.mediation.flat import fit_flat
from pipeline.mediation.graph import Edge, PathGraph, Route
from pipeline.mediation.latent_means import Bounds, fit_latent_means
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.products import Moderation, Scale, with_products
from pipeline.mediation.rows import BETWEEN, FLAT, WITHIN, Missing

if TYPE_CHECKING:
    import pandas as pd

Weights = Mapping[Slope, float]


@dataclass(frozen=True)
class ModeratedModel:
    """A path model with product terms, and the moderators' scales by (moderator, source, target)."""

    model: PathModel
    graph: PathGraph
    moderations: tuple[Moderation, ...]
    scales: Mapping[tuple[str, str, str], Scale] = field(repr=False)

    def scale(self, one: Moderation) -> Scale:
        """The moderator's scale in the product of this arrow."""
        return self.scales[(one.moderator, *one.arrow)]

    def arrow(self, arrow: Edge, level: str, at: Mapping[str, float]) -> dict[Slope, float]:
        """The slope of an arrow at values of moderators, as weights of slopes; others at their centre."""
        weights: dict[Slope, float] = {(*arrow, level): 1.0}
        for one in self.on(arrow, level):
            if one.moderator in at:
                weights[one.slope] = at[one.moderator] - self.scale(one).centre
        return weights

    def on(self, arrow: Edge, level: str) -> tuple[Moderation, ...]:
        """The moderations of an arrow at a level."""
        return tuple(one for one in self.moderations if one.arrow == arrow and one.level == level)

    def moderated_routes(self, moderator: str, level: str) -> tuple[Route, ...]:
        """Routes through a mediator, from end to end, with an arrow that depends on the moderator."""
        known = self.model.slopes()
        edges = [edge for edge in self.graph.edges if (*edge, level) in known]
        there = PathGraph.of(edges)
        routes = [
            route
            for source in there.sources
            for sink in there.sinks
            for route in there.routes(source, sink)
            if len(route) > 2
        ]
        moderated = {
            one.arrow for one in self.moderations if (one.moderator, one.level) == (moderator, level)
        }
        return tuple(route for route in routes if moderated & set(pairwise(route)))

    def value(self, weights: Weights) -> float:
        """A weighted sum of slopes."""
        slopes = self.model.slopes()
        return float(sum(weight * slopes[slope]["est"] for slope, weight in weights.items()))

    def covariance(self, slopes: Sequence[Slope]) -> Floats:
        """Covariance of slopes: joint, or of independent equations."""
        joint = self.model.joint
        if joint is not None:
            found: Floats = joint.loc[list(slopes), list(slopes)].to_numpy(float)
            return found
        matrix = np.zeros((len(slopes), len(slopes)))
        for outcome, equation in self.model.equations.items():
            own = [k for k, slope in enumerate(slopes) if slope[1] == outcome]
            at = [equation.slopes.index((slopes[k][0], slopes[k][2])) for k in own]
            matrix[np.ix_(own, own)] = equation.cov[np.ix_(at, at)]
        return matrix

    def freedom(self, outcome: str) -> int | None:
        """Degrees of freedom of an outcome's slopes; None where their errors are large-sample."""
        return self.model.equations[outcome].freedom


def fit_moderated(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
    moderations: Sequence[Moderation],
    *,
    confidence: float = 0.95,
    missing: Missing = "listwise",
    bounds: Bounds = "none",
) -> ModeratedModel:
    """Fit the path with a product term for each moderation.

    y = ... + b x + c w + d x w: with centred x and w, b is the slope of x at the moderator's mean and d what
    it changes by a unit of the moderator (Aiken & West, 1991). Within clusters both are deviations from the
    cluster's mean, or, for a moderator of a higher level, w counts from its mean over the clusters while its
    own slope stands between (Enders & Tofighi, 2007). Rows that lack a part of a product lack the product:
    full information treats it as one more variable (von Hippel, 2009). NotEstimable where the model with
    latent means has no usable solution; MediationError for a moderation that the path cannot have.
    """
    clustered = bool(design.above(design.lowest(graph)))
    _refuse_levels(moderations, clustered=clustered)
    ready = with_products(graph, frames, design, covariates, moderations)
    if clustered:
        model = fit_latent_means(
            graph,
            ready.frames,
            ready.design,
            ready.covariates,
            confidence,
            missing=missing,
            within_only=ready.within_only,
            bounds=bounds,
        )
    else:
        model = fit_flat(graph, ready.frames, ready.design, ready.covariates, confidence, missing=missing)
    return ModeratedModel(model, graph, tuple(moderations), ready.scales)


def _refuse_levels(moderations: Sequence[Moderation], *, clustered: bool) -> None:
    if not moderations:
        raise MediationError("no moderator is declared")
    allowed = {WITHIN, BETWEEN} if clustered else {FLAT}
    wrong = [one for one in moderations if one.level not in allowed]
    if wrong:
        raise MediationError(
            f"the moderation of '{wrong[0].product}' is asked for {wrong[0].level}; this design has "
            f"{' and '.join(sorted(allowed))}"
        )
    slopes = [(one.moderator, one.arrow) for one in moderations]
    twice = next((one for k, one in enumerate(slopes) if one in slopes[:k]), None)
    if twice is not None:
        raise MediationError(f"'{twice[0]}' is declared twice as moderator of '{' -> '.join(twice[1])}'")
