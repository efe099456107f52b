"""Double entry: the factor model once more by semopy, where semopy can be trusted.

`stages/validate` calls `second_opinion`. Both programs fit the complete rows by maximum likelihood. semopy
knows neither robust errors nor full information for missing answers, and holds variances at zero or more, so
that a solution outside these bounds has no second opinion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline import sem
from pipeline.psychometrics.solution import correlations_frame, is_admissible, loadings_frame
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
SOLVERS = ("SLSQP", "L-BFGS-B")
AGREEMENT = 1e-3
# Differences below these say more about the machine than about the programs.
DECIMALS_OF_ESTIMATES, DECIMALS_OF_CHISQ = 5, 4


@dataclass(frozen=True)
class SecondOpinion:
    """Largest difference between the two programs on the same `n` rows; none where `reason` says why.

    Estimates are standardized loadings and factor correlations.
    """

    program: str | None
    n: int | None = None
    largest_difference_estimates: float | None = None
    largest_difference_chisq: float | None = None
    reason: str | None = None

    @property
    def warning(self) -> str | None:
        """What to say where the programs disagree."""
        gaps = (self.largest_difference_estimates or 0.0, self.largest_difference_chisq or 0.0)
        if self.program is None or max(gaps) <= AGREEMENT:
            return None
        return (
            f"{self.program} does not confirm this model on the {self.n} complete rows: standardized "
            f"estimates differ by up to {gaps[0]:.2g} and chi-square by {gaps[1]:.2g}; treat its numbers as "
            f"provisional"
        )


def second_opinion(items: pd.DataFrame, factors: Mapping[str, Sequence[str]]) -> SecondOpinion:
    """Compare maximum likelihood by `sem` and by semopy on the rows that answer every item."""
    structure = Structure.of(factors)
    used = items[list(structure.items)].dropna()
    if len(used) <= len(structure.items):
        return _none(f"only {len(used)} rows answer every item")
    try:
        own = sem.fit(structure.syntax, structure.coded(used), std_lv=True)
    except (sem.ModelError, sem.DataError) as error:
        return _none(f"the complete rows alone do not carry the model: {structure.in_words(str(error))}")
    if not own.converged or not is_admissible(structure, own):
        return _none("the solution on the complete rows has a variance or correlation out of bounds")
    theirs, chisq = _semopy(used, structure)
    if theirs is None:
        return _none("semopy did not reach a solution")
    gap = float(np.abs(_numbers(structure, own) - theirs).max())
    return SecondOpinion(
        "semopy",
        len(used),
        round(gap, DECIMALS_OF_ESTIMATES),
        round(abs(own.measures["chisq"] - chisq), DECIMALS_OF_CHISQ),
    )


def _none(reason: str) -> SecondOpinion:
    return SecondOpinion(None, reason=reason)


def _numbers(structure: Structure, fit: sem.Fit) -> Floats:
    loadings, correlations = loadings_frame(structure, fit)["std"], correlations_frame(structure, fit)["est"]
    return np.concatenate([loadings.to_numpy(float), correlations.to_numpy(float)])


def _semopy(used: pd.DataFrame, structure: Structure) -> tuple[Floats | None, float]:
    """Standardized loadings, factor correlations and chi-square, from the solver that gets lowest.

    Items are scaled to unit variance, which changes none of them and spares semopy's optimizer.
    """
    import logging

    data = structure.coded((used - used.mean()) / used.std(ddof=0))
    best: Floats | None = None
    lowest = np.inf
    logging.disable(logging.WARNING)
    try:
        for solver in SOLVERS:
            found = _one_run(data, structure, solver)
            if found is not None and found[1] < lowest - 1e-12:
                best, lowest = found
    finally:
        logging.disable(logging.NOTSET)
    return best, len(used) * lowest


def _one_run(data: pd.DataFrame, structure: Structure, solver: str) -> tuple[Floats, float] | None:
    import warnings

    import semopy

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = semopy.Model(structure.syntax)
            result = model.fit(data, obj="MLW", solver=solver, options={"ftol": 1e-14, "maxiter": 2000})
            table = model.inspect(se_robust=False)
        except (np.linalg.LinAlgError, ValueError, FloatingPointError):
            return None
    value = float(result.fun)
    return (_read(table, structure), value) if np.isfinite(value) else None


def _read(table: pd.DataFrame, structure: Structure) -> Floats:
    """Semopy's estimates, with factors brought to unit variance and facing the same way as ours."""
    keys = zip(table["lval"], table["op"], table["rval"], strict=True)
    value = dict(zip(keys, table["Estimate"].astype(float), strict=True))
    codes, items = structure.factor_codes, structure.item_codes
    spread = np.sqrt(np.maximum([value[code, "~~", code] for code in codes], 1e-12))
    owner = structure.factor_of
    loadings = spread[owner] * [value[item, "~", codes[k]] for item, k in zip(items, owner, strict=True)]
    total = np.sqrt(loadings**2 + [value[item, "~~", item] for item in items])
    signs = structure.signs(loadings / total)
    correlations = [
        _either(value, codes[i], codes[j]) / (spread[i] * spread[j]) * signs[i] * signs[j]
        for i, j in structure.pairs
    ]
    return np.concatenate([loadings / total * signs[owner], correlations])


def _either(value: Mapping[tuple[str, str, str], float], first: str, second: str) -> float:
    key = (first, "~~", second)
    return value[key] if key in value else value[second, "~~", first]
