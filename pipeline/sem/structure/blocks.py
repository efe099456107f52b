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
class Layout:
    """Where every row of the table stands: variables, the group's block, positions of its free parameters."""

    table: ParameterTable
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
    blocks, parts, start = [], [], 0
    for group in range(1, len(table.groups) + 1):
        rows = [row for row in table.rows if row.group == group]
        block = _block(rows, table, covariances[group - 1], means[group - 1], scale)
        blocks.append(block)
        parts.append(slice(start, start + block.q))
        start += block.q
    return Layout(table, tuple(blocks), tuple(parts))


def factors(rows: Sequence[Row], place: Mapping[str, int], scale: Array) -> Array:
    """Return what a parameter is multiplied with in the metric z / scale."""
    out = np.empty(len(rows))
    for position, row in enumerate(rows):
        matrix, i, j = cell_of(row, place)
        if matrix == "B":
            out[position] = scale[j] / scale[i]
        elif matrix in OF_RESPONSES:
            out[position] = 1.0
        else:
            out[position] = 1 / (scale[i] * scale[j]) if matrix == "S" else 1 / scale[i]
    return out


def _block(rows: list[Row], table: ParameterTable, S: Array, mean: Array, scale: Array) -> Block:
    place, p = table.place, len(table.observed)
    n = len(place)
    fixed = {"B": np.zeros((n, n)), "S": np.zeros((n, n)), "m": np.zeros((n, 1))}
    free: dict[str, list[tuple[int, int, int]]] = {"B": [], "S": [], "m": []}
    count = 0
    for row, factor in zip(rows, factors(rows, place, scale), strict=True):
        matrix, i, j = cell_of(row, place)
        if matrix in OF_RESPONSES or row.derived:
            count += row.free
            continue
        if row.free:
            free[matrix].append((i, j, count))
            count += 1
            continue
        if row.exogenous:
            value = mean[i] / scale[i] if matrix == "m" else S[i, j] / (scale[i] * scale[j])
        else:
            value = float(row.fixed or 0.0) * factor
        fixed[matrix][i, 0 if matrix == "m" else j] = value
        if matrix == "S":
            fixed["S"][j, i] = value
    return Block(
        p, count, fixed["B"], fixed["S"], fixed["m"][:, 0], _cells(free["B"]), _cells(free["S"]),
        _cells(free["m"]), table.meanstructure,
    )  # fmt: skip


def _cells(cells: list[tuple[int, int, int]]) -> Index:
    return np.array(cells, dtype=np.intp).reshape(-1, 3).T
