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


def resampled_pairwise(answers: Floats, units: NDArray[np.intp], draws: int, seed: int) -> Iterator[Floats]:
    """Covariance matrices of rows with gaps, each pair from the rows that answer both, batch by batch.

    Whole units are resampled (`units`: the number of each row's); rows of their own are units of one. Divisor
    is the number of rows of the pair; a pair that a resample never sees together has no covariance.
    """
    known = np.isfinite(answers)
    filled = np.where(known, answers - np.nanmean(answers, axis=0), 0.0)
    p = filled.shape[1]
    one, other = (places.ravel() for places in np.indices((p, p)))
    both = (known[:, one] & known[:, other]).astype(float)
    sums = [_by_unit(both, units), _by_unit(filled[:, one] * both, units)]
    sums += [_by_unit(filled[:, one] * filled[:, other], units)]
    for counts in resampled_counts(len(sums[0]), draws, seed):
        pairs, first, products = ((counts @ part).reshape(-1, p, p) for part in sums)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = first / pairs
            yield products / pairs - means * means.transpose(0, 2, 1)


def _by_unit(values: Floats, units: NDArray[np.intp]) -> Floats:
    totals = np.zeros((int(units.max()) + 1, values.shape[1]))
    np.add.at(totals, units, values)
    return totals
