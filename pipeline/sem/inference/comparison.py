"""Difference tests of nested models: the likelihood ratio and its scaled versions.

Satorra (2000); Satorra & Bentler (2001, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array, vech_index
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.newton import Optimum, minimise
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.problem import Problem
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.influence import moment_meat
from pipeline.sem.inference.information import information
from pipeline.sem.inference.saturated_test import SaturatedModel
from pipeline.sem.inference.scaling import scaled_test
from pipeline.sem.measures.rmsea import rmsea
from pipeline.sem.ordinal.sample import OrdinalSample, moment_order

if TYPE_CHECKING:
    from pipeline.sem.result import Fit

METHODS = ("standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")


@dataclass(frozen=True)
class Comparison:
    """A chi-square difference, and its RMSEA where it is plain (Savalei, Brace & Fouladi, 2023)."""

    method: str
    statistic: float
    df: int
    scaling: float
    shift: float = 0.0
    rmsea: float = float("nan")

    @property
    def pvalue(self) -> float:
        """Probability of a larger difference if the restrictions hold."""
        from scipy.stats import chi2

        return float(chi2.sf(self.statistic, self.df))


def compare(a: Fit, b: Fit, method: str | None = None) -> Comparison:
    """Test whether the more restricted of two nested models fits worse.

    Scaled where the fits are: Satorra-Bentler 2001 for mean-adjusted tests, Satorra 2000 for the others.
    """
    wide, narrow = (a, b) if a.df <= b.df else (b, a)
    _check(wide, narrow)
    method = method or _default(wide)
    if method not in METHODS:
        raise ModelError(f"method '{method}' is not known; choose one of {', '.join(METHODS)}")
    if wide.method.robust == (method == "standard"):
        raise ModelError(f"method '{method}' does not go with tests of kind '{wide.method.test}'")
    if method == "satorra.2000":
        if wide.method.missing == "fiml":
            raise ModelError(
                "'satorra.2000' needs complete rows; use 'satorra.bentler.2001' with missing='fiml'"
            )
        return _satorra_2000(wide, narrow)
    df, raw = narrow.df - wide.df, narrow.tested.statistic - wide.tested.statistic
    if method == "standard":
        sample = wide.solution.sample
        return Comparison(method, raw, df, 1.0, 0.0, rmsea(raw, df, sample.size, len(sample.groups)))
    c_wide = _factor(wide) if method.endswith("2001") else _factor_at_narrow(wide, narrow)
    scaling = (narrow.df * _factor(narrow) - wide.df * c_wide) / df
    if scaling <= 0:
        raise ModelError(
            f"the scaling factor of the difference is {scaling:.4g}, not positive, so '{method}' has no "
            "answer here; "
            "try 'satorra.2000'"
        )
    return Comparison(method, raw / scaling, df, scaling)


def _default(wide: Fit) -> str:
    if not wide.method.robust:
        return "standard"
    adjusted = wide.method.test in {"satorra.bentler", "yuan.bentler.mplus"}
    return "satorra.bentler.2001" if adjusted else "satorra.2000"


def _check(wide: Fit, narrow: Fit) -> None:
    if wide.nobs != narrow.nobs or set(wide.table.observed) != set(narrow.table.observed):
        raise ModelError(
            "the models were fitted to different rows or variables; a difference test needs the same data"
        )
    if wide.df == narrow.df:
        raise ModelError(
            "the models have the same degrees of freedom: neither is nested in the other by counting"
        )
    if wide.method.robust != narrow.method.robust or wide.method.discrepancy != narrow.method.discrepancy:
        raise ModelError("the models were fitted by different estimators; refit one of them")
    if wide.table.meanstructure != narrow.table.meanstructure:
        raise ModelError("one model has a mean structure, the other has not; refit with meanstructure=True")


def _factor(fit: Fit) -> float:
    assert fit.tested.scaled is not None
    return fit.tested.scaled.factor if fit.df else 1.0


def _factor_at_narrow(wide: Fit, narrow: Fit) -> float:
    """Scaling factor of the wider model at the narrower one's moments (M10 of Satorra & Bentler, 2010).

    The wider model's parameters there are found by fitting it to the implied moments, which it reproduces
    if it is wider.
    """
    if not wide.df:
        return 1.0
    solution = wide.solution
    optimum = minimise(_toward(solution, narrow.solution).at(solution.state.x))
    if optimum.state.value > 1e-6:
        raise ModelError(
            "the models are not nested: the wider one cannot reproduce the narrower one's moments"
        )
    state = solution.problem.at(optimum.state.x)
    moved = Solution(solution.table, solution.sample, Optimum(state, 0.0, 0), solution.scale, solution.factor)
    shared = SaturatedModel(moved, wide.rows_needed("the scaled difference test"))
    return scaled_test(moved, wide.method, shared, 0.0).factor


def _toward(solution: Solution, target: Solution) -> Problem:
    """Return the wider model's problem with the narrower one's implied moments as data."""
    order = [target.table.observed.index(name) for name in solution.table.observed]
    discrepancies = []
    means = solution.table.meanstructure
    for implied in target.state.implied:
        sigma, mu = implied.sigma[np.ix_(order, order)], implied.mu[order]
        one = Normal(np.ones((1, len(mu))), np.ones(1), mu[None], sigma[None], meanstructure=means)
        constant = one.at_moments(sigma, mu).value
        discrepancies.append(Normal(one.masks, one.fractions, one.means, one.covariances, means, constant))
    return Problem(
        solution.problem.layout, tuple(discrepancies), solution.problem.shares, solution.problem.reduction
    )


def _satorra_2000(wide: Fit, narrow: Fit) -> Comparison:
    """Scale by U Gamma of the restrictions A, with P the inverse information of the wider model.

    tr(U Gamma) = tr{ P A'(A P A')^-1 A P Delta'V Gamma V Delta }; A by the delta method,
    as lavaan takes it: in the units of the variables. The difference is scaled and shifted
    (Asparouhov & Muthen, 2010).
    """
    from scipy.linalg import null_space

    solution, df = wide.solution, narrow.df - wide.df
    K = solution.problem.reduction.K
    P = np.linalg.inv(K.T @ information(solution, wide.method.information, wide.rows) @ K)
    meat = K.T @ moment_meat(solution, wide.rows_needed("the scaled difference test")) @ K
    A = null_space((np.linalg.pinv(_delta(solution)) @ _delta(narrow.solution)[_order(wide, narrow)]).T).T
    A = A / _user(solution)
    PA = P @ A.T
    product = PA @ np.linalg.pinv(A @ PA) @ PA.T @ meat
    raw, trace = narrow.tested.statistic - wide.tested.statistic, float(np.trace(product))
    a = float(np.sqrt(df / np.trace(product @ product)))
    return Comparison("satorra.2000", raw * a + df - a * trace, df, 1 / a, df - a * trace)


def _order(wide: Fit, narrow: Fit) -> Array:
    """Return where the wider model's moments stand among the narrower one's."""
    first, second = wide.solution.sample, narrow.solution.sample
    if isinstance(first, OrdinalSample) and isinstance(second, OrdinalSample):
        return moment_order(first, second)
    order = np.array([narrow.table.observed.index(name) for name in wide.table.observed])
    p, means = len(order), wide.table.meanstructure
    rows, columns = vech_index(p)
    place = np.zeros((p, p), dtype=np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows)) + (p if means else 0)
    one = place[order[rows], order[columns]]
    one = np.concatenate([order, one]) if means else one
    size = len(one)
    return np.concatenate([one + g * size for g in range(len(wide.table.groups))])


def _user(solution: Solution) -> Array:
    """Return the lengths of the columns of K in the user's metric, inverted."""
    K, factor = solution.problem.reduction.K, solution.factor
    own: Array = np.linalg.norm(K / factor[:, None], axis=0)
    return 1 / own


def _units(solution: Solution) -> Array:
    """Return what the stacked moments are multiplied with to be in the user's units."""
    scale = solution.observed_scale
    if isinstance(solution.sample, OrdinalSample):
        return solution.sample.units(scale)
    rows, columns = vech_index(len(scale))
    unit = scale[rows] * scale[columns]
    return np.concatenate([scale, unit]) if solution.table.meanstructure else unit


def _delta(solution: Solution) -> Array:
    """Return the derivatives of the moments by the unconstrained parameters, in the user's units."""
    from scipy.linalg import block_diag

    parts = [_units(solution)[:, None] * delta for delta in solution.state.deltas]
    K = solution.problem.reduction.K
    out: Array = block_diag(*parts) @ K / np.linalg.norm(K / solution.factor[:, None], axis=0)
    return out
