"""Other orders of the same variables, fitted beside the hypothesised path and compared by likelihood.

The stages call `compare_orders`. Different orders can imply the same covariances; data then cannot tell them
apart however many there are (MacCallum, Wegener, Uchino & Fabrigar, 1993).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.mediation.design import Design, listed
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_means import Bounds, fit_rows
from pipeline.mediation.latent_rows import LatentRows
from pipeline.mediation.latent_syntax import Indicators
from pipeline.mediation.latent_variables import fit_single_level, latent_variable_rows
from pipeline.mediation.rows import Missing

if TYPE_CHECKING:
    import pandas as pd

EQUAL, BETTER, WORSE, MIXED, NONE = "equal", "better", "worse", "mixed", "not compared"
# Log-likelihoods this close are the same maximum, up to where the search stopped.
SAME = 1e-3
Covariates = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Order:
    """One order of the variables. `against` says how it fits beside the hypothesised one.

    equal: the same likelihood with as many parameters, so that no data of these variables can tell the two
    apart. better, worse: by both AIC and BIC. mixed: these two disagree. not compared: `reason` says why.
    `aic_difference` and `bic_difference` are its criteria less those of the path.
    """

    name: str
    against: str | None
    npar: int | None = None
    df: int | None = None
    logl: float | None = None
    aic: float | None = None
    bic: float | None = None
    aic_difference: float | None = None
    bic_difference: float | None = None
    reason: str | None = None


def compare_orders(
    orders: Mapping[str, tuple[PathGraph, Covariates]],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    indicators: Mapping[str, Indicators],
    *,
    missing: Missing,
    bounds: Bounds = "none",
) -> tuple[Order, ...]:
    """Fit every order on the same rows by maximum likelihood; the first one is what others are held against.

    With clusters each is a two-level model. Predictors are estimated, not fixed, so that likelihoods are of
    all variables whatever their place. Without `indicators` of a variable its score is fitted.
    """
    laid: dict[str, LatentRows | str] = {}
    for name, (graph, covariates) in orders.items():
        try:
            laid[name] = latent_variable_rows(graph, frames, design, indicators, covariates, missing=missing)
        except NotEstimable as error:
            laid[name] = str(error)
    main, *others = [_fitted(name, rows, missing, bounds) for name, rows in laid.items()]
    first = laid[main.name]
    return main, *(_held_against(main, one, first, laid[one.name]) for one in others)


def _fitted(name: str, rows: LatentRows | str, missing: Missing, bounds: Bounds) -> Order:
    if isinstance(rows, str):
        return Order(name, NONE, reason=rows)
    try:
        fit = fit_rows(rows, "ML", missing, bounds) if rows.clusters else fit_single_level(rows, missing)
    except NotEstimable as error:
        return Order(name, NONE, reason=str(error))
    aic, bic = (2 * fit.npar - 2 * fit.logl, math.log(fit.nobs) * fit.npar - 2 * fit.logl)
    return Order(name, None, fit.npar, fit.df, fit.logl, aic, bic)


def _held_against(main: Order, other: Order, first: LatentRows | str, second: LatentRows | str) -> Order:
    if main.logl is None or other.logl is None:
        return Order(other.name, NONE, reason=other.reason or f"the hypothesised path: {main.reason}")
    assert isinstance(first, LatentRows)
    assert isinstance(second, LatentRows)
    lost = set(first.names.known) ^ set(second.names.known)
    if lost or len(first.frame) != len(second.frame):
        why = f"it does not hold the same variables ({listed(sorted(lost))})" if lost else "its rows differ"
        return Order(other.name, NONE, reason=f"{why}, so that the likelihoods are not of the same data")
    aic, bic = float(other.aic or 0) - float(main.aic or 0), float(other.bic or 0) - float(main.bic or 0)
    same = main.npar == other.npar and abs(other.logl - main.logl) < SAME
    verdict = EQUAL if same else _verdict(aic, bic)
    return replace(other, against=verdict, aic_difference=aic, bic_difference=bic)


def _verdict(aic: float, bic: float) -> str:
    if aic < 0 and bic < 0:
        return BETTER
    return MIXED if aic < 0 or bic < 0 else WORSE
