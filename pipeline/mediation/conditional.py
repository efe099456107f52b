"""Effects at values of a moderator: simple slopes, conditional indirect effects, the index, regions.

The stages call `simple_slopes`, `conditional_indirect`, `index_of_moderation` and `johnson_neyman` on a
`ModeratedModel`. Draws of slopes come from `draw_slopes` (Monte Carlo); with resamples of the model there are
bootstrap intervals too, in the columns boot_se, boot_lower, boot_upper (percentile), bc_lower, bc_upper. In a
resample products and values of moderators stay what they are: deviations from cluster means do not change
where whole clusters are drawn, and an effect at a fixed value does not depend on where a product is centred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.evidence import Evidence
from pipeline.mediation.graph import Edge, Route, label
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import Slope, reference
from pipeline.mediation.moderation import ModeratedModel, Weights
from pipeline.mediation.products import Moderation
from pipeline.mediation.resamples import Resamples

if TYPE_CHECKING:
    import pandas as pd

Drawn = Mapping[Slope, Floats]


def simple_slopes(moderated: ModeratedModel, resamples: Resamples | None = None) -> pd.DataFrame:
    """The slope of each moderated arrow at the declared values of its moderator.

    b + d (w - mean), with se from the covariance of b and d (Aiken & West, 1991), t or z, p and interval.
    Columns: moderator, predictor, outcome, level, value and unit (as declared), at (in the moderator's
    units), est, se, z, df, pvalue, ci_lower, ci_upper, and those of the bootstrap.
    """
    import pandas as pd

    evidence, rows = _evidence(moderated, {}, resamples), []
    for one in moderated.moderations:
        for value in one.values:
            at = moderated.scale(one).at(value, one.unit)
            weights = moderated.arrow(one.arrow, one.level, {one.moderator: at})
            rows.append(
                _named(one)
                | {"value": value, "unit": one.unit, "at": at}
                | slope_at(moderated, one, at)
                | evidence.bootstrapped(partial(_product, [weights]))
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


def conditional_indirect(
    moderated: ModeratedModel, drawn: Drawn, resamples: Resamples | None = None
) -> pd.DataFrame:
    """Indirect effects along moderated routes at the declared values of each moderator.

    A route's effect is the product of its arrows' slopes at that value, whichever stages are moderated; other
    moderators stay at their centre. The interval is the percentile one of the draws; se is that of the delta
    method. Columns: route, level, moderator, value, unit, at, est, se, ci_lower, ci_upper, pvalue,
    pvalue_is_bound, interval (how it was made), and those of the bootstrap.
    """
    import pandas as pd

    evidence, rows = _evidence(moderated, drawn, resamples), []
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
                | evidence.intervals(partial(_product, along))
            )
    return pd.DataFrame(rows)


def index_of_moderation(
    moderated: ModeratedModel, drawn: Drawn, resamples: Resamples | None = None
) -> pd.DataFrame:
    """By how much an indirect effect changes with the moderator.

    With one moderated arrow on the route the effect is linear in the moderator: `kind` is index, the change a
    unit of the moderator (Hayes, 2015). With more it is not, and there is no one such number: `kind` is
    difference, the effect at the highest declared value less that at the lowest. `per_sd` is the index times
    the moderator's standard deviation. Columns: route, level, moderator, kind, from_value, to_value, unit,
    est, per_sd, ci_lower, ci_upper, pvalue, pvalue_is_bound, interval, and those of the bootstrap.
    """
    import pandas as pd

    evidence = _evidence(moderated, drawn, resamples)
    return pd.DataFrame([_index(moderated, first, route, evidence) for first, route in _routes(moderated)])


def _index(moderated: ModeratedModel, first: Moderation, route: Route, evidence: Evidence) -> dict[str, Any]:
    scale = moderated.scale(first)
    is_linear = len(_moderated_arrows(moderated, first, route)) == 1
    low, high = min(first.values), max(first.values)
    ends = [scale.centre, scale.centre + 1] if is_linear else [scale.at(x, first.unit) for x in (low, high)]
    below, above = (_along(moderated, route, first, at) for at in ends)

    def change_of(values: Mapping[Slope, Any]) -> Any:
        return _product(above, values) - _product(below, values)

    change = float(change_of(evidence.estimates))
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
    } | evidence.intervals(change_of)


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


def _product(along: Sequence[Weights], values: Mapping[Slope, Any]) -> Any:
    """Product of weighted sums of slopes, of estimates or of draws."""
    arrows = [np.sum([weight * values[slope] for slope, weight in one.items()], axis=0) for one in along]
    return np.prod(arrows, axis=0)


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


def _evidence(moderated: ModeratedModel, drawn: Drawn, resamples: Resamples | None) -> Evidence:
    return Evidence(moderated.model, drawn, resamples, moderated.model.confidence)


def _named(one: Moderation) -> dict[str, Any]:
    return {
        "moderator": one.moderator,
        "predictor": one.arrow[0],
        "outcome": one.arrow[1],
        "level": one.level,
    }
