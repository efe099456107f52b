"""Indirect, direct and total effects along every route of the path, level by level.

The stages call `indirect_effects` on a fitted model. A route exists at a level when each of its arrows has a
slope there: within clusters only where both ends are measured at the lowest level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.comparisons import contextual_indirect, contrasts, proportions
from pipeline.mediation.evidence import Evidence
from pipeline.mediation.graph import PathGraph, Route
from pipeline.mediation.model import PathModel
from pipeline.mediation.montecarlo import density, draw_slopes
from pipeline.mediation.quantities import DIRECT, SPECIFIC, Effect, effects_of
from pipeline.mediation.resamples import Resamples
from pipeline.mediation.rows import BETWEEN, WITHIN

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class IndirectEffects:
    """Effects by route and level.

    `frame`: route, source, target, level, kind (specific, total_indirect, direct, total), est, se (delta
    method), ci_lower, ci_upper, pvalue, pvalue_is_bound (p is below the number shown), interval ("monte
    carlo", or "wald" for a direct effect, which is a single slope and has that slope's interval), beta
    (product, or sum of products, of the standardized slopes), joint_pvalue (largest p of the slopes along a
    specific route). With resamples also boot_se, boot_lower, boot_upper (percentile), bc_lower, bc_upper.
    `contrasts`, `proportions`, `contextual_indirect`: see the functions of these names in `comparisons`.
    `contextual`: between minus within of each slope that has both: outcome, predictor, est, se, z, pvalue,
    ci_lower, ci_upper. `densities`: route|level -> x, y of the Monte Carlo distribution.
    """

    frame: pd.DataFrame
    contextual: pd.DataFrame
    densities: Mapping[str, Mapping[str, Any]]
    draws: int
    seed: int
    confidence: float
    contrasts: pd.DataFrame
    proportions: pd.DataFrame
    contextual_indirect: pd.DataFrame


def indirect_effects(
    model: PathModel,
    graph: PathGraph,
    draws: int,
    seed: int,
    confidence: float = 0.95,
    *,
    also: Iterable[Route] = (),
    resamples: Resamples | None = None,
) -> IndirectEffects:
    """Every specific indirect effect from each source to each sink, with their sums, by level.

    `also` names further routes (parts of longer ones) that a hypothesis asks about. Intervals are
    Monte Carlo, and from `resamples` of the model where they are given. The delta-method
    standard error (Sobel, 1982) stands beside them and is not used for them.
    """
    import pandas as pd

    evidence = Evidence(model, draw_slopes(model, draws, seed), resamples, confidence)
    effects = effects_of(model, graph, tuple(also))
    columns = ["route", "source", "target", "level", "kind", "est", "se", "beta", "joint_pvalue"]
    rows = [_row(effect, evidence) for effect in effects]
    return IndirectEffects(
        frame=pd.DataFrame(rows, columns=columns + evidence.columns),
        contextual=contextual_effects(model),
        densities={
            f"{effect.name}|{effect.level}": density(effect.combine(evidence.drawn))
            for effect in effects
            if effect.kind == SPECIFIC
        },
        draws=draws,
        seed=seed,
        confidence=confidence,
        contrasts=contrasts(effects, evidence),
        proportions=proportions(effects, evidence),
        contextual_indirect=contextual_indirect(effects, evidence),
    )


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


def _row(effect: Effect, evidence: Evidence) -> dict[str, Any]:
    beta = {slope: row["beta"] for slope, row in evidence.slopes.items()}
    known = {
        "route": effect.name,
        "source": effect.source,
        "target": effect.target,
        "level": effect.level,
        "kind": effect.kind,
        "est": float(effect.combine(evidence.estimates)),
        "se": evidence.delta(effect),
        "beta": float(effect.combine(beta)),
        "joint_pvalue": evidence.joint(effect) if effect.kind == SPECIFIC else None,
    }
    if effect.kind == DIRECT:
        return known | evidence.single(effect.products[0][1][0])
    return known | evidence.intervals(effect.combine)
