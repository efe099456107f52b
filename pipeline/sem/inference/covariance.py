"""Covariance matrix of the estimates: from the information, or as a sandwich."""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, symmetric
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.influence import moment_meat
from pipeline.sem.inference.information import first_order, information, inverse
from pipeline.sem.options import Method
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.traces import ordinal_meat


def covariance(solution: Solution, method: Method, rows: Rows | None) -> Array:
    """Return the covariance matrix of all free parameters in the user's units.

    standard: I^-1 / N. robust.huber.white: I^-1 B I^-1 / N with B the cross-product of scores (White, 1982).
    robust.sem: with B = Delta' V Gamma V Delta (Browne, 1984; Satorra & Bentler, 1994).
    """
    bread = inverse(solution, information(solution, method.information, rows))
    if method.errors != "standard":
        bread = symmetric(bread @ meat(solution, method, rows) @ bread)
    factor = solution.factor
    out: Array = bread / (solution.sample.size * np.outer(factor, factor))
    return out


def meat(solution: Solution, method: Method, rows: Rows | None) -> Array:
    """Return the middle of the sandwich."""
    if isinstance(solution.sample, OrdinalSample):
        return ordinal_meat(solution.state, solution.sample, solution.observed_scale)
    if rows is None:
        raise DataError(
            f"estimator '{method.name}' needs the rows of the data, not only their Moments; use 'ML' "
            "with Moments"
        )
    if method.errors == "robust.huber.white":
        return first_order(solution, rows)
    return moment_meat(solution, rows)
