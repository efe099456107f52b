"""Indirect, direct and total effects along every route of the path, level by level.

The stages call `indirect_effects` on a fitted model. A route exists at a level when each of its arrows has a
slope there: within clusters only where both ends are measured at the lowest level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph, Route, arrows, label
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.montecarlo import density, draw_slopes, percentile_interval
from pipeline.mediation.rows import BETWEEN, FLAT, WITHIN

if TYPE_CHECKING:
    import pandas as pd

SPECIFIC, TOTAL_INDIRECT, DIRECT, TOTAL = "specific", "total_indirect", "direct", "total"
MOST_ROUTES = 500


@dataclass(frozen=True)
class IndirectEffects:
    """Effects by route and level.

    `frame`: route, source, target, level, kind (specific, total_indirect, direct, total), est, se (delta
    method), ci_lower, ci_upper, pvalue, pvalue_is_bound (p is below the number shown), interval ("monte
    carlo", or "wald" for a direct effect, which is a single slope and has that slope's interval), beta
    (product, or sum of products, of the standardized slopes).
    `contextual`: between minus within of each slope that has both: outcome, predictor, est, se, z, pvalue,
    ci_lower, ci_upper. `densities`: route|level -> x, y of the Monte Carlo distribution.
    """

    frame: pd.DataFrame
    contextual: pd.DataFrame
    densities: Mapping[str, Mapping[str, Any]]
    draws: int
    seed: int
    confidence: float


@dataclass(frozen=True)
class _Effect:
    """A sum of products of slopes along routes, at one level."""

    name: str
    kind: str
    level: str
    routes: tuple[Route, ...]

    def slopes(self) -> tuple[tuple[Slope, ...], ...]:
        return tuple(
            tuple((source, target, self.level) for source, target in arrows(route)) for route in self.routes
        )

    def combine(self, values: Mapping[Slope, Any]) -> Any:
        """The effect for these slopes: numbers or draws."""
        return sum(np.prod([values[slope] for slope in along], axis=0) for along in self.slopes())


def indirect_effects(
    model: PathModel,
    graph: PathGraph,
    draws: int,
    seed: int,
    confidence: float = 0.95,
    *,
    also: Iterable[Route] = (),
) -> IndirectEffects:
    """Every specific indirect effect from each source to each sink, with their sums, by level.

    `also` names further routes (parts of longer ones) that a hypothesis asks about. The delta-method
    standard error (Sobel, 1982) stands beside the Monte Carlo interval and is not used for it.
    """
    import pandas as pd

    drawn = draw_slopes(model, draws, seed)
    effects = [
        effect
        for level in (WITHIN, BETWEEN, FLAT)
        for effect in _effects(_at_level(graph, model, level), level, tuple(also))
    ]
    rows = [_row(effect, model, drawn, confidence) for effect in effects]
    densities = {
        f"{row['route']}|{effect.level}": density(effect.combine(drawn))
        for effect, row in zip(effects, rows, strict=True)
        if effect.kind == SPECIFIC
    }
    columns = ["route", "source", "target", "level", "kind", "est", "se", "ci_lower", "ci_upper", "pvalue"]
    columns += ["pvalue_is_bound", "interval", "beta"]
    frame = pd.DataFrame(rows, columns=columns)
    return IndirectEffects(frame, contextual_effects(model), densities, draws, seed, confidence)


def contextual_effects(model: PathModel) -> pd.DataFrame:
    """Between minus within of each slope that has both, with a Wald test (Raudenbush & Bryk, 2002, 5)."""
    import pandas as pd
    from scipy.stats import norm

    critical, rows = norm.ppf((1 + model.confidence) / 2), []
    for outcome, equation in model.equations.items():
        for predictor in dict.fromkeys(name for name, _ in equation.slopes):
            if not {(predictor, WITHIN), (predictor, BETWEEN)} <= set(equation.slopes):
                continue
            weights = np.array(
                [
                    (level == BETWEEN) - (level == WITHIN) if name == predictor else 0
                    for name, level in equation.slopes
                ]
            )
            est, se = float(weights @ equation.estimates), float(np.sqrt(weights @ equation.cov @ weights))
            rows.append(
                {
                    "outcome": outcome,
                    "predictor": predictor,
                    "est": est,
                    "se": se,
                    "z": est / se,
                    "pvalue": float(2 * norm.sf(abs(est / se))),
                    "ci_lower": est - critical * se,
                    "ci_upper": est + critical * se,
                }
            )
    names = ["outcome", "predictor", "est", "se", "z", "pvalue", "ci_lower", "ci_upper"]
    return pd.DataFrame(rows, columns=names)


def _at_level(graph: PathGraph, model: PathModel, level: str) -> PathGraph | None:
    """The part of the path that has slopes at a level."""
    there = {
        (predictor, outcome)
        for outcome, equation in model.equations.items()
        for predictor, at in equation.slopes
        if at == level
    }
    edges = [edge for edge in graph.edges if edge in there]
    return PathGraph.of(edges) if edges else None


def _effects(graph: PathGraph | None, level: str, also: tuple[Route, ...]) -> list[_Effect]:
    if graph is None:
        return []
    found: list[_Effect] = []
    for source in graph.sources:
        for sink in graph.sinks:
            found += _between_ends(graph, source, sink, level)
    known = {effect.routes for effect in found if effect.kind == SPECIFIC}
    for route in also:
        if (route,) not in known and len(route) > 2 and set(arrows(route)) <= set(graph.edges):
            found.append(_Effect(label(route), SPECIFIC, level, (route,)))
    return found


def _between_ends(graph: PathGraph, source: str, sink: str, level: str) -> list[_Effect]:
    routes = graph.routes(source, sink)
    if len(routes) > MOST_ROUTES:
        raise MediationError(
            f"there are {len(routes)} routes from '{source}' to '{sink}'; more than {MOST_ROUTES} cannot be "
            f"read: take arrows out of the path"
        )
    indirect = tuple(route for route in routes if len(route) > 2)
    ends = label((source, sink))
    effects = [_Effect(label(route), SPECIFIC, level, (route,)) for route in indirect]
    if indirect:
        effects.append(_Effect(ends, TOTAL_INDIRECT, level, indirect))
        if len(indirect) < len(routes):
            effects.append(_Effect(ends, DIRECT, level, ((source, sink),)))
        effects.append(_Effect(ends, TOTAL, level, routes))
    return effects


def _row(
    effect: _Effect, model: PathModel, drawn: Mapping[Slope, Floats], confidence: float
) -> dict[str, object]:
    ends = {"source": effect.routes[0][0], "target": effect.routes[0][-1]}
    slopes = model.slopes()
    est = {key: row["est"] for key, row in slopes.items()}
    beta = {key: row["beta"] for key, row in slopes.items()}
    known = {
        "route": effect.name,
        **ends,
        "level": effect.level,
        "kind": effect.kind,
        "est": float(effect.combine(est)),
        "se": _delta(effect, model, est),
        "beta": float(effect.combine(beta)),
    }
    if effect.kind == DIRECT:
        slope = slopes[ends["source"], ends["target"], effect.level]
        return known | {
            "ci_lower": slope["ci_lower"],
            "ci_upper": slope["ci_upper"],
            "pvalue": slope["pvalue"],
            "pvalue_is_bound": False,
            "interval": "wald",
        }
    interval = percentile_interval(effect.combine(drawn), confidence)
    return known | {
        "ci_lower": interval.lower,
        "ci_upper": interval.upper,
        "pvalue": interval.pvalue,
        "pvalue_is_bound": interval.is_bound,
        "interval": "monte carlo",
    }


def _delta(effect: _Effect, model: PathModel, est: Mapping[Slope, float]) -> float:
    """Delta-method standard error: gradient of the sum of products, jointly or equation by equation."""
    gradient: dict[Slope, float] = {}
    for along in effect.slopes():
        for slope in along:
            others = np.prod([est[other] for other in along if other != slope])
            gradient[slope] = gradient.get(slope, 0.0) + float(others)
    if model.joint is not None:
        asked = [slope for slope in gradient if slope in model.joint.index]
        whole = np.array([gradient[slope] for slope in asked])
        return float(np.sqrt(whole @ model.joint.loc[asked, asked].to_numpy(float) @ whole))
    variance = 0.0
    for outcome, equation in model.equations.items():
        weights = np.array([gradient.get((name, outcome, level), 0.0) for name, level in equation.slopes])
        variance += float(weights @ equation.cov @ weights)
    return float(np.sqrt(variance))
