"""The path model within and between clusters with latent cluster means, fitted as one two-level model.

The stages call `fit_latent_means`. A cluster's mean of a few members holds their sampling error; here it is
a latent variable, so that slopes between are not drawn towards those within (Lüdtke et al., 2008; Preacher,
Zyphur & Zhang, 2010).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.decomposed import few_clusters
from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_rows import CLUSTER, UNIT, LatentRows, latent_rows
from pipeline.mediation.model import Equation, PathModel, Slope, reference
from pipeline.mediation.rows import BETWEEN, WITHIN

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.table.rows import Row
    from pipeline.sem.twolevel.result import TwoLevelFit

KIND = "latent"


def fit_latent_means(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
    *,
    estimator: str = "MLR",
    missing: str = "listwise",
) -> PathModel:
    """Fit all equations at both levels together; NotEstimable where there is no usable solution.

    Every variable of the path's lowest level, covariates included, is split into its parts within and between
    clusters, and has its slopes at both levels; a covariate that does not differ between clusters enters
    within only, which is told. Predictors of one level covary, and so do residuals of outcomes that no route
    connects. Errors are robust (MLR): to non-normality and to the highest level above the clusters.
    """
    rows = latent_rows(graph, frames, design, covariates or {}, listwise=missing == "listwise")
    fit = fit_rows(rows, estimator, missing)
    slopes = _slopes(rows, graph)
    cov = _covariance(rows, fit, slopes)
    table = _table(rows, fit, cov, slopes, confidence)
    equations = {outcome: _equation(outcome, rows, fit, cov, design) for outcome in graph.outcomes}
    unit = (rows.unit or rows.cluster) if fit.method.robust else None
    return PathModel(KIND, table, equations, confidence, joint=cov, notes=_notes(rows, fit), unit=unit)


def fit_rows(rows: LatentRows, estimator: str, missing: str, syntax: str | None = None) -> TwoLevelFit:
    """Fit the rows' model, or another of the same tokens; NotEstimable without a usable solution."""
    from pipeline import sem
    from pipeline.sem.errors import DataError, ModelError
    from pipeline.sem.twolevel.result import TwoLevelFit

    unit = UNIT if rows.unit is not None and estimator == "MLR" else None
    missing = missing if rows.frame.isna().to_numpy().any() else "listwise"
    try:
        fit = sem.fit(
            syntax or rows.syntax,
            rows.frame,
            estimator=estimator,
            missing=missing,
            cluster=CLUSTER,
            robust_unit=unit,
        )
    except (DataError, ModelError, np.linalg.LinAlgError) as error:
        raise NotEstimable(rows.names.words(str(error))) from error
    assert isinstance(fit, TwoLevelFit)
    if not fit.converged:
        raise NotEstimable(
            f"its estimates did not converge; few or small {rows.cluster} clusters, or clusters that hardly "
            f"differ in a variable, are the usual cause"
        )
    for level in (1, 2):
        sigma = fit.implied(level)[0]
        without = [rows.names.words(name) for name in sigma.index if sigma.loc[name, name] <= 0]
        if without:
            raise NotEstimable(
                f"the variance of '{without[0]}' {_level(level)} clusters is estimated below zero, so that "
                f"slopes {_level(level)} have no meaning; few or small clusters, or clusters that hardly "
                f"differ, are the usual cause"
            )
    return fit


def _slopes(rows: LatentRows, graph: PathGraph) -> tuple[Slope, ...]:
    """Slopes by outcome, within before between, those of the path before covariates'."""
    found = [
        (source, target, block.level)
        for block in rows.blocks
        for source, target in sorted(block.edges, key=lambda edge: rows.roles[edge] == "covariate")
    ]
    return tuple(slope for outcome in graph.outcomes for slope in found if slope[1] == outcome)


def _covariance(rows: LatentRows, fit: TwoLevelFit, slopes: Sequence[Slope]) -> pd.DataFrame:
    """Covariance of all slopes; NotEstimable where it is none."""
    import pandas as pd

    at = {_slope(rows, row.lhs, row.rhs, row.level): k for k, row in _free(fit) if row.op == "~"}
    places = [at[slope] for slope in slopes]
    cov = fit.vcov.to_numpy(float)[np.ix_(places, places)]
    if not np.all(np.isfinite(cov)) or np.any(np.diag(cov) <= 0):
        raise NotEstimable("its standard errors cannot be computed: the information matrix is singular")
    index = pd.MultiIndex.from_tuples(slopes)
    return pd.DataFrame(cov, index=index, columns=index)


