"""From a parameter table to the matrices of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.structure.ram import Block
from pipeline.sem.table import ParameterTable, Row

OF_RESPONSES = ("t", "d")


@dataclass(frozen=True)
class Cells:
    """The matrices (B, S or m; t, d of ordered items) of some parameters and their cells (to, from)."""

    matrix: Array
    to: Index
    source: Index

    @classmethod
    def of(cls, rows: Sequence[Row], place: Mapping[str, int]) -> Cells:
        """Return the cells of some rows of a table."""
        own = [cell_of(row, place) for row in rows]
        at = np.array([cell[1:] for cell in own], dtype=np.intp).reshape(-1, 2)
        return cls(np.array([cell[0] for cell in own], dtype="U1"), at[:, 0], at[:, 1])

    @property
    def of_responses(self) -> Array:
        """Which are thresholds or scales of ordered items; `source` numbers a threshold."""
        threshold, scale = OF_RESPONSES
        out: Array = (self.matrix == threshold) | (self.matrix == scale)
        return out

    def some(self, at: Index) -> Cells:
        """Return some of the cells."""
        return Cells(self.matrix[at], self.to[at], self.source[at])

    def factors(self, scale: Array) -> Array:
        """Return what the parameters are multiplied with in the metric z / scale."""
        response = self.of_responses
        to, source = scale[self.to], scale[np.where(response, self.to, self.source)]
        out = np.where(
            self.matrix == "B", source / to, np.where(self.matrix == "S", 1 / (to * source), 1 / to)
        )
        return np.where(response, 1.0, out)


@dataclass(frozen=True)
class Layout:
    """Where every row of the table stands: variables, the group's block, positions of its free parameters."""

    table: ParameterTable
    cells: Cells
    blocks: tuple[Block, ...]
    parts: tuple[slice, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Observed variables, then factors: the order of the matrices."""
        return self.table.observed + self.table.latent

    @property
    def place(self) -> dict[str, int]:
        """Where each variable stands."""
        return self.table.place


def cell_of(row: Row, place: Mapping[str, int]) -> tuple[str, int, int]:
    """Return the matrix (B, S or m; t: thresholds, d: scales) and the cell (to, from) of a parameter."""
    left = place[row.lhs]
    if row.op == "|":
        return "t", left, int(row.rhs[1:]) - 1
    if row.op == "~1":
        return "m", left, left
    right = place[row.rhs]
    if row.op == "~*~":
        return "d", left, right
    if row.op == "=~":
        return "B", right, left
    return ("B" if row.op == "~" else "S"), left, right


def lay_out(
    table: ParameterTable, covariances: Sequence[Array], means: Sequence[Array], scale: Array
) -> Layout:
    """Return the blocks of a table in the scaled metric; exogenous rows take the sample's moments."""
    cells = Cells.of(table.rows, table.place)
    fixed = _fixed_values(table, cells, covariances, means) * cells.factors(scale)
    free = np.zeros(len(table.rows), dtype=bool)
    free[list(table.free)] = True
    group = np.array([row.group for row in table.rows])
    blocks, parts, start = [], [], 0
    for g in range(1, len(table.groups) + 1):
        own = np.flatnonzero(group == g)
        block = _block(table, cells.some(own), free[own], fixed[own])
        blocks.append(block)
        parts.append(slice(start, start + block.q))
        start += block.q
    return Layout(table, cells, tuple(blocks), tuple(parts))


def factors(rows: Sequence[Row], place: Mapping[str, int], scale: Array) -> Array:
    """Return what parameters are multiplied with in the metric z / scale."""
    return Cells.of(rows, place).factors(scale)


def _fixed_values(
    table: ParameterTable, cells: Cells, covariances: Sequence[Array], means: Sequence[Array]
) -> Array:
    """Return the values of the rows that are not free, in the user's units."""
    out = np.array([row.fixed or 0.0 for row in table.rows])
    for at, row in enumerate(table.rows):
        if row.exogenous:
            i, j = cells.to[at], cells.source[at]
            out[at] = means[row.group - 1][i] if row.op == "~1" else covariances[row.group - 1][i, j]
    return out


def _block(table: ParameterTable, cells: Cells, free: Array, fixed: Array) -> Block:
    n, count = len(table.place), np.cumsum(free) - 1
    B, S, m = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    i, j = cells.to, cells.source
    at = {name: np.flatnonzero((cells.matrix == name) & ~free) for name in "BSm"}
    B[i[at["B"]], j[at["B"]]] = fixed[at["B"]]
    S[i[at["S"]], j[at["S"]]] = S[j[at["S"]], i[at["S"]]] = fixed[at["S"]]
    m[i[at["m"]]] = fixed[at["m"]]
    where = np.array([i, j, count])
    directed, symmetric, mean = (where[:, (cells.matrix == name) & free] for name in "BSm")
    return Block(
        len(table.observed), int(free.sum()), B, S, m, directed, symmetric, mean, table.meanstructure
    )
