"""Resamples refitted draw by draw: least squares (weights follow the draw), nonlinear constraints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.refit import Refits
from pipeline.sem.bootstrap.units import Units
from pipeline.sem.data import Rows
from pipeline.sem.data.sample import summarise
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.solve import Solution, solve
from pipeline.sem.options import Method


def refit_each(solution: Solution, method: Method, rows: Rows, units: Units, counts: Array) -> Refits:
    """Return the estimates of each resample; one whose covariances are singular has none."""
    q = len(solution.table.free)
    theta, value, converged = np.full((len(counts), q), np.nan), np.full(len(counts), np.nan), []
    for draw, drawn in enumerate(counts):
        found = _refit(solution, method, _repeated(rows, units, drawn))
        converged.append(found is not None and found.optimum.converged)
        if found is not None:
            theta[draw], value[draw] = found.theta * solution.factor, found.state.value
    return Refits(theta, value, np.array(converged))


def _refit(solution: Solution, method: Method, rows: Rows) -> Solution | None:
    try:
        sample = summarise(rows.moments(), method)
        return solve(solution.table, sample, method, rows, solution.theta)
    except (DataError, np.linalg.LinAlgError):
        return None


def _repeated(rows: Rows, units: Units, drawn: Array) -> Rows:
    groups = [
        group.keep(np.repeat(np.arange(len(owner)), drawn[owner].astype(int)))
        for group, owner in zip(rows.groups, units.owners, strict=True)
    ]
    return replace(rows, groups=tuple(groups))
