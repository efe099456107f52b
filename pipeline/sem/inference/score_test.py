"""Score tests of equality constraints, one by one and together (Rao, 1948; Bentler & Chou, 1992)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.structure.constraints import in_order

if TYPE_CHECKING:
    import pandas as pd


def score_tests(solution: Solution) -> pd.DataFrame:
    """Return what releasing each constraint would gain, and all of them ('total', last row)."""
    import pandas as pd
    from scipy.stats import chi2

    R = solution.problem.reduction.R
    if not len(R):
        raise ModelError("the model has no equality constraint to release; see modification_indices()")
    information, score = solution.state.theta_fisher(), solution.state.theta_gradient
    n = solution.sample.total
    single = [n * _gain(information, score, np.delete(R, r, axis=0)) for r in range(len(R))]
    total = n * float(score @ np.linalg.pinv(information, rcond=1e-12, hermitian=True) @ score)
    statistics, df = np.array([*single, total]), np.array([1] * len(R) + [len(R)])
    names = [*_names(solution), ("total", "")]
    return pd.DataFrame(
        {
            "lhs": [name[0] for name in names],
            "op": "==",
            "rhs": [name[1] for name in names],
            "chisq": statistics,
            "df": df,
            "pvalue": chi2.sf(statistics, df),
        }
    )


def _gain(information: Array, score: Array, R: Array) -> float:
    """S' K (K'IK)^-1 K' s with K spanning what the remaining constraints leave."""
    from scipy.linalg import null_space

    K = null_space(R) if len(R) else np.eye(len(score))
    reduced = K.T @ score
    return float(reduced @ np.linalg.pinv(K.T @ information @ K, rcond=1e-12, hermitian=True) @ reduced)


def _names(solution: Solution) -> list[tuple[str, str]]:
    table = solution.table
    several = len(table.groups) > 1

    def text(position: int) -> str:
        row = table.rows[position]
        return row.text + (f" [{table.groups[row.group - 1]}]" if several else "")

    pairs = [(text(first), text(second)) for first, second in table.equal]
    return pairs + [constraint.text for constraint in in_order(table)]
