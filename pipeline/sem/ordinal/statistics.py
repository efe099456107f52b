"""What ordinal estimators see of a group: thresholds, slopes, variances, correlations; how rows move them.

The stacked moments are, in this order: thresholds (or the mean) variable by variable, slopes on the fixed
covariates (variables fastest), variances of continuous variables, and one correlation (covariance, where a
variable is continuous) a pair. Their sampling covariance Gamma is the mean cross-product of `influence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array, Index, as_float
from pipeline.sem.errors import DataError
from pipeline.sem.ordinal.casewise import BOUND as ROW_BOUND
from pipeline.sem.ordinal.casewise import correlate, pair_influence
from pipeline.sem.ordinal.cell_influence import CellInfluence, cell_influence, variances
from pipeline.sem.ordinal.margins import Margin, continuous_margin, ordered_margin
from pipeline.sem.ordinal.polychoric import BOUND, polychorics, thresholds_of
from pipeline.sem.ordinal.tables import Tables, pair_index
from pipeline.sem.wording import bounded


@dataclass(frozen=True)
class Kinds:
    """The explained variables with their numbers of categories (0: continuous), and the fixed covariates."""

    variables: tuple[str, ...]
    categories: tuple[int, ...]
    covariates: tuple[str, ...] = ()

    @property
    def ordered(self) -> Array:
        """Which variables are ordered."""
        return np.array(self.categories) > 0

    @cached_property
    def level_item(self) -> Index:
        """The variable of each threshold or mean."""
        return np.repeat(np.arange(len(self.categories)), [max(k - 1, 1) for k in self.categories])

    @cached_property
    def level_step(self) -> Index:
        """The number of each threshold, from 0; -1 for a mean."""
        steps = [np.arange(k - 1) if k else np.array([-1]) for k in self.categories]
        return np.concatenate(steps).astype(np.intp)

    @property
    def plain(self) -> bool:
        """Whether all variables are ordered and none is conditioned on."""
        return bool(self.ordered.all()) and not self.covariates

    @property
    def names(self) -> list[str]:
        """A name for every moment."""
        own = self.variables
        levels = zip(self.level_item.tolist(), self.level_step.tolist(), strict=True)
        out = [f"{own[i]}|t{k + 1}" if k >= 0 else f"{own[i]}~1" for i, k in levels]
        out += [f"{y}~{x}" for x in self.covariates for y in own]
        out += [f"{y}~~{y}" for y, k in zip(own, self.categories, strict=True) if not k]
        first, second = pair_index(len(own))
        return out + [f"{own[i]}~~{own[j]}" for i, j in zip(first.tolist(), second.tolist(), strict=True)]

    @property
    def size(self) -> int:
        """Number of moments."""
        p = len(self.variables)
        continuous = p - int(self.ordered.sum())
        return len(self.level_item) + p * len(self.covariates) + continuous + p * (p - 1) // 2


@dataclass(frozen=True, eq=False)
class GroupStatistics:
    """Moments of one group's variables given its covariates."""

    label: str
    count: int
    levels: Array
    slopes: Array
    covariance: Array
    x_mean: Array
    x_covariance: Array
    kinds: Kinds
    source: TableSource | RowSource

    @cached_property
    def stacked(self) -> Array:
        """All moments in their order."""
        first, second = pair_index(len(self.covariance))
        variances = np.diag(self.covariance)[~self.kinds.ordered]
        pairs = self.covariance[first, second]
        return np.concatenate([self.levels, self.slopes.ravel(order="F"), variances, pairs])

    @cached_property
    def influence(self) -> Array:
        """How each row moves each moment, times the number of rows."""
        out: Array = self.source.influence()
        return out

    @cached_property
    def gamma(self) -> Array:
        """Asymptotic covariance matrix of sqrt(N) times the moments."""
        if isinstance(self.source, StreamedSource):
            return self.source.gamma
        out: Array = self.influence.T @ self.influence / len(self.influence)
        return out

    @cached_property
    def gamma_diagonal(self) -> Array:
        """Its diagonal."""
        if isinstance(self.source, StreamedSource):
            return self.source.gamma_diagonal
        out: Array = np.einsum("ni,ni->i", self.influence, self.influence) / len(self.influence)
        return out


