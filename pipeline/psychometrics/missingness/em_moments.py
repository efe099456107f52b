"""Means and covariances by maximum likelihood where answers are missing: the EM algorithm.

`little_mcar` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.missingness.patterns import pattern_rows

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PatternMoments:
    """One pattern: the items answered, rows, their means and cross-products about zero."""

    known: NDArray[np.bool_]
    n: int
    mean: Floats
    products: Floats


@dataclass(frozen=True)
class SaturatedMoments:
    """Maximum likelihood means and covariances (divisor n) of a normal model, and the steps taken."""

    mean: Floats
    cov: Floats
    steps: int


def pattern_moments(answers: Floats) -> list[PatternMoments]:
    """Sufficient statistics of each pattern of missing answers; rows without any answer are left out."""
    known = np.isfinite(answers)
    patterns, members = pattern_rows(known)
    found = []
    for number, pattern in enumerate(patterns):
        if pattern.any():
            part = answers[members == number][:, pattern]
            found.append(PatternMoments(pattern, len(part), part.mean(axis=0), part.T @ part / len(part)))
    return found


def em_moments(patterns: list[PatternMoments], start_cov: Floats, most: int = 10_000) -> SaturatedMoments:
    """EM of means and covariances (Dempster, Laird & Rubin, 1977; Little & Rubin, 2002, 11.2).

    Patterns instead of rows; until no moment moves by 1e-9 of a standard deviation or variance.
    """
    n, p = sum(pattern.n for pattern in patterns), len(start_cov)
    mean, cov = np.zeros(p), start_cov.copy()
    for step in range(1, most + 1):
        total, products = np.zeros(p), np.zeros((p, p))
        for pattern in patterns:
            filled, second = _expected(pattern, mean, cov)
            total += pattern.n * filled
            products += pattern.n * second
        new_mean = total / n
        new_cov = products / n - np.outer(new_mean, new_mean)
        spread = np.sqrt(np.diag(new_cov))
        moved = max(
            float(np.abs((new_mean - mean) / spread).max()),
            float(np.abs((new_cov - cov) / np.outer(spread, spread)).max()),
        )
        mean, cov = new_mean, new_cov
        if moved < 1e-9:
            return SaturatedMoments(mean, cov, step)
    raise PsychometricsError(
        "the EM algorithm did not converge: some pairs of items are hardly ever answered together; leave out "
        "the items with the most missing answers"
    )


def _expected(pattern: PatternMoments, mean: Floats, cov: Floats) -> tuple[Floats, Floats]:
    """Expected means and second moments of a pattern's rows given what they answer."""
    known, gap = pattern.known, ~pattern.known
    inner = cov[np.ix_(known, known)]
    slope = np.linalg.solve(inner, cov[np.ix_(known, gap)]).T
    base = mean[gap] - slope @ mean[known]
    filled, second = np.empty(len(mean)), np.empty(cov.shape)
    filled[known], filled[gap] = pattern.mean, base + slope @ pattern.mean
    across = np.outer(base, pattern.mean) + slope @ pattern.products
    second[np.ix_(known, known)] = pattern.products
    second[np.ix_(gap, known)], second[np.ix_(known, gap)] = across, across.T
    left = cov[np.ix_(gap, gap)] - slope @ cov[np.ix_(known, gap)]
    second[np.ix_(gap, gap)] = left + across @ slope.T + np.outer(filled[gap], base)
    return filled, second
