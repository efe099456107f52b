"""Covariance matrices of rows resampled with replacement.

The bootstrap intervals of this room share it. Rows are resampled by counts, so that the cross-products of all
resamples come from one matrix product; batches are seeded by their number, whatever runs them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BATCH = 250


def resampled_counts(n: int, draws: int, seed: int) -> Iterator[Floats]:
    """How often each of n rows comes in each resample, batch by batch."""
    for number, start in enumerate(range(0, draws, BATCH)):
        rng = np.random.default_rng([seed, number])
        yield rng.multinomial(n, np.full(n, 1 / n), size=min(BATCH, draws - start)).astype(float)


def resampled_covariances(answers: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """Covariance matrices (divisor n) of resamples of complete rows, batch by batch."""
    centred = answers - answers.mean(axis=0)
    n, p = centred.shape
    upper = np.triu_indices(p)
    products = centred[:, upper[0]] * centred[:, upper[1]]
    for counts in resampled_counts(n, draws, seed):
        means, covs = counts @ centred / n, np.empty((len(counts), p, p))
        covs[:, upper[0], upper[1]] = covs[:, upper[1], upper[0]] = counts @ products / n
        yield covs - means[:, :, None] * means[:, None, :]
