"""Effects as sums of products of slopes: along routes, their totals, and differences of them.

`effects` and `comparisons` evaluate them at estimates, at Monte Carlo draws and at bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph, Route, arrows, label
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.rows import BETWEEN, FLAT, WITHIN

SPECIFIC, TOTAL_INDIRECT, DIRECT, TOTAL = "specific", "total_indirect", "direct", "total"
MOST_ROUTES = 500
MOST_COMPARED = 8
Product = tuple[float, tuple[Slope, ...]]


@dataclass(frozen=True)
class Effect:
    """A sum of signed products of slopes; `name` is a route or the ends of several."""

    name: str
    kind: str
    level: str
    products: tuple[Product, ...]

    @classmethod
    def along(cls, name: str, kind: str, level: str, routes: Iterable[Route]) -> Effect:
        """The sum over routes at a level."""
        slopes = (tuple((*arrow, level) for arrow in arrows(route)) for route in routes)
        return cls(name, kind, level, tuple((1.0, along) for along in slopes))

    @property
    def source(self) -> str:
        """Where its routes begin."""
        return self.products[0][1][0][0]

    @property
    def target(self) -> str:
        """Where its routes end."""
        return self.products[0][1][-1][1]

    def minus(self, other: Effect) -> Effect:
        """The difference of two effects."""
        turned = tuple((-sign, slopes) for sign, slopes in other.products)
        return Effect(f"{self.name} - {other.name}", "difference", self.level, self.products + turned)

    def combine(self, values: Mapping[Slope, Any]) -> Any:
        """The effect for these slopes: numbers or draws."""
        return sum(
            sign * np.prod([values[slope] for slope in slopes], axis=0) for sign, slopes in self.products
        )

    def gradient(self, values: Mapping[Slope, float]) -> dict[Slope, float]:
        """Derivatives by each slope."""
        found: dict[Slope, float] = {}
        for sign, slopes in self.products:
            for slope in slopes:
                others = np.prod([values[other] for other in slopes if other != slope])
                found[slope] = found.get(slope, 0.0) + sign * float(others)
        return found


def effects_of(model: PathModel, graph: PathGraph, also: tuple[Route, ...]) -> list[Effect]:
    """Specific, total indirect, direct and total effects, level by level."""
    return [
        effect for level in (WITHIN, BETWEEN, FLAT) for effect in _at(level, _part(graph, model, level), also)
    ]


def pairs_of(effects: Iterable[Effect]) -> list[tuple[Effect, Effect]]:
    """Specific effects that share source, target and level, two by two; none where there are too many."""
    groups: dict[tuple[str, str, str], list[Effect]] = {}
    for effect in effects:
        if effect.kind == SPECIFIC:
            groups.setdefault((effect.source, effect.target, effect.level), []).append(effect)
    return [
        pair for found in groups.values() if len(found) <= MOST_COMPARED for pair in combinations(found, 2)
    ]


def _part(graph: PathGraph, model: PathModel, level: str) -> PathGraph | None:
    """The part of the path that has slopes at a level."""
    there = {
        (predictor, outcome)
        for outcome, equation in model.equations.items()
        for predictor, at in equation.slopes
        if at == level
    }
    edges = [edge for edge in graph.edges if edge in there]
    return PathGraph.of(edges) if edges else None


def _at(level: str, graph: PathGraph | None, also: tuple[Route, ...]) -> list[Effect]:
    if graph is None:
        return []
    found: list[Effect] = []
    for source in graph.sources:
        for sink in graph.sinks:
            found += _between_ends(graph, source, sink, level)
    known = {effect.name for effect in found if effect.kind == SPECIFIC}
    for route in also:
        if label(route) not in known and len(route) > 2 and set(arrows(route)) <= set(graph.edges):
            found.append(Effect.along(label(route), SPECIFIC, level, (route,)))
    return found


def _between_ends(graph: PathGraph, source: str, sink: str, level: str) -> list[Effect]:
    routes = graph.routes(source, sink)
    if len(routes) > MOST_ROUTES:
        raise MediationError(
            f"there are {len(routes)} routes from '{source}' to '{sink}'; more than {MOST_ROUTES} cannot be "
            f"read: take arrows out of the path"
        )
    indirect = tuple(route for route in routes if len(route) > 2)
    ends = label((source, sink))
    effects = [Effect.along(label(route), SPECIFIC, level, (route,)) for route in indirect]
    if indirect:
        effects.append(Effect.along(ends, TOTAL_INDIRECT, level, indirect))
        if len(indirect) < len(routes):
            effects.append(Effect.along(ends, DIRECT, level, ((source, sink),)))
        effects.append(Effect.along(ends, TOTAL, level, routes))
    return effects
