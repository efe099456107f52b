"""What a resample of clusters sees: how often each one was drawn, and sums of within cross-products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from pipeline.sem.arrays import Array, Index
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


class Drawn(Protocol):
    """One group in every resample, with or without missing answers."""

    @property
    def counts(self) -> Array:
        """How often each cluster was drawn."""
        ...

    @property
    def people(self) -> Array:
        """Rows of the group in every resample."""
        ...

    def keep(self, draws: Array) -> Self:
        """Return some of the resamples."""
        ...


G = TypeVar("G", bound=Drawn)


@dataclass(frozen=True)
class Draws2(Generic[G]):
    """All groups in every resample."""

    groups: tuple[G, ...]

    def __len__(self) -> int:
        return len(self.groups[0].counts)

    @property
    def shares(self) -> Array:
        """Share of each group in the rows, by resample."""
        people = np.column_stack([group.people for group in self.groups])
        out: Array = people / people.sum(1, keepdims=True)
        return out

    def keep(self, draws: Array) -> Draws2[G]:
        """Return some of the resamples."""
        return Draws2(tuple(group.keep(draws) for group in self.groups))


def repeated(rows: ClusterRows, counts: Array) -> ClusterRows:
    """Return rows where every cluster stands as often as it was drawn, each time as one of its own."""
    chosen: Index = np.repeat(np.arange(rows.clusters), counts.astype(np.intp))
    order = np.argsort(rows.cluster, kind="stable")
    ends = np.cumsum(rows.sizes.astype(np.intp))
    pieces = [order[ends[j] - int(rows.sizes[j]) : ends[j]] for j in chosen]
    at = np.concatenate(pieces)
    cluster = np.repeat(np.arange(len(chosen)), [len(piece) for piece in pieces])
    return replace(rows, y=rows.y[at], z=rows.z[chosen], cluster=cluster, positions=rows.positions[at])
