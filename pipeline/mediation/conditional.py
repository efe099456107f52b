"""Effects at values of a moderator: simple slopes, conditional indirect effects, the index, regions.

The stages call `simple_slopes`, `conditional_indirect`, `index_of_moderation` and `johnson_neyman` on a
`ModeratedModel`. Draws of slopes come from `draw_slopes` (Monte Carlo) or from a bootstrap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.graph import Edge, Route, label
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import Slope, reference
from pipeline.mediation.moderation import ModeratedModel, Weights
from pipeline.mediation.montecarlo import percentile_interval
from pipeline.mediation.products import Moderation

if TYPE_CHECKING:
    import pandas as pd

Drawn = Mapping[Slope, Floats]


def simple_slopes(moderated: ModeratedModel) -> pd.DataFrame:
    """The slope of each moderated arrow at the declared values of its moderator.

    b + d (w - mean), with se from the covariance of b and d (Aiken & West, 1991), t or z, p and interval.
    Columns: moderator, predictor, outcome, level, value and unit (as declared), at (in the moderator's
    units), est, se, z, df, pvalue, ci_lower, ci_upper.
    """
    import pandas as pd

    rows = []
    for one in moderated.moderations:
        for value in one.values:
            at = moderated.scale(one).at(value, one.unit)
            rows.append(
                _named(one) | {"value": value, "unit": one.unit, "at": at} | slope_at(moderated, one, at)
            )
    return pd.DataFrame(rows)


def slope_at(moderated: ModeratedModel, one: Moderation, at: float) -> dict[str, Any]:
    """Estimate, error, test and interval of a moderated arrow's slope at a value of its moderator."""
    weights = moderated.arrow(one.arrow, one.level, {one.moderator: at})
    slopes = list(weights)
    row = np.array([weights[slope] for slope in slopes])
    est, se = moderated.value(weights), float(np.sqrt(row @ moderated.covariance(slopes) @ row))
    freedom = moderated.freedom(one.arrow[1])
    critical, tail = reference(est / se, freedom, moderated.model.confidence)
    return {
        "est": est,
        "se": se,
        "z": est / se,
        "df": freedom,
        "pvalue": tail,
        "ci_lower": est - critical * se,
        "ci_upper": est + critical * se,
    }


def conditional_indirect(moderated: ModeratedModel, drawn: Drawn) -> pd.DataFrame:
    """Indirect effects along moderated routes at the declared values of each moderator.

    A route's effect is the product of its arrows' slopes at that value, whichever stages are moderated; other
    moderators stay at their centre. The interval is the percentile one of the draws; se is that of the delta
    method. Columns: route, level, moderator, value, unit, at, est, se, ci_lower, ci_upper, pvalue,
    pvalue_is_bound.
    """
    import pandas as pd

    rows = []
    for first, route in _routes(moderated):
        for value in first.values:
            at = moderated.scale(first).at(value, first.unit)
            along = _along(moderated, route, first, at)
            rows.append(
                {
                    "route": label(route),
                    "level": first.level,
                    "moderator": first.moderator,
                    "value": value,
                    "unit": first.unit,
                    "at": at,
                    "est": float(np.prod([moderated.value(weights) for weights in along])),
                    "se": _delta(moderated, along),
                }
                | _interval(_product(along, drawn), moderated)
            )
    return pd.DataFrame(rows)


def index_of_moderation(moderated: ModeratedModel, drawn: Drawn) -> pd.DataFrame:
    """By how much an indirect effect changes with the moderator.

    With one moderated arrow on the route the effect is linear in the moderator: `kind` is index, the change a
    unit of the moderator (Hayes, 2015). With more it is not, and there is no one such number: `kind` is
    difference, the effect at the highest declared value less that at the lowest. `per_sd` is the index times
    the moderator's standard deviation. Columns: route, level, moderator, kind, from_value, to_value, unit,
    est, per_sd, ci_lower, ci_upper, pvalue, pvalue_is_bound.
    """
    import pandas as pd

    return pd.DataFrame([_index(moderated, first, route, drawn) for first, route in _routes(moderated)])


def _index(moderated: ModeratedModel, first: Moderation, route: Route, drawn: Drawn) -> dict[str, Any]:
    scale = moderated.scale(first)
    is_linear = len(_moderated_arrows(moderated, first, route)) == 1
    low, high = min(first.values), max(first.values)
    ends = [scale.centre, scale.centre + 1] if is_linear else [scale.at(x, first.unit) for x in (low, high)]
    below, above = (_along(moderated, route, first, at) for at in ends)
    est = [float(np.prod([moderated.value(weights) for weights in along])) for along in (below, above)]
    change = est[1] - est[0]
    return {
        "route": label(route),
        "level": first.level,
        "moderator": first.moderator,
        "kind": "index" if is_linear else "difference",
        "from_value": None if is_linear else low,
        "to_value": None if is_linear else high,
        "unit": first.unit,
        "est": change,
        "per_sd": change * scale.sd if is_linear else None,
    } | _interval(_product(above, drawn) - _product(below, drawn), moderated)


def _routes(moderated: ModeratedModel) -> Iterator[tuple[Moderation, Route]]:
    """Each moderator with each of its routes; the first moderation on the route says at which values."""
    for moderator, level in dict.fromkeys((one.moderator, one.level) for one in moderated.moderations):
        for route in moderated.moderated_routes(moderator, level):
            on = [
                one
                for one in moderated.moderations
                if (one.moderator, one.level) == (moderator, level) and one.arrow in set(pairwise(route))
            ]
            yield on[0], route


def _moderated_arrows(moderated: ModeratedModel, first: Moderation, route: Route) -> list[Edge]:
    return [
        arrow
        for arrow in pairwise(route)
        if any(one.moderator == first.moderator for one in moderated.on(arrow, first.level))
    ]


def _along(moderated: ModeratedModel, route: Route, first: Moderation, at: float) -> list[dict[Slope, float]]:
    return [moderated.arrow(arrow, first.level, {first.moderator: at}) for arrow in pairwise(route)]


def _product(along: Sequence[Weights], drawn: Drawn) -> Floats:
    arrows = [np.sum([weight * drawn[slope] for slope, weight in one.items()], axis=0) for one in along]
    effect: Floats = np.prod(arrows, axis=0)
    return effect


def _delta(moderated: ModeratedModel, along: Sequence[Weights]) -> float:
    """Delta-method standard error of a product of weighted sums of slopes."""
    values = [moderated.value(weights) for weights in along]
    gradient: dict[Slope, float] = {}
    for k, weights in enumerate(along):
        others = float(np.prod([value for j, value in enumerate(values) if j != k]))
        for slope, weight in weights.items():
            gradient[slope] = gradient.get(slope, 0.0) + others * weight
    row = np.array(list(gradient.values()))
    return float(np.sqrt(row @ moderated.covariance(list(gradient)) @ row))


def _interval(sample: Floats, moderated: ModeratedModel) -> dict[str, Any]:
    found = percentile_interval(sample, moderated.model.confidence)
    return {
        "ci_lower": found.lower,
        "ci_upper": found.upper,
        "pvalue": found.pvalue,
        "pvalue_is_bound": found.is_bound,
    }


def _named(one: Moderation) -> dict[str, Any]:
    return {
        "moderator": one.moderator,
        "predictor": one.arrow[0],
        "outcome": one.arrow[1],
        "level": one.level,
    }