@dataclass(frozen=True, eq=False)
class TableSource:
    """Ordered variables without covariates: rows act through their cells."""

    tables: Tables
    thresholds: Array
    correlations: Array
    step: Index
    item: Index

    def notes(self, kinds: Kinds) -> list[str]:
        """Tell of empty cells and of correlations at their bound."""
        inside = self.tables.pairs.sum((1, 2)) > 0
        own = np.array(self.tables.categories)
        first, second = pair_index(len(own))
        empty = own[first] * own[second] - (self.tables.pairs > 0).sum((1, 2))
        out = _empty_cells(kinds, empty * inside)
        return out + _at_bound(kinds, self.correlations, BOUND)

    def cells(self) -> CellInfluence:
        """Influence of every category and cell."""
        return cell_influence(self.tables.paired, self.thresholds, self.correlations)

    def by_cell(self) -> Callable[[Index], Array]:
        """A function from rows of codes to their influence."""
        found = self.cells()

        def of_rows(codes: Index) -> Array:
            levels, pairs = found.of_rows(codes)
            return np.hstack([levels[:, self.item, self.step], pairs])

        return of_rows

    def influence(self) -> Array:
        """Influence of every row."""
        raise DataError("the influence of rows needs the rows; these are tables")


@dataclass(frozen=True, eq=False)
class CellSource(TableSource):
    """Tables with the rows behind them."""

    codes: Index

    def influence(self) -> Array:
        """Influence of every row."""
        return self.by_cell()(self.codes)


@dataclass(frozen=True, eq=False)
class StreamedSource(TableSource):
    """Tables alone, and Gamma where a second pass over the rows has made it."""

    streamed: Array | None

    @property
    def gamma(self) -> Array:
        """Asymptotic covariance matrix of the moments."""
        if self.streamed is None:
            raise DataError(
                "robust errors and tests need the sampling covariance of the tables: go over the rows a "
                "second time with tables.with_gamma(chunks), or ask for DWLS or ULS without them"
            )
        return self.streamed

    @property
    def gamma_diagonal(self) -> Array:
        """Its diagonal, which the tables give."""
        levels, pairs = variances(self.tables.paired, self.cells())
        return np.concatenate([levels[self.item, self.step], pairs])


@dataclass(frozen=True, eq=False)
class RowSource:
    """Continuous variables or covariates: every row has limits of its own."""

    margins: tuple[Margin, ...]
    correlations: Array

    def notes(self, kinds: Kinds) -> list[str]:
        """Tell of correlations at their bound."""
        first, second = pair_index(len(self.margins))
        return _at_bound(kinds, self.correlations[first, second], ROW_BOUND)

    def influence(self) -> Array:
        """Influence of every row; covariances move with the variances that they are made of."""
        own = [margin.influence for margin in self.margins]
        counts = [len(margin.levels) for margin in self.margins]
        levels = [z[:, :k] for z, k in zip(own, counts, strict=True)]
        covariates = self.margins[0].X.shape[1]
        slopes = [z[:, [k + x]] for x in range(covariates) for z, k in zip(own, counts, strict=True)]
        variances = {i: own[i][:, [-1]] for i, margin in enumerate(self.margins) if not margin.ordered}
        first, second = pair_index(len(own))
        pairs = [self._pair(i, j, variances) for i, j in zip(first.tolist(), second.tolist(), strict=True)]
        return np.hstack([*levels, *slopes, *variances.values(), *pairs])

    def _pair(self, i: int, j: int, variances: dict[int, Array]) -> Array:
        a, b, r = self.margins[i], self.margins[j], float(self.correlations[i, j])
        sa, sb = np.sqrt(a.variance), np.sqrt(b.variance)
        out: Array = sa * sb * pair_influence(a, b, r)[:, None]
        if i in variances:
            out = out + r * sb / (2 * sa) * variances[i]
        if j in variances:
            out = out + r * sa / (2 * sb) * variances[j]
        return out