def _free(fit: TwoLevelFit) -> Iterator[tuple[int, Row]]:
    return enumerate(fit.table.whole.free_rows)


def _slope(rows: LatentRows, lhs: str, rhs: str, level: int) -> Slope:
    return rows.names.words(rhs), rows.names.words(lhs), _level(level)


def _level(number: int) -> str:
    return WITHIN if number == 1 else BETWEEN


def _equation(
    outcome: str, rows: LatentRows, fit: TwoLevelFit, cov: pd.DataFrame, design: Design
) -> Equation:
    token, level = rows.names.token(outcome), design.measured[outcome]
    own = [slope for slope in cov.index if slope[1] == outcome]
    values = _values(rows, fit)
    is_lowest = level == rows.lowest
    numbers = (1, 2) if is_lowest else (2,)
    r2 = {_level(number): fit.r2(number).get(token, -1.0) for number in numbers}
    return Equation(
        outcome=outcome,
        level=level,
        method=_method(rows, fit),
        n=fit.nobs if is_lowest else rows.clusters[level],
        clusters={name: n for name, n in rows.clusters.items() if name in design.above(level)},
        left_out=rows.left_out if is_lowest else _unused(rows, level),
        slopes=tuple((predictor, at) for predictor, _, at in own),
        estimates=np.array([values[slope][0] for slope in own]),
        cov=cov.loc[own, own].to_numpy(float),
        intercept=_parameter(fit, token, "~1", 2),
        freedom=None,
        variances={_level(number): _parameter(fit, token, "~~", number) for number in numbers},
        icc={rows.cluster: fit.icc()[token]} if is_lowest else {},
        logl=fit.logl,
        converged=True,
        second=None,
        warnings=(),
        r2={name: value for name, value in r2.items() if 0 <= value <= 1},
    )


def _values(rows: LatentRows, fit: TwoLevelFit) -> dict[Slope, tuple[float, float]]:
    """Estimate and standardized estimate of every slope."""
    found = fit.estimates[fit.estimates["op"] == "~"].to_dict("records")
    return {
        _slope(rows, row["lhs"], row["rhs"], row["level"]): (float(row["est"]), float(row["std_all"]))
        for row in found
    }


def _parameter(fit: TwoLevelFit, token: str, op: str, level: int) -> float:
    """An intercept (at level 2) or a residual variance."""
    table = fit.estimates
    is_own = table["rhs"] == (token if op == "~~" else "")
    found = table[(table["lhs"] == token) & (table["op"] == op) & is_own & (table["level"] == level)]
    return float(found["est"].iloc[0])


def _method(rows: LatentRows, fit: TwoLevelFit) -> str:
    told = f"two-level maximum likelihood with latent means of {rows.cluster}, all equations together"
    if fit.method.missing == "fiml":
        told = f"{told}, missing answers by full information"
    if not fit.method.robust:
        return told
    return f"{told}; standard errors robust to non-normality and to {rows.unit or rows.cluster}"


def _unused(rows: LatentRows, level: str) -> dict[str, int]:
    lost = rows.unused.get(level, 0)
    return {f"no {rows.lowest} in the model": lost} if lost else {}


def _table(
    rows: LatentRows, fit: TwoLevelFit, cov: pd.DataFrame, slopes: Sequence[Slope], confidence: float
) -> pd.DataFrame:
    import pandas as pd

    values, errors = _values(rows, fit), np.sqrt(np.diag(cov))
    laid = [
        _row(slope, values[slope], float(se), confidence) | {"role": rows.roles[slope[0], slope[1]]}
        for slope, se in zip(slopes, errors, strict=True)
    ]
    return pd.DataFrame(laid)


def _row(slope: Slope, value: tuple[float, float], se: float, confidence: float) -> dict[str, Any]:
    predictor, outcome, level = slope
    est, beta = value
    critical, tail = reference(est / se, None, confidence)
    return {
        "outcome": outcome,
        "predictor": predictor,
        "level": level,
        "role": None,
        "est": est,
        "se": se,
        "z": est / se,
        "df": None,
        "pvalue": tail,
        "ci_lower": est - critical * se,
        "ci_upper": est + critical * se,
        "cluster_mean": False,
        "beta": beta,
    }


def _notes(rows: LatentRows, fit: TwoLevelFit) -> tuple[str, ...]:
    few = [few_clusters(rows.unit, rows.clusters[rows.unit])] if rows.unit else []
    told = [*rows.notes, *(rows.names.words(text) for text in fit.warnings), *(text for text in few if text)]
    return tuple(dict.fromkeys(told))
