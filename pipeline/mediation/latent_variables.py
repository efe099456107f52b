"""The path model of latent variables behind the items: at both levels of a design with clusters, or at one.

The stages call `fit_latent_variables`. A scale score holds the error of its items, which draws slopes
towards zero; a latent variable behind the items does not (Bollen, 1989). Loadings are equal within and
between clusters, so that a variable means the same at both levels (Mehta & Neale, 2005), and they add up so
that it has the unit of the scale score (Little, Slegers & Card, 2006).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.joint import Joint, path_model
from pipeline.mediation.latent_means import Bounds, fit_rows
from pipeline.mediation.latent_rows import LatentRows, latent_rows, single_level_rows
from pipeline.mediation.latent_syntax import Block, Indicators
from pipeline.mediation.model import PathModel

if TYPE_CHECKING:
    import pandas as pd

    from pipeline import sem
    from pipeline.sem.twolevel.result import TwoLevelFit

KIND = "latent_variables"


def fit_latent_variables(
    rows: LatentRows,
    graph: PathGraph,
    design: Design,
    confidence: float = 0.95,
    *,
    missing: str = "listwise",
    bounds: Bounds = "none",
) -> PathModel:
    """Fit factors and paths together by MLR; NotEstimable where there is no usable solution.

    Every variable with items is a factor at each of its levels; one without (a ready score, a covariate)
    enters as observed. With clusters the structural paths stand at both levels and errors are robust to the
    highest level above; a variable of the clusters' own level has its factor there. Item intercepts are free,
    factor means zero. With `bounds` "between" no variance between clusters falls below zero.
    """
    fit = fit_rows(rows, "MLR", missing, bounds) if rows.clusters else fit_single_level(rows, missing)
    joint = Joint(rows, fit, _method(rows, fit))
    _refuse_no_variance(rows, joint)
    return path_model(KIND, joint, graph, design, confidence)


def latent_variable_rows(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    indicators: Mapping[str, Indicators],
    covariates: Mapping[str, Sequence[str]] | None = None,
    *,
    missing: str = "listwise",
) -> LatentRows:
    """What the model is fitted on: rows, items and syntax, from which its size can be told."""
    listwise, entering = missing == "listwise", covariates or {}
    if design.above(design.lowest(graph)):
        return latent_rows(graph, frames, design, entering, indicators, listwise=listwise)
    return single_level_rows(graph, frames, design, entering, indicators, listwise=listwise)


def free_parameters(rows: LatentRows) -> dict[str, int]:
    """Free parameters by level; loadings count where they are first estimated, at the lower level."""
    return {
        block.level: _free(block, rows.blocks[0], rows.indicators) + _intercepts(rows, block)
        for block in rows.blocks
    }


def _free(block: Block, first: Block, indicators: Mapping[str, Indicators]) -> int:
    """Loadings, intercepts, residual variances, slopes, variances and covariances of one level.

    What stands at both levels has its loadings within and its intercepts between.
    """
    behind = {name: one.items for name, one in indicators.items() if name in block.variables}
    items = sum(len(one) for one in behind.values())
    loadings = sum(
        len(one) - 1 for name, one in behind.items() if block is first or name not in first.variables
    )
    covariances = len(block.variables) + len(block.joined())
    return loadings + items + len(block.edges) + covariances


def _intercepts(rows: LatentRows, block: Block) -> int:
    """Means of observed variables stand at the highest of their levels."""
    above = {name for other in rows.blocks if other.number > block.number for name in other.variables}
    own = [name for name in block.variables if name not in above]
    return sum(len(rows.indicators[name].items) if name in rows.indicators else 1 for name in own)


def fit_single_level(rows: LatentRows, missing: str) -> sem.Fit:
    """Fit the single-level model of these rows by MLR; NotEstimable where it has no solution."""
    from pipeline import sem

    missing = missing if rows.frame.isna().to_numpy().any() else "listwise"
    try:
        fit = sem.fit(
            rows.syntax, rows.frame, estimator="MLR", missing=missing, meanstructure=True, fixed_x=False
        )
    except (sem.DataError, sem.ModelError, np.linalg.LinAlgError) as error:
        raise NotEstimable(rows.names.words(str(error))) from error
    if not fit.converged:
        raise NotEstimable(
            "its estimates did not converge; the usual reason are too few rows, or items that do not hang "
            "together"
        )
    return fit


def _refuse_no_variance(rows: LatentRows, joint: Joint) -> None:
    for (predictor, outcome, level), (_, beta) in joint.values.items():
        if not math.isfinite(beta):
            where = f" {level} clusters" if rows.clusters else ""
            raise NotEstimable(
                f"the slope of '{outcome}' on '{predictor}'{where} cannot be standardized: the variance of "
                f"one of them is estimated at or below zero there, so that its slopes have no meaning"
            )


def _method(rows: LatentRows, fit: TwoLevelFit | sem.Fit) -> str:
    told = "maximum likelihood with latent variables behind the items, all equations together"
    if rows.clusters:
        told = f"two-level {told}, loadings equal within and between {rows.cluster}"
    if fit.method.missing == "fiml":
        told = f"{told}, missing answers by full information"
    robust = f" and to {rows.unit or rows.cluster}" if rows.clusters else ""
    return f"{told}; standard errors robust to non-normality{robust}"
