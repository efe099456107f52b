"""Which arrow from a mediator to an outcome ends which indirect effects.

`analysis` asks; `shift` moves one arrow at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.mediation.graph import ARROW, Route
from pipeline.mediation.quantities import SPECIFIC


@dataclass(frozen=True)
class Arrow:
    """A mediator, the outcome that it leads to, and the level of the slope."""

    mediator: str
    outcome: str
    level: str


def ending(effects: Iterable[Mapping[str, Any]]) -> dict[Arrow, tuple[Route, ...]]:
    """The last arrow of every specific indirect effect, with the routes that it ends."""
    found: dict[Arrow, tuple[Route, ...]] = {}
    for effect in effects:
        if effect["kind"] != SPECIFIC:
            continue
        route: Route = tuple(str(effect["route"]).split(ARROW))
        arrow = Arrow(route[-2], route[-1], str(effect["level"]))
        found[arrow] = (*found.get(arrow, ()), route)
    return found
