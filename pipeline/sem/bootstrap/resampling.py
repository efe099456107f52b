"""Batches of resamples of a fit: from counts of units to estimates. Every batch can be computed by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline.compute import side_by_side
from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.moments import Batch, GroupSource, Source
from pipeline.sem.bootstrap.one_by_one import refit_each
from pipeline.sem.bootstrap.ordinal import PORTION, OrdinalRefitter, covariate_moments
from pipeline.sem.bootstrap.refit import Refits, Refitter
from pipeline.sem.bootstrap.units import Units, portions
from pipeline.sem.bootstrap.values import Exogenous, Values
from pipeline.sem.data import Rows
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.options import Method
from pipeline.sem.structure.constraints import nonlinear_constraints

_CACHE = 8_000_000
_LARGEST = 2000


@dataclass(frozen=True, eq=False)
class Resampling:
    """A fitted model, its rows, and the units that are drawn."""

    solution: Solution
    method: Method
    rows: Rows
    units: Units
    workers: int | None = None

    def by_seed(self, draws: int, seed: int) -> Values:
        """Return the estimates of resamples drawn by batches, each with its own seed."""
        return self.collect(self.units.drawn(draws, seed))

    def by_indices(self, indices: tuple[Array, ...]) -> Values:
        """Return the estimates of given resamples."""
        return self.collect(self.units.given(indices))

    def without_each(self) -> Values:
        """Return the estimates without each unit in turn."""
        return self.collect(self.units.left_out())

    def collect(self, counts: Iterable[Array]) -> Values:
        """Refit every batch and join the draws; those that did not converge are NaN."""
        parts = [(batch, refits) for batch, refits in self.refit(counts)]
        theta = np.concatenate([_masked(refits) for _, refits in parts])
        exogenous = [
            Exogenous(
                np.concatenate([batch.groups[g].exogenous_mean for batch, _ in parts]),
                np.concatenate([batch.groups[g].exogenous_covariance for batch, _ in parts]),
            )
            for g in range(len(self.rows.groups))
        ]
        return Values(self.solution, theta, tuple(exogenous))

    def refit(self, counts: Iterable[Array]) -> Iterator[tuple[Batch, Refits]]:
        """Return moments and estimates, portion by portion; portions that advance together use all cores."""
        if self.method.ordinal:
            drawn, work, together = portions(counts, PORTION), self._ordered, self.ordinal.batched
        else:
            drawn, work, together = portions(counts, self.portion), self._continuous, self.batched
        return side_by_side(work, drawn, self.workers if together else 1)

    def _ordered(self, drawn: Array) -> tuple[Batch, Refits]:
        return covariate_moments(self.solution, self.rows, self.units, drawn), self.ordinal(drawn)

    def _continuous(self, drawn: Array) -> tuple[Batch, Refits]:
        batch = self.source.batch(drawn)
        if self.batched:
            return _without_moments(batch), self.refitter(batch)
        found = refit_each(self.solution, self.method, self.rows, self.units, drawn)
        return _without_moments(batch), found

    @cached_property
    def batched(self) -> bool:
        """Whether all resamples can advance together: maximum likelihood without nonlinear constraints."""
        curved = nonlinear_constraints(self.solution.table, self.solution.factor)
        return self.method.discrepancy == "ML" and curved is None

    @cached_property
    def portion(self) -> int:
        """Resamples that advance together: as many as caches hold; threads want long arrays."""
        groups = self.source.groups
        cells = sum(len(pattern.columns) ** 2 for group in groups for pattern in group.patterns)
        return min(max(_CACHE // (8 * max(cells, 1)), 10), _LARGEST, self.units.limit)

    @cached_property
    def refitter(self) -> Refitter:
        """The model, starting from the full sample's estimates."""
        return Refitter(self.solution)

    @cached_property
    def ordinal(self) -> OrdinalRefitter:
        """The same for a model with ordered items."""
        return OrdinalRefitter(self.solution, self.method, self.rows, self.units)

    @cached_property
    def source(self) -> Source:
        """Tables of sums by unit."""
        sample, scale = self.solution.sample, self.solution.observed_scale
        groups = zip(self.rows.groups, sample.means, self.units.owners, strict=True)
        return Source(
            tuple(
                GroupSource.of(
                    rows,
                    owner,
                    mean=mean,
                    scale=scale,
                    exogenous=self.solution.exogenous,
                    unbiased=sample.unbiased,
                )
                for rows, mean, owner in groups
            )
        )


def _masked(refits: Refits) -> Array:
    return np.where(refits.converged[:, None], refits.theta, np.nan)


def _without_moments(batch: Batch) -> Batch:
    """Keep only what later results need: the exogenous moments."""
    return Batch(tuple(replace(group, patterns=()) for group in batch.groups), batch.shares)
