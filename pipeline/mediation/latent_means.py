"""The path model within and between clusters with latent cluster means, fitted as one two-level model.

The stages call `fit_latent_means`. A cluster's mean of a few members holds their sampling error; here it is
a latent variable, so that slopes between are not drawn towards those within (Lüdtke et al., 2008; Preacher,
Zyphur & Zhang, 2010).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.joint import Joint, path_model
from pipeline.mediation.latent_rows import CLUSTER, UNIT, LatentRows, latent_rows
from pipeline.mediation.model import PathModel
from pipeline.mediation.rows import BETWEEN, WITHIN

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.twolevel.result import TwoLevelFit

KIND = "latent"
Bounds = Literal["none", "between"]
LEVELS = {1: WITHIN, 2: BETWEEN}


def fit_latent_means(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
    *,
    estimator: str = "MLR",
    missing: str = "listwise",
    within_only: Collection[str] = (),
    bounds: Bounds = "none",
) -> PathModel:
    """Fit all equations at both levels together; NotEstimable where there is no usable solution.

    Every variable of the path's lowest level, covariates included, is split into its parts within and between
    clusters, and has its slopes at both levels; a covariate that does not differ between clusters enters
    within only, which is told, and so do those named in `within_only`. Predictors of one level covary, and so
    do residuals of outcomes that no route connects. Errors are robust (MLR): to non-normality and to the
    highest level above the clusters. With `bounds` "between" no variance between clusters falls below zero,
    which with few clusters may be the only solution there is (De Jonckere & Rosseel, 2022).
    """
    listwise = missing == "listwise"
    rows = latent_rows(
        graph, frames, design, covariates or {}, listwise=listwise, within_only=frozenset(within_only)
    )
    fit = fit_rows(rows, estimator, missing, bounds)
    return path_model(KIND, Joint(rows, fit, _method(rows, fit)), graph, design, confidence)


def fit_rows(
    rows: LatentRows, estimator: str, missing: str, bounds: Bounds = "none", syntax: str | None = None
) -> TwoLevelFit:
    """Fit the rows' model, or another of the same tokens; NotEstimable where its slopes have no meaning."""
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
            bounds=bounds,
        )
    except (DataError, ModelError, np.linalg.LinAlgError) as error:
        raise NotEstimable(rows.names.words(str(error))) from error
    assert isinstance(fit, TwoLevelFit)
    if not fit.converged:
        raise NotEstimable(
            f"its estimates did not converge; few or small {rows.cluster} clusters, or clusters that hardly "
            f"differ in a variable, are the usual cause{_remedy(bounds)}"
        )
    for level in (1, 2):
        sigma = fit.implied(level)[0]
        without = [rows.names.words(name) for name in sigma.index if sigma.loc[name, name] <= 0]
        if without:
            raise NotEstimable(
                f"the variance of '{without[0]}' {LEVELS[level]} clusters is not estimated above zero, so "
                f"that slopes {LEVELS[level]} have no meaning; few or small clusters, or clusters that "
                f"hardly differ, are the usual cause"
            )
    return fit


def _remedy(bounds: Bounds) -> str:
    return "" if bounds == "between" else "; bounded variances between clusters can help"


def _method(rows: LatentRows, fit: TwoLevelFit) -> str:
    told = f"two-level maximum likelihood with latent means of {rows.cluster}, all equations together"
    if fit.method.missing == "fiml":
        told = f"{told}, missing answers by full information"
    if not fit.method.robust:
        return told
    return f"{told}; standard errors robust to non-normality and to {rows.unit or rows.cluster}"
