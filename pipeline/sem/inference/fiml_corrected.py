"""Robust CFI and RMSEA with missing answers: FIML-C (Zhang & Savalei, 2023; versions V3 and V6).

The discrepancy is taken at the estimates but for complete data with the saturated moments. Its expectation is
    k = tr(U Wm^-1 Wc Wm^-1 U Gamma)  (V3, with scaled tests)   or   tr(Wc Wm^-1 U Wm^-1)  (V6),
with Wm and Wc the information about the saturated moments from incomplete and from complete rows, and
U = Wm - Wm Delta (Delta' W Delta)^-1 Delta' Wm, where W is Wm or, with expected information, its expectation.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import inverse, row_shares, weights_of
from pipeline.sem.inference.saturated import gls_weights
from pipeline.sem.inference.saturated_test import free_moments, saturated_information, saturated_moments
from pipeline.sem.inference.scores import cross_products, moment_scores
from pipeline.sem.measures.collect import Corrected
from pipeline.sem.structure.derivatives import jacobian


def corrected_for_missing(
    model: Solution, baseline: Solution, kind: str, rows: Rows | None, robust: bool
) -> Corrected | None:
    """Return corrected statistics and factors; None where the saturated information is singular."""
    try:
        parts = _Saturated(model, kind, rows if robust else None)
        x2, x2_null = _complete_statistic(model), _complete_statistic(baseline)
        c = parts.expectation(model) / model.df if model.df else 1.0
        c_null = parts.expectation(baseline) / baseline.df if baseline.df else 1.0
    except np.linalg.LinAlgError:
        return None
    return Corrected(x2, c, x2 / c, x2_null, c_null)


class _Saturated:
    """Information matrices over (mu, vech Sigma), groups stacked and weighted by their share."""

    def __init__(self, solution: Solution, kind: str, rows: Rows | None) -> None:
        from scipy.linalg import block_diag

        shares = row_shares(solution)
        groups = range(len(shares))
        keep = np.flatnonzero(free_moments(solution))
        self.keep, some = keep, np.ix_(keep, keep)
        incomplete = [saturated_information(solution, g)[some] for g in groups]
        complete = [gls_weights(saturated_moments(solution, g)[0], meanstructure=True)[some] for g in groups]
        self.Wm = block_diag(*[f * w for f, w in zip(shares, incomplete, strict=True)])
        self.Wc = block_diag(*[f * w for f, w in zip(shares, complete, strict=True)])
        self.Wmi = np.linalg.inv(self.Wm)
        self.W = self.Wm
        if kind == "expected":
            expected = [saturated_information(solution, g, kind)[some] for g in groups]
            self.W = block_diag(*[f * w for f, w in zip(shares, expected, strict=True)])
        self.gamma: Array | None = None
        if rows is not None:
            J = block_diag(
                *[f * _cross(solution, g, rows)[some] for f, g in zip(shares, groups, strict=True)]
            )
            self.gamma = self.Wmi @ J @ self.Wmi

    def expectation(self, solution: Solution) -> float:
        from scipy.linalg import block_diag

        delta = block_diag(
            *[jacobian(lines, meanstructure=True)[self.keep] for lines in solution.state.lines]
        )
        bread = inverse(solution, delta.T @ self.W @ delta)
        WD = self.Wm @ delta
        U = self.Wm - WD @ bread @ WD.T
        middle = self.Wmi @ self.Wc @ self.Wmi
        if self.gamma is None:
            return float((middle * U).sum())
        return float(np.trace(U @ middle @ U @ self.gamma))


def _cross(solution: Solution, g: int, rows: Rows) -> Array:
    sigma, mu = saturated_moments(solution, g)
    scores = moment_scores(rows.groups[g].values / solution.observed_scale, sigma, mu, meanstructure=True)
    return cross_products(scores, *weights_of(rows, g))


def _complete_statistic(solution: Solution) -> float:
    """Return the chi-square of the estimates if the saturated moments came from complete data."""
    total = 0.0
    for g, count in enumerate(solution.sample.counts):
        sigma, mu = saturated_moments(solution, g)
        one = Normal(np.ones((1, len(mu))), np.ones(1), mu[None], sigma[None], meanstructure=True)
        implied = solution.state.implied[g]
        total += 2 * count * (one.at(implied).value - one.at_moments(sigma, mu).value)
    return total
