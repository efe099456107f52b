"""The table of two-level estimates: one row a parameter, with its level, error, test and interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.inference.defined import defined_slopes, defined_values, label_values
from pipeline.sem.inference.frames import inference_columns, standard_errors
from pipeline.sem.inference.standardize import Standardized
from pipeline.sem.table import ParameterTable
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.views import block_solutions, standardize_levels

if TYPE_CHECKING:
    import pandas as pd


def plain(solution: Solution2) -> Standardized:
    """Return the value of every row in the user's units, and its derivatives."""
    table = solution.table.whole
    values = np.array([np.nan if row.fixed is None else row.fixed for row in table.rows])
    values[list(table.free)] = solution.theta
    slopes = np.zeros((len(table.rows), len(table.free)))
    slopes[list(table.free), np.arange(len(table.free))] = 1.0
    return Standardized(values, slopes)


def estimates_frame(solution: Solution2, vcov: Array) -> pd.DataFrame:
    """Return all parameters and defined parameters."""
    import pandas as pd

    table = solution.table.whole
    columns = _columns(table, plain(solution), vcov)
    for kind in ("lv", "all"):
        standardized = standardize_levels(solution, kind)
        defined = defined_values(table, label_values(table, standardized.values))
        columns[f"std_{kind}"] = np.concatenate([standardized.values, [float(v) for v in defined.values()]])
    return pd.DataFrame(columns)


def standardized_frame(solution: Solution2, vcov: Array) -> pd.DataFrame:
    """Return the completely standardized solution with delta-method errors and intervals."""
    import pandas as pd

    return pd.DataFrame(_columns(solution.table.whole, standardize_levels(solution, "all"), vcov))


def factor_shares(solution: Solution2, g: int) -> dict[str, float]:
    """Return between / total variance of factors whose loadings are equal at both levels."""
    table, out = solution.table.whole, {}
    values = plain(solution).values
    loads: dict[tuple[int, str], dict[str, float]] = {}
    for row, value in zip(table.rows, values.tolist(), strict=True):
        if row.op == "=~" and row.group == g + 1:
            loads.setdefault((row.level, row.lhs), {})[row.rhs] = value
    views = block_solutions(solution)[2 * g : 2 * g + 2]
    variances = [
        dict(zip(v.table.observed + v.table.latent, np.diag(v.state.implied[0].E) * v.scale**2, strict=True))
        for v in views
    ]
    for (level, within), own in loads.items():
        for (above, between), others in loads.items():
            same = level == 1 and above == 2 and own.keys() == others.keys()
            if same and all(abs(own[name] - others[name]) < 1e-9 for name in own):
                psi = float(variances[0][within]), float(variances[1][between])
                out[f"{within}/{between}"] = psi[1] / (psi[0] + psi[1])
    return out


def _columns(table: ParameterTable, own: Standardized, vcov: Array) -> dict[str, Any]:
    defined = defined_values(table, label_values(table, own.values))
    est = np.concatenate([own.values, [float(value) for value in defined.values()]])
    slopes = np.vstack([own.jacobian, defined_slopes(table, own.values, own.jacobian)])
    return _names(table) | inference_columns(est, standard_errors(slopes, vcov))


def _names(table: ParameterTable) -> dict[str, Any]:
    rows, definitions = table.rows, table.definitions
    return {
        "lhs": [row.lhs for row in rows] + [d.name for d in definitions],
        "op": [row.op for row in rows] + [":="] * len(definitions),
        "rhs": [row.rhs for row in rows] + [d.text for d in definitions],
        "group": [table.groups[row.group - 1] for row in rows] + [""] * len(definitions),
        "level": [row.level for row in rows] + [0] * len(definitions),
        "label": [row.label for row in rows] + [d.name for d in definitions],
    }
