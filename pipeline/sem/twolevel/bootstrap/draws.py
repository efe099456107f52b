"""What a resample of clusters sees: how often each one was drawn, and sums of within cross-products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.twolevel.data import ClusterMoments, ClusterRows


@dataclass(frozen=True)
class ClusterTable:
    """Data of one group's clusters in the internal metric: d = (z, mean y), sizes, cross-products."""

    d: Array
    sizes: Array
    scatters: Array

    @classmethod
    def of(cls, rows: ClusterRows, scale: Array) -> ClusterTable:
        """Take the clusters of a group."""
        own = scale[rows.z.shape[1] :]
        d = np.hstack([rows.z, rows.means]) / scale
        return cls(d, rows.sizes, rows.scatters() / np.outer(own, own))

    def draw(self, counts: Array) -> GroupDraws:
        """Return resamples, given how often each cluster stands in them."""
        flat = self.scatters.reshape(len(self.sizes), -1)
        scatter = (counts @ flat).reshape(len(counts), *self.scatters.shape[1:])
        return GroupDraws(self, counts, scatter)


@dataclass(frozen=True)
class GroupDraws:
    """One group in every resample."""

    table: ClusterTable
    counts: Array
    scatter: Array

    @property
    def people(self) -> Array:
        """Rows of the group in every resample."""
        out: Array = self.counts @ self.table.sizes
        return out

    def keep(self, draws: Array) -> GroupDraws:
        """Return some of the resamples."""
        return GroupDraws(self.table, self.counts[draws], self.scatter[draws])

    def moments(self, draw: int) -> ClusterMoments:
        """Return the sufficient statistics of one resample."""
        drawn = np.flatnonzero(self.counts[draw])
        counts = self.counts[draw, drawn]
        root, sizes = np.sqrt(counts), self.table.sizes[drawn]
        distinct, owner = np.unique(sizes, return_inverse=True)
        tally = np.bincount(owner, counts)
        freedom = float(counts @ (sizes - 1))
        return ClusterMoments(
            root[:, None] * self.table.d[drawn], root, sizes, distinct, tally, self.scatter[draw], freedom
        )


@dataclass(frozen=True)
class Draws2:
    """All groups in every resample."""

    groups: tuple[GroupDraws, ...]

    def __len__(self) -> int:
        return len(self.groups[0].counts)

    @property
    def shares(self) -> Array:
        """Share of each group in the rows, by resample."""
        people = np.column_stack([group.people for group in self.groups])
        out: Array = people / people.sum(1, keepdims=True)
        return out

    def keep(self, draws: Array) -> Draws2:
        """Return some of the resamples."""
        return Draws2(tuple(group.keep(draws) for group in self.groups))
