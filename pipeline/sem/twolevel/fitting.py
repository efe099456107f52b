"""From a parsed two-level model and rows to a fit; sem.fit calls this when a model has `level:` blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError, ModelError
from pipeline.sem.options import METHODS, Method
from pipeline.sem.structure.constraints import nonlinear_constraints
from pipeline.sem.syntax import Model
from pipeline.sem.table.build import Rules, variables_of
from pipeline.sem.twolevel.bounded import BOUNDS
from pipeline.sem.twolevel.data import ClusterRows, cluster_rows
from pipeline.sem.twolevel.estimate import prepare, solve
from pipeline.sem.twolevel.identification import check_identified
from pipeline.sem.twolevel.inference import Clusters, unit_codes
from pipeline.sem.twolevel.result import TwoLevelFit
from pipeline.sem.twolevel.sample import complete_sample, incomplete_sample
from pipeline.sem.twolevel.table import build_leveled_table

if TYPE_CHECKING:
    import pandas as pd


def choose(estimator: str, missing: str, likelihood: str, information: str | None) -> Method:
    """Return the method of a two-level model: maximum likelihood with plain or robust errors."""
    name = estimator.upper()
    if name not in {"ML", "MLR"}:
        raise ModelError(
            f"estimator '{estimator}' is not estimated for two-level models; choose 'ML', or 'MLR' for "
            "cluster-robust errors"
        )
    if missing not in {"listwise", "fiml"}:
        raise ModelError(f"missing='{missing}' is not known; choose 'listwise' or 'fiml'")
    if likelihood != "normal":
        raise ModelError("two-level models are estimated with likelihood='normal' only")
    if information not in {None, "observed", "expected"}:
        raise ModelError(f"information='{information}' is not known; choose 'observed' or 'expected'")
    return replace(METHODS[name], missing=missing, information=information or "observed")


def fit_two_level(
    model: Model,
    frame: pd.DataFrame,
    method: Method,
    rules: Rules,
    *,
    cluster: str,
    group: str | None = None,
    robust_unit: str | None = None,
    bounds: str = "none",
    source: pd.DataFrame | str | Path | None = None,
) -> TwoLevelFit:
    """Estimate a two-level model by maximum likelihood; `source` is where a bootstrap finds its units."""
    if bounds not in BOUNDS:
        raise ModelError(f"bounds='{bounds}' is not known; choose one of {', '.join(BOUNDS)}")
    rows = Rows.of(frame, variables_of(model), group=group, cluster=cluster)
    rows = rows.usable(method.missing)
    table = build_leveled_table(model, [g.label for g in rows.groups], rules)
    groups = cluster_rows(rows, table)
    sample = (incomplete_sample if method.missing == "fiml" else complete_sample)(table, groups)
    problem, _, factor = prepare(table, sample)
    if nonlinear_constraints(table.whole, factor) is not None:
        raise ModelError(
            "nonlinear == constraints are not estimated in two-level models; test them with wald() instead"
        )
    check_identified(problem, table)
    units = None
    if robust_unit is not None:
        units = unit_codes(groups, _column(frame, robust_unit, groups), robust_unit)
    return TwoLevelFit(solve(table, sample, bounds), method, Clusters(groups, units), rows.dropped, source)


def _column(frame: pd.DataFrame, name: str, groups: tuple[ClusterRows, ...]) -> list[Array]:
    if name not in frame.columns:
        raise DataError(f"the data have no column '{name}'; robust_unit= needs it")
    values = frame[name]
    out = [values.iloc[group.positions] for group in groups]
    if any(part.isna().any() for part in out):
        raise DataError(f"'{name}' is missing in some rows; every row needs its unit")
    return [np.asarray(part, dtype=object) for part in out]
