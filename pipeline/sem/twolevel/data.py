"""From rows to what a two-level likelihood sees: cluster sizes, cluster means and within cross-products.

A cluster's data are d = (its own variables z, the means of its people's variables y). The likelihood needs
its sums by cluster size only: clusters of one size are compressed to at most p + 1 rows with the same sums of
squares (Lee, 1990; McDonald & Goldstein, 1989), so cost grows with distinct sizes, never with clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.data.rows import GroupRows, Rows
from pipeline.sem.errors import DataError
from pipeline.sem.twolevel.table import LeveledTable


@dataclass(frozen=True)
class ClusterRows:
    """Rows of one group, clusters numbered 0 .. J - 1; y are people's variables, z (J x q) clusters'."""

    label: str
    y: Array
    z: Array
    cluster: Index
    positions: Index
    first: Index

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self.z)

    @cached_property
    def sizes(self) -> Array:
        """Rows of every cluster."""
        return np.bincount(self.cluster, minlength=self.clusters).astype(float)

    @cached_property
    def means(self) -> Array:
        """Cluster means of y."""
        return sums(self.cluster, self.y, self.clusters) / self.sizes[:, None]

    @cached_property
    def deviations(self) -> Array:
        """Rows of y less their cluster's mean."""
        return self.y - self.means[self.cluster]

    def scatters(self) -> Array:
        """Within cross-products of every cluster (J x p x p)."""
        p = self.y.shape[1]
        out = np.empty((self.clusters, p, p))
        for i in range(p):
            products = self.deviations[:, i : i + 1] * self.deviations[:, i:]
            out[:, i, i:] = sums(self.cluster, products, self.clusters)
            out[:, i:, i] = out[:, i, i:]
        return out


@dataclass(frozen=True)
class ClusterMoments:
    """Sufficient statistics of complete rows.

    `rows` (d of clusters or of their compressed sums) stand with the square root of the number of clusters
    behind their mean (`roots`) and their cluster size (`sizes`); `scatter` is the pooled within
    cross-product with `freedom` degrees of freedom; `counts` clusters have size `distinct`.
    """

    rows: Array
    roots: Array
    sizes: Array
    distinct: Array
    counts: Array
    scatter: Array
    freedom: float

    @property
    def people(self) -> float:
        """Number of rows."""
        return float(self.counts @ self.distinct)

    @property
    def clusters(self) -> float:
        """Number of clusters."""
        return float(self.counts.sum())

    def scaled(self, scale: Array) -> ClusterMoments:
        """Return the moments of variables divided by a scale (order: z, y)."""
        own = scale[len(scale) - len(self.scatter) :]
        return ClusterMoments(
            self.rows / scale, self.roots, self.sizes, self.distinct, self.counts,
            self.scatter / np.outer(own, own), self.freedom,
        )  # fmt: skip


def cluster_moments(rows: ClusterRows) -> ClusterMoments:
    """Return the sufficient statistics of complete rows."""
    d = np.hstack([rows.z, rows.means])
    distinct, owner, counts = np.unique(rows.sizes, return_inverse=True, return_counts=True)
    parts = [_compressed(d[owner == at]) for at in range(len(distinct))]
    lengths = [len(part) for part, _ in parts]
    return ClusterMoments(
        np.vstack([part for part, _ in parts]), np.concatenate([root for _, root in parts]),
        np.repeat(distinct, lengths), distinct, counts.astype(float), rows.deviations.T @ rows.deviations,
        float(len(rows.y) - rows.clusters),
    )  # fmt: skip


def _compressed(d: Array) -> tuple[Array, Array]:
    """Return at most p + 1 rows with the sums of squares of d, and the weight of the mean in each."""
    count, p = d.shape
    if count <= p + 1:
        return d, np.ones(count)
    mean = d.mean(0)
    root = np.linalg.qr(d - mean, mode="r")
    own = np.zeros(p + 1)
    own[-1] = np.sqrt(count)
    return np.vstack([root, own[-1] * mean]), own


def sums(owner: Index, values: Array, size: int) -> Array:
    """Return the sums of values (rows) by owner."""
    from scipy.sparse import csr_array

    member = csr_array((np.ones(len(owner)), (owner, np.arange(len(owner)))), shape=(size, len(owner)))
    return np.asarray(member @ values.reshape(len(owner), -1)).reshape(size, *values.shape[1:])


def cluster_rows(rows: Rows, table: LeveledTable) -> tuple[ClusterRows, ...]:
    """Sort rows into clusters; a cluster's own variables must not vary in it."""
    own = [rows.variables.index(name) for name in table.cluster_only]
    people = [rows.variables.index(name) for name in table.within.observed]
    return tuple(_of_group(group, own, people, table) for group in rows.groups)


def _of_group(group: GroupRows, own: list[int], people: list[int], table: LeveledTable) -> ClusterRows:
    assert group.clusters is not None
    _, first, cluster = np.unique(group.clusters, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    cluster, first = rank[cluster], np.sort(first)
    z = _own_values(group, own, cluster, len(first), table)
    out = ClusterRows(group.label, group.values[:, people], z, cluster, group.positions, first)
    _check_sizes(out)
    return out


def _own_values(group: GroupRows, own: list[int], cluster: Index, size: int, table: LeveledTable) -> Array:
    """Return the value of each cluster's own variables: the one that its rows agree on."""
    values = group.values[:, own]
    answered = ~np.isnan(values)
    low, high = np.full((size, len(own)), np.inf), np.full((size, len(own)), -np.inf)
    np.minimum.at(low, cluster, np.where(answered, values, np.inf))
    np.maximum.at(high, cluster, np.where(answered, values, -np.inf))
    some = np.isfinite(low)
    with np.errstate(invalid="ignore"):
        apart = some & (high - low > 1e-8 * np.maximum(np.abs(high), 1e-300))
    if apart.any():
        name = table.cluster_only[int(apart.any(0).argmax())]
        raise DataError(
            f"'{name}' stands only at level 2 but varies within {int(apart.any(1).sum())} cluster(s); use it "
            "at level 1 too, or give each cluster one value"
        )
    return np.where(some, low, np.nan)


def _check_sizes(rows: ClusterRows) -> None:
    where = f" in group '{rows.label}'" if rows.label else ""
    if rows.clusters < 2:
        raise DataError(f"there are {rows.clusters} cluster(s){where}; a two-level model needs several")
    if len(rows.y) == rows.clusters:
        raise DataError(
            f"every cluster{where} holds one row, so nothing varies within clusters; fit a single-level model"
        )
