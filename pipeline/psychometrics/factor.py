"""Confirmatory factor model of a scale's items, by semopy as far as it can be trusted.

`stages/validate` calls `one_factor` for a scale and `confirmatory` for its facets. From semopy come the
maximum likelihood solution and its discrepancy (items scaled to unit variance, ftol 1e-14); standard errors,
convergence, fit measures and warnings are worked out here from that solution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fit import FitMeasures, fit_measures
from pipeline.psychometrics.structure import Solution, Structure

if TYPE_CHECKING:
    import pandas as pd

SOLVERS = ("SLSQP", "L-BFGS-B")
# Residual variance, as a share of the item's, below which semopy's bound at zero is active.
HEYWOOD = 1e-5
CONVERGED = 1e-5


@dataclass(frozen=True)
class FactorModel:
    """One confirmatory model, each item on one factor, factors correlated.

    `frame`: factor, item, est (unstandardized, first item of each factor fixed at 1), se, std (completely
    standardized), std_se, z, pvalue (of std), residual (share of the item's variance that is left).
    `correlations`: factor, with, est, se. `fit` is None where there are no degrees of freedom. Without
    convergence all numbers are withheld. A standard error that rests on a variance held at zero is undefined.
    """

    program: str
    n: int
    missing: int
    frame: pd.DataFrame
    correlations: pd.DataFrame
    fit: FitMeasures | None
    converged: bool
    admissible: bool
    warnings: tuple[str, ...]


def one_factor(items: pd.DataFrame, name: str = "factor") -> FactorModel:
    """All items on one factor; with three items the model fits exactly and is not tested."""
    return confirmatory(items, {name: [str(column) for column in items.columns]})


def confirmatory(items: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> FactorModel:
    """Maximum likelihood confirmatory factor model of the complete rows (Joreskog, 1969; Bollen, 1989).

    Items are scaled to unit variance before fitting, which changes neither chi-square nor standardized
    loadings and spares semopy's optimizer. Standard errors are from the expected information, with the
    delta method for standardized values, as lavaan's default.
    """
    used = items[[item for group in factors.values() for item in group]].dropna()
    _refuse(used, len(items), factors)
    structure = Structure.of(factors)
    sample = np.corrcoef(used.to_numpy(float), rowvar=False)
    solution, discrepancy = _semopy(used, structure)
    if solution is None or not _converged(structure, solution, sample, len(used)):
        return _failed(used, items, factors)
    solution = solution.facing_up()
    bound = solution.residuals < HEYWOOD
    cov = structure.covariance(solution, len(used), ~bound)
    return FactorModel(
        "semopy",
        len(used),
        len(items) - len(used),
        structure.loadings_table(solution, cov, used.std(ddof=0).to_numpy()),
        structure.correlations_table(solution, cov),
        fit_measures(discrepancy, structure.df, sample, structure.implied(solution), len(used)),
        converged=True,
        admissible=not bound.any() and solution.factors_are_distinct(),
        warnings=_warnings(structure, solution, bound, len(used)),
    )


def _semopy(used: pd.DataFrame, structure: Structure) -> tuple[Solution | None, float]:
    """Solution and minimum of the ML discrepancy, from whichever solver gets lowest."""
    import logging
    import warnings

    import semopy

    data = (used - used.mean()) / used.std(ddof=0)
    data.columns = structure.item_codes
    best: Solution | None = None
    lowest = np.inf
    logging.disable(logging.WARNING)
    try:
        for solver in SOLVERS:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    model = semopy.Model(structure.syntax)
                    result = model.fit(
                        data, obj="MLW", solver=solver, options={"ftol": 1e-14, "maxiter": 2000}
                    )
                    table = model.inspect(se_robust=False)
                except (np.linalg.LinAlgError, ValueError, FloatingPointError):
                    continue
            if np.isfinite(result.fun) and result.fun < lowest - 1e-12:
                best, lowest = structure.read(table), float(result.fun)
            if best is not None and result.success:
                break
    finally:
        logging.disable(logging.NOTSET)
    return best, lowest


def _converged(structure: Structure, solution: Solution, sample: np.ndarray, n: int) -> bool:
    """Whether a further step would leave chi-square where it is; parameters at a bound stay there."""
    free = solution.residuals >= HEYWOOD
    return structure.decrement(solution, sample, n, free) < CONVERGED


def _refuse(used: pd.DataFrame, rows: int, factors: Mapping[str, Sequence[str]]) -> None:
    count = used.shape[1]
    if len(factors) == 1 and count < 3:
        raise PsychometricsError(
            f"no factor model with {count} item{'s' * (count != 1)}: two items have one correlation, which "
            f"cannot give two loadings; three are needed for loadings and four for a test of fit"
        )
    thin = [name for name, group in factors.items() if len(group) < 2]
    if thin:
        raise PsychometricsError(
            f"factor {', '.join(thin)} has a single item: it cannot be told from its error"
        )
    if len(used) <= count:
        raise PsychometricsError(
            f"only {len(used)} of {rows} rows answer all {count} items: fewer than there are items, so no "
            f"factor model can be fitted"
        )
    constant = [str(name) for name in used.columns if used[name].nunique() < 2]
    if constant:
        raise PsychometricsError(f"every complete row gives the same answer to {', '.join(constant)}")
    correlations = np.corrcoef(used.to_numpy(float), rowvar=False)
    if np.linalg.eigvalsh(correlations)[0] < 1e-8:
        raise PsychometricsError(
            f"the items are linear combinations of each other ({_closest(used, correlations)}): was one "
            f"column declared twice?"
        )


def _closest(used: pd.DataFrame, correlations: np.ndarray) -> str:
    lower = np.abs(np.tril(correlations, -1))
    i, j = divmod(int(np.argmax(lower)), len(lower))
    return f"{used.columns[j]} and {used.columns[i]} correlate {correlations[i, j]:.4f}"


def _failed(used: pd.DataFrame, items: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> FactorModel:
    import pandas as pd

    rows = [
        {"factor": factor, "item": item} | dict.fromkeys(Structure.COLUMNS[2:], np.nan)
        for factor, group in factors.items()
        for item in group
    ]
    told = (
        f"the factor model of {', '.join(factors)} did not converge, so its numbers are withheld: look at "
        f"the item correlations for an item that runs against the others or all but repeats another "
        f"({_closest(used, np.corrcoef(used.to_numpy(float), rowvar=False))}), and try without it"
    )
    frame = pd.DataFrame(rows, columns=list(Structure.COLUMNS))
    empty = pd.DataFrame(columns=["factor", "with", "est", "se"])
    return FactorModel("semopy", len(used), len(items) - len(used), frame, empty, None, False, False, (told,))


def _warnings(structure: Structure, solution: Solution, bound: np.ndarray, n: int) -> tuple[str, ...]:
    told = [
        f"item {item}: its residual variance ran into zero (a Heywood case), so the fit and errors are those "
        f"of a model that holds it at zero; the factor has too few good items or too few rows ({n}): try "
        f"without {item}, or look whether it repeats another item"
        for item in np.array(structure.items)[bound]
    ]
    for pair in solution.indistinct_pairs():
        first, second = (structure.factors[k] for k in pair)
        told.append(
            f"factors {first} and {second} correlate beyond 1: the items do not tell them apart; put their "
            f"items on one factor"
        )
    return tuple(told)
