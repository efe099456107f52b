"""A factor model by both estimators: the one to read, the other's numbers, and where conclusions differ.

`stages/estimators` calls `both_estimators` for the models of a scale and `both_of_all` for all scales of a
level together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.estimator import Asked, Estimator, EstimatorChoice, choose_estimator
from pipeline.psychometrics.factor import FactorModel, confirmatory, laid_out

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.joint import Joint

CUTOFFS = (("cfi", 0.90), ("cfi", 0.95), ("rmsea", 0.08), ("srmr", 0.08), ("pvalue", 0.05))
"""Where a conclusion turns: Hu & Bentler (1999), Browne & Cudeck (1993)."""
SMALL_LOADING = 0.40


@dataclass(frozen=True)
class Disagreement:
    """`what`: an index of fit and the cut-off between the two values; or an item's loading or its sign."""

    what: str
    item: str | None
    shown: float
    other: float
    cutoff: float


@dataclass(frozen=True)
class BothEstimators:
    """`model` is the one to read. `other` is None where it cannot be had, for which `reason` is the cause."""

    model: FactorModel
    choice: EstimatorChoice
    other: FactorModel | None
    reason: str | None
    disagreements: tuple[Disagreement, ...]


def both_estimators(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    clusters: pd.Series[str] | None = None,
    asked: Asked = "auto",
) -> BothEstimators:
    """Fit by the chosen estimator and by the other one; `clusters` as in `confirmatory`.

    Where `WLSMV` is chosen and has no solution, MLR takes its place and the reason says so.
    """

    def fit(estimator: Estimator) -> FactorModel:
        return confirmatory(items, factors, clusters, estimator)

    return _both(choose_estimator(_items(items, factors), asked), fit)


def both_of_all(
    items: pd.DataFrame, data: Joint, clusters: pd.Series[str] | None = None, asked: Asked = "auto"
) -> BothEstimators:
    """The same for all scales of a level: by maximum likelihood as `Joint` has it, by WLSMV of the rows."""
    groups = data.structure
    factors = {
        name: [item for item, owner in zip(groups.items, groups.factor_of, strict=True) if owner == k]
        for k, name in enumerate(groups.factors)
    }

    def fit(estimator: Estimator) -> FactorModel:
        if estimator == "WLSMV":
            return confirmatory(items, factors, clusters, "WLSMV")
        found = data.fit(groups.syntax)
        if not found.converged:
            raise PsychometricsError("the model did not converge")
        name = "ML" if data.handling == "em" else "MLR"
        return laid_out(groups, found, (name, data.handling, data.n, _incomplete(items), {}, data.clusters))

    return _both(choose_estimator(_items(items, factors), asked), fit)


def disagreements(model: FactorModel, other: FactorModel) -> tuple[Disagreement, ...]:
    """Indices on different sides of a cut-off; loadings of another sign, or on different sides of .40."""
    return (*_of_fit(model, other), *_of_loadings(model, other))


def _both(choice: EstimatorChoice, fit: Callable[[Estimator], FactorModel]) -> BothEstimators:
    second: Estimator = "MLR" if choice.used == "WLSMV" else "WLSMV"
    if choice.used == "MLR":
        model = fit("MLR")
        other, reason = _attempt(fit, second)
    else:
        found, failed = _attempt(fit, "WLSMV")
        model = fit("MLR") if found is None else found
        if found is None:
            words = f"{choice.reason}, but WLSMV has no solution: {failed}"
            return BothEstimators(model, replace(choice, used="MLR", reason=words), None, failed, ())
        other, reason = _attempt(fit, "MLR")
    usable = other is not None and other.converged and model.converged
    return BothEstimators(
        model, choice, other, reason, disagreements(model, other) if usable and other is not None else ()
    )


def _attempt(
    fit: Callable[[Estimator], FactorModel], estimator: Estimator
) -> tuple[FactorModel | None, str | None]:
    try:
        found = fit(estimator)
    except PsychometricsError as error:
        return None, str(error)
    return (found, None) if found.converged else (None, "it did not converge")


def _of_fit(model: FactorModel, other: FactorModel) -> Iterator[Disagreement]:
    if model.fit is None or other.fit is None:
        return
    for name, cutoff in CUTOFFS:
        one, two = float(getattr(model.fit, name)), float(getattr(other.fit, name))
        if np.isfinite([one, two]).all() and (one < cutoff) != (two < cutoff):
            yield Disagreement(name, None, one, two, cutoff)


def _of_loadings(model: FactorModel, other: FactorModel) -> Iterator[Disagreement]:
    pairs = zip(model.frame["item"], model.frame["std"], other.frame["std"], strict=True)
    for item, one, two in pairs:
        if one * two < 0:
            yield Disagreement("sign", str(item), float(one), float(two), 0.0)
        elif (abs(one) < SMALL_LOADING) != (abs(two) < SMALL_LOADING):
            yield Disagreement("loading", str(item), float(one), float(two), SMALL_LOADING)


def _items(items: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    return items[[item for group in factors.values() for item in group]]


def _incomplete(items: pd.DataFrame) -> int:
    return int((items.notna().any(axis=1) & items.isna().any(axis=1)).sum())
