"""Modification indices and expected parameter changes (Soerbom, 1989; Saris, Satorra & Soerbom, 1987).

With score s and expected information I of the model with a candidate k added, V = I_kk - I_kf (I_ff)^-1 I_fk,
    MI = N s_k^2 / V,  EPC = -s_k / V.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.problem import State
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import by_rows, inverse
from pipeline.sem.inference.standardize import units
from pipeline.sem.structure.blocks import factors, lay_out
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.table.extended import extended

if TYPE_CHECKING:
    import pandas as pd


def modification_indices(solution: Solution, minimum: float = 0.0) -> pd.DataFrame:
    """Return lhs op rhs group mi pvalue epc sepc_lv sepc_all of every candidate, largest index first."""
    import pandas as pd
    from scipy.special import gammaincc

    table, added = extended(solution.table)
    new = np.array(added)[list(table.free)]
    state = _extended_state(solution, table.free_rows, new)
    index, change = _indices(solution, state, new)
    rows = [row for row, is_new in zip(table.free_rows, new, strict=True) if is_new]
    change = change / factors(rows, solution.problem.layout.place, solution.scale)
    frame = pd.DataFrame(
        {
            "lhs": [row.lhs for row in rows],
            "op": [row.op for row in rows],
            "rhs": [row.rhs for row in rows],
            "group": [table.groups[row.group - 1] for row in rows],
            "mi": index,
            "pvalue": gammaincc(0.5, np.nan_to_num(index) / 2),
            "epc": change,
            "sepc_lv": change * units(solution, rows, "lv"),
            "sepc_all": change * units(solution, rows, "all"),
        }
    )
    frame = frame[frame["mi"] >= minimum]
    return frame.sort_values("mi", ascending=False, kind="stable").reset_index(drop=True)


def _extended_state(solution: Solution, rows: tuple[object, ...], new: Array) -> State:
    """Evaluate the wider model where the candidates are zero."""
    table, _ = extended(solution.table)
    sample = solution.sample
    layout = lay_out(table, sample.covariances, sample.means, solution.scale)
    theta = np.zeros(len(rows))
    theta[~new] = solution.state.theta
    size = len(theta)
    free = Reduction(np.eye(size), np.zeros(size), np.zeros((0, size)))
    return solution.problem.extend(layout, free).at(theta)


def _indices(solution: Solution, state: State, new: Array) -> tuple[Array, Array]:
    information, score = (
        by_rows(solution, state.problem, state.theta_fisher()),
        state.theta_gradient * _rows_share(solution),
    )
    kept = inverse(solution, information[np.ix_(~new, ~new)])
    across = information[np.ix_(new, ~new)]
    V = np.diag(information)[new] - ((across @ kept) * across).sum(1)
    V = np.where(np.finfo(float).eps ** (1 / 3) < V, V, np.nan)
    return solution.sample.total * score[new] ** 2 / V, -score[new] / V


def _rows_share(solution: Solution) -> float:
    """Least squares weighs groups by n - 1, and lavaan's score does not take that back."""
    return solution.sample.size / solution.sample.total