def group_statistics(label: str, values: Array, X: Array, kinds: Kinds) -> GroupStatistics:
    """Take the moments of one group; ordered columns of values hold codes 0..K-1 (NaN: no answer)."""
    if not kinds.covariates and bool(kinds.ordered.all()):
        return _from_cells(label, np.where(np.isnan(values), -1, values).astype(np.intp), kinds)
    margins = tuple(
        ordered_margin(np.where(np.isnan(y), -1, y).astype(np.intp), k, X, name)
        if k
        else continuous_margin(y, X)
        for y, k, name in zip(values.T, kinds.categories, kinds.variables, strict=True)
    )
    R = np.eye(len(margins))
    for i, j in zip(*pair_index(len(margins)), strict=True):
        R[i, j] = R[j, i] = correlate(margins[i], margins[j])
    deviation = np.sqrt(as_float([margin.variance for margin in margins]))
    slopes = as_float([margin.slopes for margin in margins])
    x_covariance = np.cov(X.T).reshape(X.shape[1], X.shape[1]) if X.shape[1] else np.zeros((0, 0))
    return GroupStatistics(
        label, len(values), np.concatenate([margin.levels for margin in margins]), slopes,
        R * np.outer(deviation, deviation), X.mean(0), x_covariance, kinds, RowSource(margins, R),
    )  # fmt: skip


def _from_cells(label: str, codes: Index, kinds: Kinds) -> GroupStatistics:
    found = _solved(Tables.of(codes, kinds.categories))
    source = CellSource(*found, kinds.level_step, kinds.level_item, codes)
    return _of_source(label, source, kinds)


def statistics_of_tables(label: str, tables: Tables, kinds: Kinds, gamma: Array | None) -> GroupStatistics:
    """Take the moments of counted rows, with their sampling covariance where it is known."""
    found = _solved(tables)
    return _of_source(label, StreamedSource(*found, kinds.level_step, kinds.level_item, gamma), kinds)


def _solved(tables: Tables) -> tuple[Tables, Array, Array]:
    """Tables with their thresholds and polychoric correlations."""
    thresholds = thresholds_of(tables.margins)
    return tables, thresholds, polychorics(tables.paired, thresholds)


def _of_source(label: str, source: TableSource, kinds: Kinds) -> GroupStatistics:
    none: Sequence[float] = ()
    levels = source.thresholds[kinds.level_item, kinds.level_step]
    items = len(source.thresholds)
    return GroupStatistics(
        label, round(source.tables.rows), levels, np.zeros((items, 0)),
        symmetric_of(source.correlations, items), as_float(none), np.zeros((0, 0)), kinds, source,
    )  # fmt: skip


def _empty_cells(kinds: Kinds, empty: Array) -> list[str]:
    """Name the table with most empty cells; they are kept as zeros, except in 2 x 2 tables."""
    if not empty.any():
        return []
    first, second = pair_index(len(kinds.variables))
    worst = int(np.argmax(empty))
    return [
        f"{int((empty > 0).sum())} of {len(empty)} tables of two items have empty cells, most of all "
        f"'{kinds.variables[first[worst]]}' by '{kinds.variables[second[worst]]}' ({int(empty[worst])} cells)"
    ]


def _at_bound(kinds: Kinds, r: Array, bound: float) -> list[str]:
    first, second = pair_index(len(kinds.variables))
    return [
        f"the correlation of '{kinds.variables[first[at]]}' and '{kinds.variables[second[at]]}' is at its "
        f"bound ({bounded(r[at], 3)}): one of them repeats the other; drop it or join categories"
        for at in np.flatnonzero(np.abs(r) >= bound)
    ]


def symmetric_of(pairs: Array, size: int) -> Array:
    """Return the correlation matrix of its pairs."""
    first, second = pair_index(size)
    out = np.eye(size)
    out[first, second] = out[second, first] = pairs
    return out
