"""Means and covariances by maximum likelihood where answers are missing: the EM algorithm.

`little_mcar` and the models of all scales together call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.missingness.patterns import pattern_rows

Floats = NDArray[np.float64]

BATCH = 256


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


@dataclass(frozen=True)
class _Stack:
    """Some patterns side by side: masks, rows, means and cross-products, zero where nothing is known."""

    known: Floats
    n: Floats
    mean: Floats
    products: Floats

    @classmethod
    def of(cls, patterns: Sequence[PatternMoments]) -> _Stack:
        known = np.array([pattern.known for pattern in patterns], dtype=float)
        mean, products = np.zeros(known.shape), np.zeros((*known.shape, known.shape[1]))
        for at, pattern in enumerate(patterns):
            mean[at, pattern.known] = pattern.mean
            products[at][np.ix_(pattern.known, pattern.known)] = pattern.products
        return cls(known, np.array([float(pattern.n) for pattern in patterns]), mean, products)

    def expected(self, mean: Floats, cov: Floats) -> tuple[Floats, Floats]:
        """Sums over rows of expected deviations from the mean, and of their expected cross-products.

        An inverse of what is known, zero elsewhere, is that of the covariances with the rest made identity.
        """
        both = self.known[:, :, None] * self.known[:, None, :]
        rest = np.eye(len(mean)) * (1 - self.known)[:, None, :]
        inverse = np.linalg.inv(cov * both + rest) * both
        apart = (self.mean - mean) * self.known
        about = self.products - self.mean[:, :, None] * self.mean[:, None, :]
        about = about + apart[:, :, None] * apart[:, None, :]
        spread = cov @ np.tensordot(self.n, inverse @ about @ inverse - inverse, axes=1) @ cov
        first = cov @ (self.n @ (inverse @ apart[:, :, None])[:, :, 0])
        return first, spread + self.n.sum() * cov


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

    Patterns instead of rows, many of them at a time; until no moment moves by 1e-9 of a standard deviation or
    variance.
    """
    stacks = [_Stack.of(patterns[start : start + BATCH]) for start in range(0, len(patterns), BATCH)]
    n, p = sum(pattern.n for pattern in patterns), len(start_cov)
    mean, cov = np.zeros(p), start_cov.copy()
    for step in range(1, most + 1):
        parts = [stack.expected(mean, cov) for stack in stacks]
        shift = np.sum([first for first, _ in parts], axis=0) / n
        new_mean = mean + shift
        new_cov = np.sum([second for _, second in parts], axis=0) / n - np.outer(shift, shift)
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
