"""Ordinal data as tables: counted chunk by chunk, added; their sampling covariance in a second pass.

`ItemTables` is what `sem.fit` takes in place of rows when there are more of them than fit into memory. Tables
alone give thresholds, polychoric correlations, the weights of DWLS and estimates; robust errors and tests
need Gamma, the mean cross-product of the rows' influence, which is known only once all rows are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.ordinal.statistics import GroupStatistics, Kinds, TableSource, statistics_of_tables
from pipeline.sem.ordinal.tables import Tables, starts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class GroupTables:
    """One group's tables; `products` is the sum of z z' over its rows, None before the second pass."""

    label: str
    tables: Tables
    products: Array | None = None

    def statistics(self, kinds: Kinds) -> GroupStatistics:
        """Moments of the group."""
        gamma = None if self.products is None else self.products / self.tables.rows
        return statistics_of_tables(self.label, self.tables, kinds, gamma)


@dataclass(frozen=True, eq=False)
class ItemTables:
    """Tables of all pairs of some ordered items, group by group; add two to join their rows.

    `answers` holds each item's possible answers in their order. missing='pairwise' counts each pair by the
    rows that answered both, which assumes answers missing completely at random; 'listwise' counts complete
    rows.
    """

    variables: tuple[str, ...]
    answers: tuple[tuple[float, ...], ...]
    missing: str
    group: str | None
    groups: tuple[GroupTables, ...]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        answers: Mapping[str, Sequence[float]],
        group: str | None = None,
        missing: str = "pairwise",
    ) -> ItemTables:
        """Count the rows of a frame; `answers` names the items and what they can hold, in order."""
        if missing not in {"pairwise", "listwise"}:
            raise DataError(f"missing='{missing}' is not known; choose 'pairwise' or 'listwise'")
        possible = tuple(tuple(float(value) for value in own) for own in answers.values())
        empty = cls(tuple(answers), possible, missing, group, ())
        counted = [(label, Tables.of(own, empty.kinds.categories)) for label, own in empty._codes(frame)]
        return replace(empty, groups=tuple(GroupTables(label, tables) for label, tables in counted))

    def __add__(self, other: ItemTables) -> ItemTables:
        mine = (self.variables, self.answers, self.missing, self.group)
        if mine != (other.variables, other.answers, other.missing, other.group):
            raise DataError("tables of different items, answers or groups cannot be added")
        if any(own.products is not None for own in (*self.groups, *other.groups)):
            raise DataError("Gamma belongs to all rows: add the tables first, then call with_gamma")
        labels = dict.fromkeys(own.label for own in (*self.groups, *other.groups))
        parts = {k: [own.tables for own in (*self.groups, *other.groups) if own.label == k] for k in labels}
        joined = (GroupTables(k, reduce(Tables.__add__, own)) for k, own in parts.items())
        return replace(self, groups=tuple(joined))

    @cached_property
    def kinds(self) -> Kinds:
        """The items with their numbers of categories."""
        return Kinds(self.variables, tuple(map(len, self.answers)))

    def with_gamma(self, chunks: Iterable[pd.DataFrame]) -> ItemTables:
        """Pass over the same rows again, in any chunks, and sum the cross-products of their influence."""
        size = self.kinds.size
        cells = {own.label: _influence(own.statistics(self.kinds)) for own in self.groups}
        sums = {own.label: np.zeros((size, size)) for own in self.groups}
        seen = dict.fromkeys(sums, 0)
        for chunk in chunks:
            for label, codes in self._codes(chunk):
                if label not in sums:
                    raise DataError(f"the second pass meets group '{label}', which the first one did not")
                z = cells[label](codes)
                sums[label] += z.T @ z
                seen[label] += len(codes)
        for own in self.groups:
            if seen[own.label] != own.tables.rows:
                raise DataError(
                    f"the second pass saw {seen[own.label]} rows where {own.tables.rows:.0f} were counted: "
                    "go over the same chunks again"
                )
        return replace(self, groups=tuple(replace(own, products=sums[own.label]) for own in self.groups))

    def select(self, names: Sequence[str]) -> ItemTables:
        """Tables of some of the items, in the order asked for."""
        absent = [name for name in names if name not in self.variables]
        if absent:
            raise DataError(
                f"the tables hold no item '{absent[0]}'; covariates and continuous variables need the rows"
            )
        at = [self.variables.index(name) for name in names]
        begin = starts(self.kinds.categories)
        columns = [begin[i] + k for i in at for k in range(self.kinds.categories[i])]
        kept = replace(self, variables=tuple(names), answers=tuple(self.answers[i] for i in at))
        moments = _places(self.kinds, kept.kinds)
        groups = []
        for own in self.groups:
            burt = own.tables.burt[np.ix_(columns, columns)]
            tables = Tables(kept.kinds.categories, burt, own.tables.rows)
            products = None if own.products is None else own.products[np.ix_(moments, moments)]
            groups.append(GroupTables(own.label, tables, products))
        return replace(kept, groups=tuple(groups))

    def _codes(self, frame: pd.DataFrame) -> list[tuple[str, Index]]:
        """Usable rows of each group, as positions among the possible answers (-1: none)."""
        rows = Rows.of(frame, self.variables, group=self.group).usable(self.missing)
        return [(own.label, self._coded(own.values)) for own in rows.groups]

    def _coded(self, values: Array) -> Index:
        out = np.full(values.shape, -1, dtype=np.intp)
        for i, (name, possible) in enumerate(zip(self.variables, self.answers, strict=True)):
            own, known = values[:, i], ~np.isnan(values[:, i])
            strange = own[known & ~np.isin(own, possible)]
            if len(strange):
                raise DataError(f"'{name}' holds {strange[0]:g}, which is not among its possible answers")
            order = np.argsort(possible, kind="stable")
            place = np.searchsorted(np.array(possible)[order], own[known])
            out[known, i] = order[place]
        return out


def _influence(part: GroupStatistics) -> Callable[[Index], Array]:
    assert isinstance(part.source, TableSource)
    return part.source.by_cell()


def _places(wide: Kinds, narrow: Kinds) -> Index:
    """Where the moments of some items stand among those of more."""
    at = {name: k for k, name in enumerate(wide.names)}
    turned = {"~~".join(reversed(name.split("~~"))): k for name, k in at.items() if "~~" in name}
    return np.array([(turned | at)[name] for name in narrow.names], dtype=np.intp)
