"""How well a path model as a whole reproduces what it was fitted to: chi-square, indices, criteria.

`joint` and `flat` call `fit_of`. With robust errors the chi-square to read is scaled (Yuan & Bentler, 2000)
and CFI, TLI and RMSEA are robust (Brosseau-Liard & Savalei, 2014); the plain ones stand under `plain`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline import sem
    from pipeline.sem.twolevel.levelfit import LevelFit
    from pipeline.sem.twolevel.result import TwoLevelFit

SCALED, PLAIN, SATURATED, UNTESTED = "scaled and robust", "normal theory", "saturated", "not tested"

UNKNOWN = "the fit {} clusters alone is not known: the model of that level, with the other one unrestricted"


@dataclass(frozen=True)
class Indices:
    """Chi-square and indices of one kind; None where there is nothing to test."""

    chisq: float | None = None
    pvalue: float | None = None
    cfi: float | None = None
    tli: float | None = None
    rmsea: float | None = None
    rmsea_lower: float | None = None
    rmsea_upper: float | None = None


@dataclass(frozen=True)
class OneLevel:
    """Fit of one level, the other one unrestricted (Ryu & West, 2009): plain maximum likelihood."""

    level: str
    df: int
    chisq: float
    pvalue: float
    cfi: float
    rmsea: float
    srmr: float


@dataclass(frozen=True)
class ModelFit:
    """Fit of a path model.

    `shown` are the indices to read and `kind` says what they are: "scaled and robust", "normal theory", or
    "saturated" (no degrees of freedom: the model reproduces its moments whatever they are) or "not tested"
    (the unrestricted model that it would be compared with has no solution). `srmr` is of the
    only level; with two levels there is one of each. `notes` say why something is not there.
    """

    kind: str
    n: int
    npar: int
    df: int
    shown: Indices
    plain: Indices
    srmr: float | None
    srmr_within: float | None
    srmr_between: float | None
    logl: float
    aic: float
    bic: float
    levels: tuple[OneLevel, ...] = ()
    notes: tuple[str, ...] = ()


def fit_of(fit: TwoLevelFit | sem.Fit, words: Callable[[str], str] = str) -> ModelFit:
    """The fit of a model; saturated where it has no degrees of freedom. `words` puts names into messages."""
    if fit.df == 0:
        return _made(SATURATED, fit, Indices(), Indices(), {})
    try:
        measures = fit.measures
    except np.linalg.LinAlgError as error:
        told = f"fit cannot be judged: the unrestricted model of all variables has no solution ({error})"
        return _made(UNTESTED, fit, Indices(), Indices(), {}, words(told))
    plain, factor = _indices(measures, "", ""), measures.get("chisq.scaling.factor")
    if factor is None:
        return _made(PLAIN, fit, plain, plain, measures)
    if not factor > 0:
        told = (
            f"the scaling factor of the test is {factor:.3g}, not positive, so that the test and the indices "
            "to read are those of normal theory; there are too few clusters or rows for this many parameters"
        )
        return _made(PLAIN, fit, plain, plain, measures, words(told))
    return _made(SCALED, fit, _indices(measures, ".scaled", ".robust"), plain, measures)


def _made(
    kind: str,
    fit: TwoLevelFit | sem.Fit,
    shown: Indices,
    plain: Indices,
    measures: Mapping[str, float],
    *notes: str,
) -> ModelFit:
    from pipeline.sem.twolevel.result import TwoLevelFit

    two = isinstance(fit, TwoLevelFit)
    levels, lost = _levels(fit) if isinstance(fit, TwoLevelFit) and measures else ((), ())
    return ModelFit(
        kind=kind,
        n=fit.nobs,
        npar=fit.npar,
        df=fit.df,
        shown=shown,
        plain=plain,
        srmr=None if two else _known(measures, "srmr_bentler_nomean"),
        srmr_within=_known(measures, "srmr_within"),
        srmr_between=_known(measures, "srmr_between"),
        logl=fit.logl,
        aic=2 * fit.npar - 2 * fit.logl,
        bic=math.log(fit.nobs) * fit.npar - 2 * fit.logl,
        levels=levels,
        notes=(*notes, *lost),
    )


def _levels(fit: TwoLevelFit) -> tuple[tuple[OneLevel, ...], tuple[str, ...]]:
    """Fit of each level that has degrees of freedom of its own and whose halves converge, and the others."""
    found, lost = [], []
    for number, word in ((1, "within"), (2, "between")):
        try:
            one = fit.level_fit(number)
        except np.linalg.LinAlgError as error:
            lost.append(f"{UNKNOWN.format(word)}, has no solution ({error})")
            continue
        if one.df > 0 and one.converged and math.isfinite(one.statistic):
            found.append(_one_level(word, one))
        elif one.df > 0:
            lost.append(f"{UNKNOWN.format(word)}, did not converge")
    return tuple(found), tuple(lost)


def _one_level(word: str, fit: LevelFit) -> OneLevel:
    return OneLevel(word, fit.df, fit.statistic, fit.pvalue, fit.cfi, fit.rmsea, fit.srmr)


def _indices(measures: Mapping[str, float], test: str, index: str) -> Indices:
    return Indices(
        chisq=_known(measures, f"chisq{test}"),
        pvalue=_known(measures, f"pvalue{test}"),
        cfi=_known(measures, f"cfi{index}"),
        tli=_known(measures, f"tli{index}"),
        rmsea=_known(measures, f"rmsea{index}"),
        rmsea_lower=_known(measures, f"rmsea.ci.lower{index}"),
        rmsea_upper=_known(measures, f"rmsea.ci.upper{index}"),
    )


def _known(measures: Mapping[str, float], name: str) -> float | None:
    value = measures.get(name)
    return None if value is None or not math.isfinite(value) else float(value)
