"""Power of an effect along a route by formula, and the smallest effect that a design can find.

The stages call `power_at` and `minimum_detectable`. Nothing here knows what was estimated: power at the
estimate only says p again (Hoenig & Heisey, 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.mediation.graph import Route, arrows
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.power.level import LevelModel
from pipeline.mediation.power.setting import Setting

MOST = 0.95
ACCURACY = 1e-6
STEPS = 38


@dataclass(frozen=True)
class Assumed:
    """An effect that is assumed: `beta` is the standardized slope of every arrow in absolute value.

    `standardized` and `effect` are the products of the standardized and of the unstandardized slopes.
    """

    level: str
    route: Route
    beta: float
    standardized: float
    effect: float
    model: LevelModel


def spread_evenly(setting: Setting, level: str, route: Route, beta: float, sign: int) -> Assumed:
    """Every arrow of the route with the same standardized slope; the last one bears the sign."""
    betas = (*(beta for _ in arrows(route)[1:]), sign * beta)
    model = setting.levels[level].with_betas(route, betas)
    effect = float(np.prod(list(model.route(route).values())))
    return Assumed(level, route, beta, float(np.prod(betas)), effect, model)


def of_standardized(setting: Setting, level: str, route: Route, effect: float) -> Assumed:
    """An effect given in standard deviations of the outcome a standard deviation of the predictor."""
    beta = abs(effect) ** (1 / len(arrows(route)))
    return spread_evenly(setting, level, route, beta, -1 if effect < 0 else 1)


def of_unstandardized(setting: Setting, level: str, route: Route, effect: float) -> Assumed | None:
    """An effect given in points of the scales; None where no standardized slope below .95 gives it."""

    def gap(beta: float) -> float:
        return abs(spread_evenly(setting, level, route, beta, sign).effect) - abs(effect)

    sign = -1 if effect < 0 else 1
    beta = _root(gap)
    return None if beta is None else spread_evenly(setting, level, route, beta, sign)


def power_at(setting: Setting, assumed: Assumed, confidence: float) -> float:
    """The chance that all slopes of the route are significant together.

    That is the joint-significance test (MacKinnon et al., 2002; Fritz & MacKinnon, 2007), whose power is very
    nearly that of the Monte Carlo interval (Fossum & Montoya, 2023).
    """
    edges = arrows(assumed.route)
    slopes = np.array(list(assumed.model.route(assumed.route).values()))
    errors = setting.errors(assumed.level, assumed.model, edges)
    freedoms = [setting.freedom(assumed.level, target) for _, target in edges]
    return joint_power(slopes, errors, freedoms, confidence)


def minimum_detectable(
    setting: Setting, level: str, route: Route, confidence: float, *, sign: int = 1, power: float = 0.8
) -> Assumed | None:
    """The smallest effect found with this power; None where a standardized slope of .95 is not enough."""

    def gap(beta: float) -> float:
        return power_at(setting, spread_evenly(setting, level, route, beta, sign), confidence) - power

    beta = _root(gap)
    return None if beta is None else spread_evenly(setting, level, route, beta, sign)


def joint_power(slopes: Floats, errors: Floats, freedoms: Sequence[int | None], confidence: float) -> float:
    """The chance that every slope differs from zero by its own two-sided test.

    The product of their powers, by non-central t given the predictors, or by the normal distribution where
    there are no degrees of freedom. Slopes of different equations are independent in a single-level model and
    nearly so in a two-level one: estimates along a route correlate by .04 at most in the shipped studies.
    """
    found = 1.0
    for ratio, freedom in zip(slopes / errors, freedoms, strict=True):
        found *= _power(float(ratio), freedom, (1 - confidence) / 2)
    return found


def _power(ratio: float, freedom: int | None, tail: float) -> float:
    """The power of one two-sided test; t squared is non-central F, which scipy knows where t overflows."""
    from scipy.stats import ncf, norm, t

    if ratio == 0:
        return 2 * tail
    if freedom is None:
        critical = float(norm.isf(tail))
        return float(norm.sf(critical - ratio) + norm.cdf(-critical - ratio))
    return float(ncf.sf(t.isf(tail, freedom) ** 2, 1, freedom, ratio**2))


def _root(gap: Callable[[float], float]) -> float | None:
    """The least standardized slope at which a function passes zero from below; None without one up to .95.

    Power need not grow throughout: the more a mediator goes with its predictor, the less is left of it to
    tell their slopes apart.
    """
    from scipy.optimize import brentq

    below = ACCURACY
    for above in np.linspace(0, MOST, STEPS + 1)[1:]:
        if gap(float(above)) >= 0:
            return float(brentq(gap, below, float(above), xtol=ACCURACY))
        below = float(above)
    return None
