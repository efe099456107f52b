"""Indirect effects along the residual correlation, and the correlations at which they meet zero.

`analysis` calls it. Intervals are Monte Carlo ones with the same stream of draws at every correlation, so
that limits are smooth functions of it; at no correlation they are those of the effects' own table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import Route, arrows
from pipeline.mediation.model import Slope
from pipeline.mediation.montecarlo import draw_slopes, percentile_interval
from pipeline.mediation.sensitivity.fitted import Fitted, moved
from pipeline.mediation.sensitivity.shift import CLOSED_FORM, Shift

GRID = tuple(round(0.15 * step, 2) for step in range(-5, 6))
FURTHEST = 0.99
BEYOND = (0.85, 0.95, FURTHEST)
# How near a correlation found by root-finding lies to the root.
EXACT, NEAR = 1e-9, 2e-4

Limits = tuple[float, float]


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn."""

    draws: int
    seed: int
    confidence: float


@dataclass(frozen=True)
class Curve:
    """An effect along the grid; None where the model has no solution."""

    rho: tuple[float, ...]
    est: tuple[float | None, ...]
    ci_lower: tuple[float | None, ...]
    ci_upper: tuple[float | None, ...]


@dataclass(frozen=True)
class Zeros:
    """Correlations at which the estimate is zero and at which its interval first holds zero.

    `interval` is zero where the interval holds it without any correlation; None: not within (-.99, .99), or
    no solution on the way.
    """

    estimate: float | None
    interval: float | None


def along(shift: Shift, routes: Sequence[Route], draws: Draws) -> dict[Route, Curve]:
    """The effects of the routes that an arrow ends, along the grid, outwards from no correlation."""
    order = sorted(GRID, key=lambda rho: (rho < 0, abs(rho)))
    limits: dict[float, dict[Route, Limits]] = {}
    for rho in order:
        fitted = shift.with_errors(rho)
        if fitted is not None:
            limits[rho] = intervals(shift, fitted, routes, draws)
    return {route: _curve(shift, route, limits) for route in routes}


def intervals(
    shift: Shift, fitted: Fitted, routes: Sequence[Route], draws: Draws
) -> dict[Route, tuple[float, float]]:
    """Monte Carlo limits of each route's effect."""
    drawn = draw_slopes(moved(shift.source.model, fitted), draws.draws, draws.seed)
    found = {}
    for route in routes:
        product = np.prod([drawn[slope] for slope in slopes(route, shift.arrow.level)], axis=0)
        limits = percentile_interval(product, draws.confidence)
        found[route] = (limits.lower, limits.upper)
    return found


def zeros(shift: Shift, route: Route, draws: Draws) -> Zeros:
    """Where the effect and its interval meet zero, by Brent's method between neighbours of unlike sign.

    The search goes in the direction that shrinks the effect, along the grid and beyond it.
    """
    own = effect(shift.found[0.0], route, shift.arrow.level)
    lower, upper = intervals(shift, shift.found[0.0], (route,), draws)[route]

    def estimate(rho: float) -> float:
        return effect(_solved(shift, shift.at(rho), rho), route, shift.arrow.level)

    def limit(rho: float) -> float:
        return intervals(shift, _solved(shift, shift.with_errors(rho), rho), (route,), draws)[route][
            int(own < 0)
        ]

    if own == 0:
        return Zeros(0.0, 0.0)
    tolerance = EXACT if shift.how == CLOSED_FORM else NEAR
    b = shift.found[0.0].values[shift.arrow.mediator, shift.arrow.outcome, shift.arrow.level]
    at_zero = _root(estimate, 1 if b > 0 else -1, tolerance)
    if lower <= 0 <= upper:
        return Zeros(at_zero, 0.0)
    return Zeros(at_zero, _root(limit, 1 if b > 0 else -1, tolerance))


def effect(fitted: Fitted, route: Route, level: str) -> float:
    """Product of the slopes along a route."""
    return float(np.prod([fitted.values[slope] for slope in slopes(route, level)]))


def slopes(route: Route, level: str) -> list[Slope]:
    """The slopes of a route at a level."""
    return [(source, target, level) for source, target in arrows(route)]


def _curve(shift: Shift, route: Route, limits: dict[float, dict[Route, Limits]]) -> Curve:
    known = {rho: effect(shift.found[rho], route, shift.arrow.level) for rho in limits}
    return Curve(
        GRID,
        tuple(known.get(rho) for rho in GRID),
        tuple(limits[rho][route][0] if rho in limits else None for rho in GRID),
        tuple(limits[rho][route][1] if rho in limits else None for rho in GRID),
    )


def _root(function: Callable[[float], float], side: int, tolerance: float) -> float | None:
    """The first root outwards from zero on a side; None without one, or without a solution on the way."""
    from scipy.optimize import brentq

    steps = [side * rho for rho in (*(rho for rho in GRID if rho > 0), *BEYOND)]
    inner, before = 0.0, function(0.0)
    try:
        for rho in steps:
            value = function(rho)
            if value * before <= 0:
                return float(brentq(function, inner, rho, xtol=tolerance, rtol=4 * np.finfo(float).eps))
            inner, before = rho, value
    except NotEstimable:
        return None
    return None


def _solved(shift: Shift, fitted: Fitted | None, rho: float) -> Fitted:
    if fitted is None:
        raise NotEstimable(shift.failed[rho])
    return fitted
