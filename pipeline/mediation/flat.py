"""The single-level path model, fitted as a whole by `sem`; clusters ignored.

The stages fit it beside the decomposed model, labelled as flat, or alone where a study has no clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pipeline import sem
from pipeline.mediation.design import Design, links
from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.least_squares import compared
from pipeline.mediation.likelihood import Codes, Floats
from pipeline.mediation.model import Comparison, Equation, PathModel, Refit, Slope, assemble
from pipeline.mediation.model_fit import fit_of
from pipeline.mediation.observed import Observed
from pipeline.mediation.rows import FLAT, Missing, Rows, flat_rows, flat_table

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "listwise": "maximum likelihood, all equations as one path model; errors with the degrees of freedom of "
    "least squares",
    "fiml": "maximum likelihood, all equations as one path model, full information for missing outcomes",
}


def fit_flat(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
    *,
    missing: Missing = "listwise",
) -> PathModel:
    """Fit all equations at once by maximum likelihood on the rows of the path's lowest level.

    Variables of higher levels are copied down to those rows. Predictors that no arrow reaches are fixed;
    estimates take residuals of different outcomes as uncorrelated. On complete rows they are those of least
    squares; there each equation's errors are multiplied by the root of n / (n - p), p its coefficients, and
    referred to t, which makes them those of least squares too. With `fiml` a row that lacks an outcome counts
    with what it has, and errors are large-sample ones from the observed information. Where clusters exist,
    slopes mix within and between and their standard errors are too small (Moulton, 1986).
    """
    flat = Flat.of(graph, frames, design, covariates or {}, missing)
    observed, fit = flat.observed, flat.fit
    joint = _joint(flat)
    fitted = {
        rows.outcome: (
            observed.with_implied_spreads(fit, rows),
            _equation(observed, fit, rows, joint, flat.left_out),
        )
        for rows in flat.data
    }
    ids = links(design.lowest(graph), frames, design).loc[flat.table.index]
    units = {design.lowest(graph): None} | {str(upper): ids[upper].to_numpy() for upper in ids.columns}
    return assemble(
        "flat",
        fitted,
        confidence,
        joint=joint,
        second=_second(observed, fit, flat.table, flat.data),
        fit=fit_of(fit, observed.in_words),
        full_information=missing == "fiml" and bool(flat.table.isna().to_numpy().any()),
        refit=Refit(fit, observed.names(), units, design.lowest(graph)),
    )


@dataclass(frozen=True)
class Flat:
    """The rows of each equation, the table that they come from, and the path model fitted on it."""

    observed: Observed
    table: pd.DataFrame
    data: tuple[Rows, ...]
    left_out: Mapping[str, int]
    missing: Missing

    @classmethod
    def of(
        cls,
        graph: PathGraph,
        frames: Mapping[str, pd.DataFrame],
        design: Design,
        covariates: Mapping[str, Sequence[str]],
        missing: Missing,
    ) -> Flat:
        """Lay out the rows of the path's lowest level."""
        entering = {name: tuple(covariates.get(name, ())) for name in graph.outcomes}
        table, left_out = flat_table(graph, entering, frames, design, missing)
        level = design.lowest(graph)
        data = tuple(
            flat_rows(outcome, graph.predictors(outcome), entering[outcome], table, level)
            for outcome in graph.outcomes
        )
        return cls(Observed.of(data), table, data, left_out, missing)

    @cached_property
    def fit(self) -> sem.Fit:
        """All equations by maximum likelihood."""
        return fitted_flat(self.observed, self.table, self.missing)

    @property
    def inflation(self) -> dict[str, float]:
        """Factor of each outcome's errors: on complete rows the root of n / (n - p), else one."""
        if self.missing == "fiml":
            return {rows.outcome: 1.0 for rows in self.data}
        return {rows.outcome: float(np.sqrt(self.fit.nobs / _freedom(self.fit, rows))) for rows in self.data}


def fitted_flat(
    observed: Observed, table: pd.DataFrame, missing: Missing, clusters: Codes | None = None
) -> sem.Fit:
    """Fit all equations at once, errors robust to `clusters`; MediationError where it cannot be done."""
    try:
        return observed.fitted(table, missing, clusters=clusters)
    except (sem.ModelError, sem.DataError) as error:
        raise MediationError(observed.in_words(str(error))) from error


