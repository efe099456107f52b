"""Confirmatory factor model of a scale's items, fitted by `sem`.

`estimators_beside` calls `confirmatory` with either estimator. MLR: maximum likelihood over every row with an
answer; errors and the test hold for skewed answers and, given clusters, for rows that are alike within them.
WLSMV: answers are ordered categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline import sem
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.estimator import Estimator
from pipeline.psychometrics.fit import FitMeasures, Read, plain_measures, robust_measures, scaled_measures
from pipeline.psychometrics.misfit import Misfit, largest_misfit
from pipeline.psychometrics.solution import correlations_frame, is_admissible, loadings_frame
from pipeline.psychometrics.structure import Structure
from pipeline.sem.wording import bounded

if TYPE_CHECKING:
    import pandas as pd

FEWEST_CLUSTERS = 50
_NO_TEST: tuple[None, Read] = (None, "robust")


@dataclass(frozen=True)
class FactorModel:
    """One confirmatory model, each item on one factor, factors correlated.

    `n` rows were used, of which `missing` lack some answer; `left_out` counts the others by reason.
    `handling` is fiml (MLR) or pairwise (WLSMV) where an answer is missing, else listwise.
    `frame`: factor, item, est (unstandardized, first item of each factor fixed at 1), se, std (completely
    standardized), std_se, z, pvalue (of std), residual (share of the item's variance that is left).
    `correlations`: factor, with, est, se. `fit` is the column of tests and indices to read, `read` says which
    it is: the scaled test with robust indices, or where those cannot be had all scaled, or all plain.
    `scaled` and `plain` (uncorrected) hold the other columns. All are None where there are no degrees of
    freedom. Without convergence all numbers are withheld. `few_clusters` says so in words.
    """

    estimator: str
    handling: str
    n: int
    missing: int
    left_out: Mapping[str, int]
    clusters: int | None
    frame: pd.DataFrame
    correlations: pd.DataFrame
    fit: FitMeasures | None
    plain: FitMeasures | None
    converged: bool
    admissible: bool
    warnings: tuple[str, ...]
    misfit: tuple[Misfit, ...] = ()
    few_clusters: str | None = None
    scaled: FitMeasures | None = None
    read: Read = "robust"


def one_factor(
    items: pd.DataFrame, name: str = "factor", clusters: pd.Series[str] | None = None
) -> FactorModel:
    """All items on one factor; with three items the model fits exactly and is not tested."""
    return confirmatory(items, {name: [str(column) for column in items.columns]}, clusters)


def confirmatory(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    clusters: pd.Series[str] | None = None,
    estimator: Estimator = "MLR",
) -> FactorModel:
    """Confirmatory factor model (Joreskog, 1969) with robust errors and test.

    MLR (Yuan & Bentler, 2000): rows with some answers count with what they have (full information;
    Arbuckle, 1996). `clusters` names the unit that each row lies in: errors and test then add up the scores
    of whole units (Muthen & Satorra, 1995). A row whose unit is unknown may lie in any of them, so it is left
    out, and counted. WLSMV (Muthen, du Toit & Spisic, 1997): polychoric correlations, each of the rows that
    answered both items (which assumes answers missing completely at random); `clusters` only decide which
    rows are used.
    """
    structure = Structure.of(factors)
    used, left_out = _usable(items[list(structure.items)], clusters)
    _refuse(used, structure)
    try:
        fit = _fit(used, structure, None if estimator == "WLSMV" else clusters, estimator)
    except (sem.ModelError, sem.DataError) as error:
        raise PsychometricsError(structure.in_words(str(error))) from error
    incomplete = int(used.isna().any(axis=1).sum())
    units = None if clusters is None or estimator == "WLSMV" else int(clusters[used.index].nunique())
    about = (estimator, fit.method.missing, len(used), incomplete, left_out, units)
    if not fit.converged:
        told = _failed(used, structure, fit)
        empty = correlations_frame(structure, None)
        return FactorModel(*about, loadings_frame(structure, None), empty, None, None, False, False, told)
    return laid_out(structure, fit, about)


def laid_out(
    structure: Structure, fit: sem.Fit, about: tuple[str, str, int, int, Mapping[str, int], int | None]
) -> FactorModel:
    """Lay out a converged fit; `about` is what comes before the frame."""
    tested = fit.df > 0
    shown, read = _shown(fit) if tested else _NO_TEST
    return FactorModel(
        *about,
        loadings_frame(structure, fit),
        correlations_frame(structure, fit),
        shown,
        plain_measures(fit.measures) if tested else None,
        converged=True,
        admissible=is_admissible(structure, fit),
        warnings=(*map(structure.in_words, fit.warnings), *(_unscaled(fit) if tested else ())),
        misfit=largest_misfit(structure, fit) if tested else (),
        few_clusters=_few_clusters(about[-1], fit.npar),
        scaled=scaled_measures(fit.measures) if tested and fit.method.robust and not _unscaled(fit) else None,
        read=read,
    )


def _shown(fit: sem.Fit) -> tuple[FitMeasures, Read]:
    """The column to read: robust, where it can be had."""
    measures = fit.measures
    if not fit.method.robust or _unscaled(fit):
        return plain_measures(measures), "plain"
    if not np.isfinite(measures.get("cfi.robust", np.nan)):
        return scaled_measures(measures), "scaled"
    return robust_measures(measures), "robust"


def _unscaled(fit: sem.Fit) -> tuple[str, ...]:
    """Few rows or clusters can make the scaling factor negative; a test scaled by it means nothing."""
    factor = fit.measures.get("chisq.scaling.factor", 1.0)
    if factor > 0:
        return ()
    return (
        f"the scaling factor of the test is {factor:.3g}, not positive, so the test and the indices shown "
        f"are those of normal theory; there are too few rows or clusters for this many items",
    )


def _usable(items: pd.DataFrame, clusters: pd.Series[str] | None) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows with an answer and, where there are clusters, with their unit; the others counted."""
    answered = items.notna().any(axis=1)
    known = answered if clusters is None else answered & clusters.notna()
    counts = {"no answer": int((~answered).sum()), "no cluster": int((answered & ~known).sum())}
    return items[known], {reason: n for reason, n in counts.items() if n}


def _fit(
    used: pd.DataFrame, structure: Structure, clusters: pd.Series[str] | None, estimator: Estimator
) -> sem.Fit:
    data, categories = structure.coded(used), estimator == "WLSMV"
    if clusters is not None:
        data = data.assign(cluster_=clusters[used.index])
    gaps = used.isna().any(axis=None)
    fit = sem.fit(
        structure.syntax,
        data,
        estimator=estimator,
        missing=("pairwise" if categories else "fiml") if gaps else "listwise",
        ordered=categories,
        cluster=None if clusters is None else "cluster_",
        std_lv=True,
    )
    assert isinstance(fit, sem.Fit)
    return fit


def _refuse(used: pd.DataFrame, structure: Structure) -> None:
    count, rows = len(structure.items), len(used)
    if len(structure.factors) == 1 and count < 3:
        raise PsychometricsError(
            f"no factor model with {count} item{'s' * (count != 1)}: two items have one correlation, which "
            f"cannot give two loadings; three are needed for loadings and four for a test of fit"
        )
    sizes = np.bincount(structure.factor_of)
    thin = [name for name, size in zip(structure.factors, sizes, strict=True) if size < 2]
    if thin:
        raise PsychometricsError(
            f"factor {', '.join(thin)} has a single item: it cannot be told from its error"
        )
    if rows <= count:
        raise PsychometricsError(
            f"only {rows} rows answer any of the {count} items: no more than there are items, so no factor "
            f"model can be fitted"
        )
    constant = [str(name) for name in used.columns if used[name].nunique() < 2]
    if constant:
        raise PsychometricsError(f"every row gives the same answer to {', '.join(constant)}")
    _refuse_pairs(used)


def _refuse_pairs(used: pd.DataFrame) -> None:
    """Pairs of items that nobody answered together, or that say the same."""
    answered = used.notna().to_numpy(float)
    together = answered.T @ answered
    if together.min() < 3:
        i, j = divmod(int(together.argmin()), len(together))
        raise PsychometricsError(
            f"{used.columns[i]} and {used.columns[j]} were answered together by {int(together.min())} rows: "
            f"their correlation is not known; leave one out"
        )
    complete = used.dropna().to_numpy(float)
    correlations = used.corr().to_numpy()
    twice = np.abs(np.tril(correlations, -1)).max() > 1 - 1e-8
    if len(complete) > used.shape[1] and not twice:
        spread = np.linalg.svd(complete - complete.mean(axis=0), compute_uv=False)
        twice = bool(spread[-1] < 1e-8 * spread[0])
    if twice:
        raise PsychometricsError(
            f"the items are linear combinations of each other ({_closest(used)}): was one column declared "
            f"twice?"
        )


def _closest(used: pd.DataFrame) -> str:
    correlations = used.corr().to_numpy()
    lower: NDArray[np.float64] = np.abs(np.tril(correlations, -1))
    i, j = divmod(int(np.argmax(lower)), len(lower))
    return f"{used.columns[j]} and {used.columns[i]} correlate {bounded(correlations[i, j], 4)}"


def _failed(used: pd.DataFrame, structure: Structure, fit: sem.Fit) -> tuple[str, ...]:
    return (
        f"the factor model of {', '.join(structure.factors)} did not converge, so its numbers are withheld: "
        f"look at the item correlations for an item that runs against the others or all but repeats another "
        f"({_closest(used)}), and try without it",
        *map(structure.in_words, fit.warnings),
    )


def _few_clusters(units: int | None, parameters: int) -> str | None:
    """Sandwich errors rest on as many independent pieces as there are clusters (Cameron & Miller, 2015)."""
    if units is None or (units >= FEWEST_CLUSTERS and units > parameters):
        return None
    few = units < FEWEST_CLUSTERS
    reason = f"fewer than {FEWEST_CLUSTERS}" if few else "no more than there are parameters"
    return (
        f"errors and test rest on only {units} clusters ({reason}): errors may be too small, and the test is "
        f"approximate"
    )
