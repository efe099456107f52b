"""Errors of the flat model that allow for clusters, beside its plain ones.

`stages/flat_model` calls `clustered_errors` where rows lie in clusters. Estimates are those of `fit_flat`:
the errors alone know of clusters, slopes still mix within and between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design, links
from pipeline.mediation.evidence import Evidence
from pipeline.mediation.flat import Flat, fitted_flat
from pipeline.mediation.graph import PathGraph, Route
from pipeline.mediation.likelihood import Codes
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.quantities import effects_of
from pipeline.mediation.rows import Missing

if TYPE_CHECKING:
    import pandas as pd

EffectKey = tuple[str, str]


@dataclass(frozen=True)
class ClusteredErrors:
    """Standard errors that allow for `clusters` units of a level.

    `slopes` by (predictor, outcome, level); `effects` by (route, kind), delta method.
    """

    level: str
    clusters: int
    slopes: Mapping[Slope, float]
    effects: Mapping[EffectKey, float]


def clustered_errors(
    flat: PathModel,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    *,
    missing: Missing = "listwise",
    also: Iterable[Route] = (),
) -> ClusteredErrors | None:
    """Sandwich errors of a flat model, scores summed over the highest level's units (Liang & Zeger, 1986).

    Multiplied by the root of G / (G - 1), G the units, as lavaan does; a row whose unit is not known is a
    unit of its own. None where there is no level above the rows or it has a single unit. With few units these
    errors are too small as well (Cameron & Miller, 2015). `also` names further routes, as for the effects.
    """
    laid = Flat.of(graph, frames, design, covariates or {}, missing)
    ids = links(design.lowest(graph), frames, design).loc[laid.table.index]
    if ids.empty or ids.iloc[:, -1].nunique() < 2:
        return None
    fit = fitted_flat(laid.observed, laid.table, missing, _units(ids.iloc[:, -1]))
    cov = laid.observed.slope_covariance(fit)
    evidence = Evidence(replace(flat, joint=cov), {}, None, flat.confidence)
    return ClusteredErrors(
        level=str(ids.columns[-1]),
        clusters=int(ids.iloc[:, -1].nunique()),
        slopes=dict(zip(cov.index, np.sqrt(np.diag(cov)).tolist(), strict=True)),
        effects={(one.name, one.kind): evidence.delta(one) for one in effects_of(flat, graph, tuple(also))},
    )


def _units(ids: pd.Series) -> Codes:
    """Numbers of the units; every row without one has a number of its own."""
    import pandas as pd

    codes = np.asarray(pd.factorize(ids)[0], dtype=np.intp)
    alone = codes < 0
    codes[alone] = codes.max() + 1 + np.arange(alone.sum())
    return codes
