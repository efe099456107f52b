"""The table of estimates: one row a parameter, with error, test, interval and standardized values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.defined import defined_slopes, defined_values, label_values
from pipeline.sem.inference.standardize import Standardized, standardized_values
from pipeline.sem.table import Row

if TYPE_CHECKING:
    import pandas as pd


def all_values(solution: Solution) -> Array:
    """Return the value of every row of the table in the user's units, fixed ones included."""
    table, sample = solution.table, solution.sample
    out = np.array([np.nan if row.fixed is None else row.fixed for row in table.rows])
    out[list(table.free)] = solution.theta
    column = {name: at for at, name in enumerate(table.observed)}
    for at, row in enumerate(table.rows):
        if row.derived:
            out[at] = _derived(solution, row)
        if row.exogenous:
            i = column[row.lhs]
            g = row.group - 1
            out[at] = sample.means[g][i] if row.op == "~1" else sample.covariances[g][i, column[row.rhs]]
    return out


def _derived(solution: Solution, row: Row) -> float:
    """Return the residual variance or the scale of an ordered item."""
    at, g = solution.table.place[row.lhs], row.group - 1
    if row.op == "~~":
        return float(solution.state.matrices(g)[1][at, at])
    return float(solution.state.responses_of(g)[1][at])


def value_slopes(solution: Solution) -> Array:
    """Return the derivatives of every row's value by the free parameters."""
    table = solution.table
    out = np.zeros((len(table.rows), len(table.free)))
    out[list(table.free), np.arange(len(table.free))] = 1.0
    return out


def estimates_frame(solution: Solution, vcov: Array, whole: Standardized) -> pd.DataFrame:
    """Return all parameters and defined parameters."""
    import pandas as pd

    columns = _columns(solution, Standardized(all_values(solution), value_slopes(solution)), vcov)
    for kind, values in (("lv", standardized_values(solution, "lv")), ("all", whole.values)):
        defined = defined_values(solution.table, label_values(solution.table, values))
        columns[f"std_{kind}"] = np.concatenate([values, [float(v) for v in defined.values()]])
    return pd.DataFrame(columns)


def standardized_frame(solution: Solution, vcov: Array, whole: Standardized) -> pd.DataFrame:
    """Return the completely standardized solution with delta-method errors and intervals."""
    import pandas as pd

    return pd.DataFrame(_columns(solution, whole, vcov))


def _columns(solution: Solution, own: Standardized, vcov: Array) -> dict[str, Any]:
    table = solution.table
    defined = defined_values(table, label_values(table, own.values))
    est = np.concatenate([own.values, [float(value) for value in defined.values()]])
    slopes = np.vstack([own.jacobian, defined_slopes(table, own.values, own.jacobian)])
    se = standard_errors(slopes, vcov)
    return _names(solution) | inference_columns(est, se)


def standard_errors(slopes: Array, vcov: Array) -> Array:
    """Return sqrt(diag(J V J')); rounding below zero is zero."""
    variances = ((slopes @ vcov) * slopes).sum(1)
    with np.errstate(invalid="ignore"):
        size = np.abs(slopes) @ np.sqrt(np.abs(np.diag(vcov)))
        tiny = np.abs(variances) <= 1e-14 * size**2
        return np.where(tiny, 0.0, np.sqrt(variances))


def inference_columns(est: Array, se: Array) -> dict[str, Array]:
    """Return estimate, error, z, p and the 95 % interval; z and p are missing where nothing was estimated."""
    from scipy.special import ndtr, ndtri

    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(se > 0, est / se, np.nan)
    quantile = float(ndtri(0.975))
    return {
        "est": est,
        "se": se,
        "z": z,
        "pvalue": 2 * ndtr(-np.abs(z)),
        "ci_lower": est - quantile * se,
        "ci_upper": est + quantile * se,
    }


def _names(solution: Solution) -> dict[str, list[str]]:
    table = solution.table
    rows, definitions = table.rows, table.definitions
    return {
        "lhs": [row.lhs for row in rows] + [d.name for d in definitions],
        "op": [row.op for row in rows] + [":="] * len(definitions),
        "rhs": [row.rhs for row in rows] + [d.text for d in definitions],
        "group": [table.groups[row.group - 1] for row in rows] + [""] * len(definitions),
        "label": [row.label for row in rows] + [d.name for d in definitions],
    }
