"""Competing factor models of the same items: one factor, correlated factors, second order, bifactor.

`stages/structure` calls it for scales with facets and for all scales of a level together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline import sem
from pipeline.psychometrics.difference import difference
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fisher import fisher_interval
from pipeline.psychometrics.fit import FitMeasures
from pipeline.psychometrics.joint import Joint
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["one factor", "correlated factors", "second-order", "bifactor"]
KINDS: tuple[Kind, ...] = ("one factor", "correlated factors", "second-order", "bifactor")
NOTICEABLE = 0.01
"""A difference of CFI worth its parameters: Cheung and Rensvold's (2002) for invariance, borrowed."""


@dataclass(frozen=True)
class CompetingModel:
    """One model: its fit, or in `reason` why it has none. `proper`: no variance or correlation out of bounds.

    `equivalent` names a model that it cannot be told from, whose fit is its own.
    """

    kind: Kind
    fit: FitMeasures | None
    aic: float | None
    bic: float | None
    npar: int | None
    proper: bool
    reason: str | None = None
    equivalent: Kind | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """The more restricted model beside the wider one: scaled chi-square difference and change of indices."""

    narrow: Kind
    wide: Kind
    chisq: float | None
    df: int
    pvalue: float | None
    delta_cfi: float
    delta_rmsea: float
    delta_srmr: float
    reason: str | None = None


@dataclass(frozen=True)
class CompetingModels:
    """Models side by side; `preferred` is the simplest that no wider one beats noticeably.

    `correlations`: of the correlated factors (factor, with, est, se, ci_lower, ci_upper).
    """

    n: int
    handling: str
    clusters: int | None
    models: tuple[CompetingModel, ...]
    differences: tuple[Difference, ...]
    preferred: Kind | None
    correlations: pd.DataFrame


def competing_models(data: Joint, kinds: Sequence[Kind] = KINDS) -> CompetingModels:
    """Fit the models to the same items by maximum likelihood (see `Joint`); compare those that are nested.

    one factor: all items on one; correlated factors: each item on its own (Joreskog, 1969); second-order: one
    factor above three or more (with three, equivalent to correlated ones; Rindskopf & Rose, 1988); bifactor:
    a general factor and, uncorrelated with it, one for each group of three items or more (Holzinger &
    Swineford, 1937). Nested models are compared by the scaled difference of Satorra & Bentler (2001). A wider
    model is preferred where the test rejects the narrower one (p < .05) and its CFI is higher by .01.
    """
    if len(data.structure.factors) < 2:
        raise PsychometricsError("competing models need at least two groups of items")
    fits: dict[Kind, sem.Fit] = {}
    models = []
    for kind in kinds:
        model, fit = _fitted(kind, data)
        models.append(model)
        if fit is not None:
            fits[kind] = fit
    told = {model.kind: model for model in models}
    differences = tuple(_differences(fits, told))
    return CompetingModels(
        n=data.n,
        handling=data.handling,
        clusters=data.clusters,
        models=tuple(models),
        differences=differences,
        preferred=_preferred(told, differences),
        correlations=factor_correlations(data.structure, fits.get("correlated factors")),
    )


def factor_correlations(structure: Structure, fit: sem.Fit | None, confidence: float = 0.95) -> pd.DataFrame:
    """Correlations of factors with their intervals (`fisher_interval`); empty without a fit."""
    import pandas as pd

    columns = ["factor", "with", "est", "se", "ci_lower", "ci_upper"]
    if fit is None:
        return pd.DataFrame(columns=columns)
    whole, codes = fit.standardized, structure.factor_codes
    rows = whole[whole["op"] == "~~"].set_index(["lhs", "rhs"])
    loads = whole.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes, "est"].to_numpy(float)
    signs = structure.signs(loads)
    found = []
    for i, j in structure.pairs:
        at = rows.loc[[(codes[i], codes[j])]].iloc[0]
        est, se = float(at["est"]) * signs[i] * signs[j], float(at["se"])
        ends = fisher_interval(est, se, confidence)
        found.append((structure.factors[i], structure.factors[j], est, se, *ends))
    return pd.DataFrame(found, columns=columns)


def model_syntax(kind: Kind, structure: Structure) -> str:
    """One of the models in lavaan's language; factors have unit variance."""
    everything = " + ".join(structure.item_codes)
    if kind == "one factor":
        return f"general_ =~ {everything}"
    if kind == "correlated factors":
        return structure.syntax
    if kind == "second-order":
        return f"{structure.syntax}\ngeneral_ =~ {' + '.join(structure.factor_codes)}"
    codes = structure.factor_codes
    apart = [f"general_ ~~ 0*{code}" for code in codes]
    apart += [f"{codes[i]} ~~ 0*{codes[j]}" for i, j in structure.pairs]
    return "\n".join([f"general_ =~ {everything}", structure.syntax, *apart])