def _joint(flat: Flat) -> pd.DataFrame:
    """Covariance of all slopes.

    On complete rows it has the degrees of freedom of least squares, and slopes of outcomes that no route
    connects covary through their residuals (Zellner, 1962).
    """
    cov, inflation = flat.observed.slope_covariance(flat.fit), flat.inflation
    if flat.missing == "fiml":
        return cov
    inflate = np.concatenate([np.full(len(rows.terms), inflation[rows.outcome]) for rows in flat.data])
    whole = cov * np.outer(inflate, inflate)
    for one, other in combinations(flat.data, 2):
        if not flat.observed.connected(one.outcome, other.outcome):
            block = _shared(one, other)
            whole.loc[_slopes(one), _slopes(other)] = block
            whole.loc[_slopes(other), _slopes(one)] = block.T
    return whole


def _slopes(rows: Rows) -> list[Slope]:
    return [(term.predictor, rows.outcome, FLAT) for term in rows.terms]


def _shared(one: Rows, other: Rows) -> Floats:
    """Covariance of two equations' least squares slopes: s12 (X1'X1)^-1 X1'X2 (X2'X2)^-1."""
    (left, first), (right, second) = _solved(one), _solved(other)
    freedom = np.sqrt(np.prod([len(rows.y) - len(rows.terms) - 1 for rows in (one, other)], dtype=float))
    out: Floats = float(first @ second) / freedom * (left @ right.T)
    return out[1:, 1:]


def _solved(rows: Rows) -> tuple[Floats, Floats]:
    """The matrix that turns an outcome into least squares estimates, and the residuals."""
    inverse: Floats = np.asarray(np.linalg.pinv(rows.matrix), dtype=float)
    return inverse, rows.y - rows.matrix @ (inverse @ rows.y)


def _freedom(fit: sem.Fit, rows: Rows) -> int:
    return fit.nobs - len(rows.terms) - 1


def _equation(
    observed: Observed, fit: sem.Fit, rows: Rows, joint: pd.DataFrame, left_out: Mapping[str, int]
) -> Equation:
    own = _slopes(rows)
    missing, freedom = fit.method.missing, _freedom(fit, rows)
    left = observed.residual_variance(fit, rows.outcome)
    complete = missing == "listwise"
    return Equation(
        outcome=rows.outcome,
        level=rows.level,
        method=METHODS[missing],
        n=fit.nobs,
        clusters={},
        left_out=left_out,
        slopes=tuple((term.predictor, term.level) for term in rows.terms),
        estimates=observed.slopes(fit, rows.outcome),
        cov=joint.loc[own, own].to_numpy(float),
        intercept=observed.intercept(fit, rows.outcome),
        freedom=freedom if complete else None,
        variances={"residual": left * fit.nobs / freedom if complete else left},
        icc={},
        logl=_loglik(left, fit.nobs) if complete else float("nan"),
        converged=fit.converged,
        second=None,
        warnings=tuple(observed.in_words(text) for text in fit.warnings),
        r2={FLAT: observed.r2(fit, rows.outcome)},
    )


def _loglik(variance: float, n: int) -> float:
    """Normal log-likelihood of n residuals at their maximum likelihood variance."""
    return float(-n / 2 * (np.log(2 * np.pi * variance) + 1))


def _second(observed: Observed, fit: sem.Fit, table: pd.DataFrame, data: Sequence[Rows]) -> Comparison:
    """Least squares on the complete rows beside the same model on the same rows."""
    if fit.method.missing == "listwise":
        return compared(data, {rows.outcome: observed.slopes(fit, rows.outcome) for rows in data})
    complete = table.dropna()
    try:
        again = [
            flat_rows(rows.outcome, [term.predictor for term in rows.terms], (), complete, rows.level)
            for rows in data
        ]
        own = fitted_flat(observed, complete, "listwise")
    except MediationError as error:
        return Comparison(None, reason=f"the complete rows alone do not carry the model ({error})")
    return compared(again, {rows.outcome: observed.slopes(own, rows.outcome) for rows in data})
