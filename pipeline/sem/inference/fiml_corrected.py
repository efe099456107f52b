"""Robust CFI and RMSEA with missing answers: FIML-C (Zhang & Savalei, 2023; versions V3 and V6).

The discrepancy is taken at the estimates but for complete data with the saturated moments. Its expectation is
    k = tr(U Wm^-1 Wc Wm^-1 U Gamma)  (V3, with scaled tests)   or   tr(Wc Wm^-1 U Wm^-1)  (V6),
with Wm and Wc the information about the saturated moments from incomplete and from complete rows, and
U = Wm - Wm Delta (Delta' W Delta)^-1 Delta' Wm, where W is Wm or, with expected information, its expectation.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import inverse, row_shares
from pipeline.sem.inference.saturated import gls_weights
from pipeline.sem.inference.saturated_test import (
    SaturatedModel,
    free_moments,
    saturated_information,
    saturated_moments,
)
from pipeline.sem.measures.collect import Corrected
from pipeline.sem.structure.derivatives import jacobian


def corrected_for_missing(
    model: Solution, baseline: Solution, kind: str, shared: SaturatedModel | None
) -> Corrected | None:
    """Return corrected statistics and factors; None where the saturated information is singular.

    `shared` is the saturated model of the rows where tests are scaled (V3), none where they aren't (V6).
    """
    try:
        parts = _Saturated(model, kind, shared)
        x2, x2_null = _complete_statistic(model), _complete_statistic(baseline)
        c = parts.expectation(model) / model.df if model.df else 1.0
        c_null = parts.expectation(baseline) / baseline.df if baseline.df else 1.0
    except np.linalg.LinAlgError:
        return None
    return Corrected(x2, c, x2 / c, x2_null, c_null)


class _Saturated:
    """Information matrices over (mu, vech Sigma), groups stacked and weighted by their share."""

    def __init__(self, solution: Solution, kind: str, shared: SaturatedModel | None) -> None:
        from scipy.linalg import block_diag

        shares = row_shares(solution)
        groups = range(len(shares))
        keep = np.flatnonzero(free_moments(solution))
        self.keep, some = keep, np.ix_(keep, keep)
        every = [saturated_information(solution, g) for g in groups] if shared is None else shared.information
        incomplete = [one[some] for one in every]
        complete = [gls_weights(saturated_moments(solution, g)[0], meanstructure=True)[some] for g in groups]
        self.Wm = block_diag(*[f * w for f, w in zip(shares, incomplete, strict=True)])
        self.Wc = block_diag(*[f * w for f, w in zip(shares, complete, strict=True)])
        self.Wmi = np.linalg.inv(self.Wm)
        self.W = self.Wm
        if kind == "expected":
            expected = [saturated_information(solution, g, kind)[some] for g in groups]
            self.W = block_diag(*[f * w for f, w in zip(shares, expected, strict=True)])
        self.gamma: Array | None = None
        if shared is not None:
            J = block_diag(*[f * own[some] for f, own in zip(shares, shared.meat, strict=True)])
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


def _complete_statistic(solution: Solution) -> float:
    """Return the chi-square of the estimates if the saturated moments came from complete data."""
    total = 0.0
    for g, count in enumerate(solution.sample.counts):
        sigma, mu = saturated_moments(solution, g)
        one = Normal(np.ones((1, len(mu))), np.ones(1), mu[None], sigma[None], meanstructure=True)
        implied = solution.state.implied[g]
        total += 2 * count * (one.at(implied).value - one.at_moments(sigma, mu).value)
    return total
