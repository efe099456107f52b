"""The hypothesised path as a directed acyclic graph: who predicts whom, and by which routes.

The fitting functions and `effects` walk it. It knows names only, neither data nor levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.mediation.errors import MediationError

Edge = tuple[str, str]
Route = tuple[str, ...]
ARROW = " -> "


@dataclass(frozen=True)
class PathGraph:
    """Arrows of a path model, in the order in which they were declared."""

    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, edges: Iterable[Edge]) -> PathGraph:
        """The graph of these arrows, once each; a circle or an arrow onto itself is refused."""
        graph = cls(tuple(dict.fromkeys((str(source), str(target)) for source, target in edges)))
        if not graph.edges:
            raise MediationError("the path has no arrows: write at least 'predictor -> outcome'")
        graph.ordered()
        return graph

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable, by first appearance."""
        return tuple(dict.fromkeys(name for edge in self.edges for name in edge))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Variables with at least one arrow in, causes before effects."""
        reached = {target for _, target in self.edges}
        return tuple(name for name in self.ordered() if name in reached)

    @property
    def sources(self) -> tuple[str, ...]:
        """Variables with no arrow in."""
        reached = {target for _, target in self.edges}
        return tuple(name for name in self.variables if name not in reached)

    @property
    def sinks(self) -> tuple[str, ...]:
        """Variables with no arrow out."""
        leaving = {source for source, _ in self.edges}
        return tuple(name for name in self.variables if name not in leaving)

    def predictors(self, outcome: str) -> tuple[str, ...]:
        """Variables with an arrow into `outcome`."""
        return tuple(source for source, target in self.edges if target == outcome)

    def routes(self, source: str, target: str) -> tuple[Route, ...]:
        """Every directed route from `source` to `target`, longest first."""
        found = self._walk((source,), target)
        return tuple(sorted(found, key=lambda route: -len(route)))

    def ordered(self) -> tuple[str, ...]:
        """Topological order; among equals, the order of appearance (Kahn, 1962)."""
        waiting, placed = list(self.variables), []
        while waiting:
            free = [name for name in waiting if not set(self.predictors(name)) & set(waiting)]
            if not free:
                raise MediationError(
                    "the path runs in a circle: "
                    + ARROW.join(self._circle(waiting))
                    + "; a mediation model needs one direction, so leave out one of these arrows"
                )
            placed.append(free[0])
            waiting.remove(free[0])
        return tuple(placed)

    def _walk(self, so_far: Route, target: str) -> Iterator[Route]:
        for source, reached in self.edges:
            if source != so_far[-1]:
                continue
            if reached == target:
                yield (*so_far, reached)
            else:
                yield from self._walk((*so_far, reached), target)

    def _circle(self, among: list[str]) -> Route:
        """A circle among variables that each have a predecessor among them."""
        trail = [among[0]]
        while trail.count(trail[-1]) < 2:
            trail.append(next(name for name in self.predictors(trail[-1]) if name in among))
        return tuple(reversed(trail[trail.index(trail[-1]) :]))


def arrows(route: Route) -> tuple[Edge, ...]:
    """The arrows along a route."""
    return tuple(pairwise(route))


def label(route: Route) -> str:
    """The route as people write it: `a -> b -> c`."""
    return ARROW.join(route)
