"""An internal metric in which the units of the variables do not matter.

Observed variables are divided by their standard deviation, factors by the scale that their fixed loading
or fixed variance gives them. Estimates are taken back to the user's units at the end.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, as_float
from pipeline.sem.table import ParameterTable


def metric(table: ParameterTable, deviations: Array) -> Array:
    """Return the scale of every variable, observed then latent."""
    known = dict(zip(table.observed, deviations.tolist(), strict=True))
    fixed = [row for row in table.rows if row.group == 1 and row.fixed]
    for row in fixed:
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in table.latent:
            known[row.lhs] = float(np.sqrt(abs(row.fixed or 1.0)))
    for _ in range(len(table.latent)):
        for row in fixed:
            if row.op == "=~" and row.rhs in known and row.lhs not in known:
                known[row.lhs] = known[row.rhs] / abs(row.fixed or 1.0)
    return as_float([known.get(name, 1.0) for name in table.observed + table.latent])