def _fitted(kind: Kind, data: Joint) -> tuple[CompetingModel, sem.Fit | None]:
    reason, equivalent = _impossible(kind, data.structure)
    if reason is not None:
        return CompetingModel(kind, None, None, None, None, False, reason, equivalent), None
    try:
        fit = data.fit(model_syntax(kind, data.structure))
    except PsychometricsError as error:
        return _without(kind, str(error)), None
    if not fit.converged:
        return _without(kind, "the model did not converge"), None
    told = tuple(data.structure.in_words(text) for text in fit.warnings)
    measures = fit.measures
    shown = data.measured(fit)
    return CompetingModel(
        kind, shown, measures["aic"], measures["bic"], fit.npar, _is_proper(fit), warnings=told
    ), fit


def _without(kind: Kind, reason: str) -> CompetingModel:
    return CompetingModel(kind, None, None, None, None, False, reason)


def _impossible(kind: Kind, structure: Structure) -> tuple[str | None, Kind | None]:
    """Why a model cannot be told apart from another, or has no unique solution."""
    sizes = np.bincount(structure.factor_of)
    if kind == "second-order" and len(sizes) == 2:
        return "a factor above two others has more loadings than they have correlations", None
    if kind == "second-order" and len(sizes) == 3:
        return "one factor above three reproduces their correlations exactly", "correlated factors"
    if kind == "bifactor" and sizes.min() < 3:
        return "a group factor beside the general one needs three items", None
    if kind == "correlated factors" and sizes.min() < 2:
        return "a factor with a single item cannot be told from its error", None
    return None, None


def _is_proper(fit: sem.Fit) -> bool:
    """No negative variance, and every correlation of factors below one."""
    table = fit.standardized
    own = table[(table["op"] == "~~") & (table["lhs"] == table["rhs"])]
    latent = table[(table["op"] == "~~") & (table["lhs"] != table["rhs"])]
    loadings = table[table["op"] == "=~"]["est"].abs()
    return bool((own["est"] >= 0).all() and (latent["est"].abs() < 1).all() and (loadings <= 1 + 1e-8).all())


NESTED: tuple[tuple[Kind, Kind], ...] = (
    ("one factor", "correlated factors"),
    ("second-order", "correlated factors"),
    ("one factor", "bifactor"),
    ("second-order", "bifactor"),
)


def _differences(fits: Mapping[Kind, sem.Fit], told: Mapping[Kind, CompetingModel]) -> list[Difference]:
    found = []
    for narrow, wide in NESTED:
        if narrow in fits and wide in fits and fits[narrow].df > fits[wide].df:
            found.append(_difference(narrow, wide, fits, told))
    return found


def _difference(
    narrow: Kind, wide: Kind, fits: Mapping[Kind, sem.Fit], told: Mapping[Kind, CompetingModel]
) -> Difference:
    a, b = told[narrow].fit, told[wide].fit
    assert a is not None
    assert b is not None
    deltas = b.cfi - a.cfi, b.rmsea - a.rmsea, b.srmr - a.srmr
    df = fits[narrow].df - fits[wide].df
    try:
        test = difference(fits[narrow], fits[wide])
    except sem.ModelError as error:
        return Difference(narrow, wide, None, df, None, *deltas, reason=str(error))
    return Difference(narrow, wide, test.statistic, df, test.pvalue, *deltas)


def _preferred(told: Mapping[Kind, CompetingModel], differences: Sequence[Difference]) -> Kind | None:
    """From the simplest model on, step to a proper wider one that the data ask for."""
    usable = [kind for kind in KINDS if kind in told and told[kind].fit is not None]
    if not usable:
        return None
    best = usable[0]
    for kind in usable[1:]:
        asked = any(
            d.wide == kind
            and d.narrow == best
            and d.delta_cfi >= NOTICEABLE
            and (d.pvalue is None or d.pvalue < 0.05)
            for d in differences
        )
        known = {(d.narrow, d.wide) for d in differences}
        gain = _gain(told, best, kind) if (best, kind) not in known else None
        if told[kind].proper and (asked or (gain is not None and gain >= NOTICEABLE)):
            best = kind
    return best


def _gain(told: Mapping[Kind, CompetingModel], best: Kind, kind: Kind) -> float:
    """Of models that are not nested: how much CFI rises where BIC falls."""
    one, other = told[best], told[kind]
    assert one.fit is not None
    assert other.fit is not None
    if one.bic is None or other.bic is None or other.bic >= one.bic:
        return 0.0
    return other.fit.cfi - one.fit.cfi
