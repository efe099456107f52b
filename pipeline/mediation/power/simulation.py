"""Power by simulation: samples of the design under an assumed effect, analysed as the study's rows would be.

The stages replicate `found_in`, which says of one sample whether each test finds the effect. It holds the
formula of `joint` to account: that takes large samples and predictors as fixed for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.mediation.graph import Edge, arrows
from pipeline.mediation.latent_rows import CLUSTER
from pipeline.mediation.likelihood import Codes, Floats
from pipeline.mediation.montecarlo import percentile_interval
from pipeline.mediation.power.joint import Assumed
from pipeline.mediation.power.setting import FlatSetting, TwoLevelSetting

DRAWS = 2000


@dataclass(frozen=True)
class Found:
    """Whether the joint-significance test and the Monte Carlo interval find the effect in one sample."""

    converged: bool
    joint: bool = False
    monte_carlo: bool = False


@dataclass(frozen=True)
class FlatPlan:
    """Independent rows and the equations of the route."""

    n: int
    names: tuple[str, ...]
    covariance: Floats
    edges: tuple[Edge, ...]
    predictors: Mapping[str, tuple[str, ...]]
    confidence: float


@dataclass(frozen=True)
class TwoLevelPlan:
    """Rows in the study's own clusters: covariances of the parts, and the model that is fitted."""

    syntax: str
    clusters: Codes
    within: tuple[tuple[str, ...], Floats]
    between: tuple[tuple[str, ...], Floats]
    slopes: tuple[str, ...]
    confidence: float


Plan = FlatPlan | TwoLevelPlan


def plan_of(setting: FlatSetting | TwoLevelSetting, assumed: Assumed, confidence: float) -> Plan:
    """What is drawn and analysed under an assumed effect."""
    edges = arrows(assumed.route)
    if isinstance(setting, FlatSetting):
        model = assumed.model
        return FlatPlan(setting.n, model.names, model.covariance, edges, setting.predictors, confidence)
    fit = setting.assumed(assumed.level, assumed.model, edges)
    within, between = (fit.implied(number)[0] for number in (1, 2))
    return TwoLevelPlan(
        syntax=setting.rows.syntax,
        clusters=setting.rows.frame[CLUSTER].to_numpy(np.intp),
        within=(tuple(within.index), within.to_numpy(float)),
        between=(tuple(between.index), between.to_numpy(float)),
        slopes=tuple(setting.parameter(assumed.level, edge) for edge in edges),
        confidence=confidence,
    )


def found_in(plan: Plan, generator: np.random.Generator) -> Found:
    """Draw one sample and analyse it."""
    if isinstance(plan, FlatPlan):
        return _flat(plan, generator)
    return _two_level(plan, generator)


def _flat(plan: FlatPlan, generator: np.random.Generator) -> Found:
    from scipy.stats import t

    rows = generator.standard_normal((plan.n, len(plan.names))) @ np.linalg.cholesky(plan.covariance).T
    ests, errors, significant = [], [], []
    for source, outcome in plan.edges:
        names = plan.predictors[outcome]
        X = np.column_stack([np.ones(plan.n), *(rows[:, plan.names.index(name)] for name in names)])
        y = rows[:, plan.names.index(outcome)]
        inverse = np.linalg.inv(X.T @ X)
        slopes = inverse @ (X.T @ y)
        freedom = plan.n - X.shape[1]
        variance = float(((y - X @ slopes) ** 2).sum()) / freedom
        at = names.index(source) + 1
        ests.append(float(slopes[at]))
        errors.append(float(np.sqrt(variance * inverse[at, at])))
        significant.append(abs(ests[-1] / errors[-1]) > t.isf((1 - plan.confidence) / 2, freedom))
    cov = np.diag(np.square(errors))
    return Found(True, all(significant), _excludes_zero(np.array(ests), cov, plan.confidence, generator))


def _two_level(plan: TwoLevelPlan, generator: np.random.Generator) -> Found:
    import pandas as pd
    from scipy.stats import norm

    from pipeline import sem

    units, n = int(plan.clusters.max()) + 1, len(plan.clusters)
    columns: dict[str, Floats] = {CLUSTER: plan.clusters.astype(float)}
    for (names, covariance), count in ((plan.within, n), (plan.between, units)):
        drawn = generator.standard_normal((count, len(names))) @ np.linalg.cholesky(covariance).T
        drawn = drawn if count == n else drawn[plan.clusters]
        for name, values in zip(names, drawn.T, strict=True):
            columns[name] = columns.get(name, np.zeros(n)) + values
    try:
        fit = sem.fit(plan.syntax, pd.DataFrame(columns), estimator="ML", cluster=CLUSTER)
    except np.linalg.LinAlgError:
        return Found(False)
    slopes = list(plan.slopes)
    ests = np.array([fit.theta[fit.parameter_names.index(name)] for name in slopes])
    cov = fit.vcov.loc[slopes, slopes].to_numpy(float)
    if not fit.converged or not np.all(np.isfinite(cov)) or np.any(np.diag(cov) <= 0):
        return Found(False)
    critical = norm.isf((1 - plan.confidence) / 2)
    joint = bool(np.all(np.abs(ests) > critical * np.sqrt(np.diag(cov))))
    return Found(True, joint, _excludes_zero(ests, cov, plan.confidence, generator))


def _excludes_zero(ests: Floats, cov: Floats, confidence: float, generator: np.random.Generator) -> bool:
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = ests + generator.standard_normal((DRAWS, len(ests))) @ root.T
    interval = percentile_interval(drawn.prod(axis=1), confidence)
    return not interval.lower <= 0 <= interval.upper
