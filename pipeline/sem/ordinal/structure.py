"""Implied thresholds, slopes and correlations of a model with ordered items, and their derivatives.

An ordered item is its response variate y* cut at thresholds tau; only (tau - mean) / sd and correlations of
y* show in data. Fixed covariates x are conditioned on: with them held, cov(y*) = A S A' without cov(x), and
the slopes are A[y, x] (Muthen, 1984; McArdle & McDonald, 1984, for A and S).
Under the delta parametrisation the scales 1 / sd are parameters, and the residual variances s of ordered
items solve (A * A) s = 1 / scale^2 - the rest, elementwise squares; under theta it is the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.ordinal.statistics import Kinds
from pipeline.sem.ordinal.tables import pair_index
from pipeline.sem.structure.blocks import cell_of
from pipeline.sem.structure.derivatives import Slopes
from pipeline.sem.structure.ram import Block, Implied, matrices
from pipeline.sem.table import ParameterTable, Row


@dataclass(frozen=True)
class Shape:
    """Where the thresholds, scales and moments of one group stand.

    `y` and `x` are positions of explained variables and fixed covariates, `items` those of ordered ones;
    `tau` and `delta` hold fixed values, `free_tau` and `free_delta` pairs (position, parameter).
    """

    block: Block
    kinds: Kinds
    y: Index
    x: Index
    items: Index
    item_y: Index
    tau: Array
    delta: Array
    free_tau: Index
    free_delta: Index
    by_scale: bool
    simple: bool


def shape_of(table: ParameterTable, block: Block, kinds: Kinds, group: int) -> Shape:
    """Find the thresholds and scales of a group's rows."""
    place = table.place
    y = np.array([place[name] for name in kinds.variables], dtype=np.intp)
    x = np.array([place[name] for name in kinds.covariates], dtype=np.intp)
    item_y = np.flatnonzero(kinds.ordered)
    first = {name: int(np.argmax(kinds.level_item == i)) for i, name in enumerate(kinds.variables)}
    at = {name: position for position, name in enumerate(kinds.variables[i] for i in item_y)}
    tau, delta = np.zeros(len(kinds.level_item)), np.ones(len(item_y))
    free_tau: list[tuple[int, int]] = []
    free_delta: list[tuple[int, int]] = []
    count = 0
    for row in (row for row in table.rows if row.group == group):
        if row.op == "|":
            position = first[row.lhs] + cell_of(row, place)[2]
            _put(row, position, count, tau, free_tau)
        elif row.op == "~*~" and not row.derived:
            _put(row, at[row.lhs], count, delta, free_delta)
        count += row.free
    items = y[item_y]
    return Shape(
        block, kinds, y, x, items, item_y, tau, delta, _two(free_tau), _two(free_delta),
        table.parameterization == "delta", _causes_nothing(block, items),
    )  # fmt: skip


def _causes_nothing(block: Block, items: Index) -> bool:
    return not np.isin(block.directed[1], items).any() and not block.B[:, items].any()


def _put(row: Row, position: int, count: int, fixed: Array, free: list[tuple[int, int]]) -> None:
    if row.free:
        free.append((position, count))
    else:
        fixed[position] = float(row.fixed or 0.0)


def _two(cells: list[tuple[int, int]]) -> Index:
    return np.array(cells, dtype=np.intp).reshape(-1, 2).T


@dataclass(frozen=True, eq=False)
class Responses:
    """One group at one parameter value: matrices, conditional moments, and what is seen of them."""

    shape: Shape
    B: Array
    S: Array
    m: Array
    A: Array
    E: Array
    t: Array
    tau: Array
    delta: Array

    @property
    def spread(self) -> Array:
        """Standard deviations of y given x: 1 for continuous variables, whose units are seen."""
        shape = self.shape
        out = np.ones(len(shape.y))
        out[shape.item_y] = np.sqrt(np.diag(self.E)[shape.items])
        return out

    def stacked(self) -> Array:
        """Return the moments in the order of `statistics`."""
        shape, spread = self.shape, self.spread
        kinds, V = shape.kinds, self.E[np.ix_(shape.y, shape.y)]
        first, second = pair_index(len(shape.y))
        slopes = self.A[np.ix_(shape.y, shape.x)] / spread[:, None]
        variances = np.diag(V)[~kinds.ordered]
        pairs = V[first, second] / (spread[first] * spread[second])
        return np.concatenate([self._levels(spread), slopes.ravel(order="F"), variances, pairs])

    def _levels(self, spread: Array) -> Array:
        item, cut = self.shape.kinds.level_item, self.shape.kinds.level_step >= 0
        mean = self.t[self.shape.y][item]
        return np.where(cut, (self.tau - mean) / spread[item], mean)

    def implied(self, full: Array) -> Implied:
        """Return the moments with the covariates' own (cov(x) in S), for standardizing and scoring."""
        E = self.A @ full @ self.A.T
        return Implied(self.A, (E + E.T) / 2, self.A @ self.m, self.shape.block.p)


def respond(shape: Shape, theta: Array) -> Responses:
    """Evaluate a group; raises LinAlgError where a response variate has no positive variance."""
    B, S, m = matrices(shape.block, theta)
    S[np.ix_(shape.x, shape.x)] = 0.0
    conditional = m.copy()
    conditional[shape.x] = 0.0
    tau, delta = shape.tau.copy(), shape.delta.copy()
    tau[shape.free_tau[0]] = theta[shape.free_tau[1]]
    delta[shape.free_delta[0]] = theta[shape.free_delta[1]]
    A = np.linalg.inv(np.eye(len(B)) - B)
    if shape.by_scale:
        own = 1 / delta**2 - np.einsum("ij,jk,ik->i", A[shape.items], S, A[shape.items])
        if not shape.simple:
            own = np.linalg.solve(A[np.ix_(shape.items, shape.items)] ** 2, own)
        S[shape.items, shape.items] = own
    E = A @ S @ A.T
    if (np.diag(E)[shape.items] <= 0).any() or (delta <= 0).any():
        raise np.linalg.LinAlgError("a response variate has no positive variance")
    return Responses(shape, B, S, m, A, (E + E.T) / 2, A @ conditional, tau, delta)


@dataclass(frozen=True)
class Lines:
    """Derivatives of residual variances of items, of variances of y and of all moments by the parameters."""

    residual: Array
    moments: Array


def response_lines(state: Responses) -> Lines:
    """Return the derivatives at a parameter value."""
    shape, spread = state.shape, state.spread
    first, second = pair_index(len(shape.y))
    wide = _slopes(state)
    U, V = wide.U[shape.y], wide.V[shape.y]
    variance: Array = 2 * U * V
    residual = np.zeros((len(shape.items), shape.block.q))
    pairs: Array = U[first] * V[second]
    pairs += U[second] * V[first]
    if shape.by_scale:
        residual, variance, pairs = _by_scales(state, variance, pairs)
    half = variance / (2 * spread**2)[:, None]
    half[~shape.kinds.ordered] = 0.0
    seen = state.stacked()
    count = len(shape.kinds.level_item)
    values = seen[len(seen) - len(first) :, None]
    pairs /= (spread[first] * spread[second])[:, None]
    if shape.free_delta.size or not shape.by_scale:
        pairs -= values * (half[first] + half[second])
    parts = [_level_lines(state, wide.D[shape.y], half, seen[:count]), _slope_lines(state, half)]
    return Lines(residual, np.vstack([*parts, variance[~shape.kinds.ordered], pairs]))


def _slopes(state: Responses) -> Slopes:
    """Factors of the derivatives by the matrices' parameters, then by the items' residual variances."""
    shape = state.shape
    block, n, q = shape.block, shape.block.n, shape.block.q
    extra = len(shape.items) if shape.by_scale else 0
    u, v = np.zeros(q + extra, dtype=np.intp), np.zeros(q + extra, dtype=np.intp)
    half, D = np.zeros(q + extra), np.zeros((block.p, q))
    i, j, k = block.directed
    u[k], v[k], half[k] = i, j + n, 1.0
    D[:, k] = state.A[: block.p, i] * state.t[j]
    i, j, k = block.symmetric
    u[k], v[k], half[k] = i, j, np.where(i == j, 0.5, 1.0)
    u[q:], v[q:], half[q:] = shape.items[:extra], shape.items[:extra], 0.5
    i, _, k = block.mean
    D[:, k] = state.A[: block.p, i]
    return Slopes(np.hstack([state.A[: block.p], state.E[: block.p]]), u, v, half, D)


def _by_scales(state: Responses, variance: Array, pairs: Array) -> tuple[Array, Array, Array]:
    """Chain through the residual variances: variances of items move with their scales only."""
    shape, q = state.shape, state.shape.block.q
    target = np.zeros((len(shape.items), q))
    at, k = shape.free_delta
    target[at, k] = -2 * state.delta[at] ** -3
    own = variance[shape.item_y]
    residual: Array = target - own[:, :q]
    if not shape.simple:
        residual = np.linalg.solve(own[:, q:], residual)
        pairs = pairs[:, :q] + pairs[:, q:] @ residual
        variance = variance[:, :q] + variance[:, q:] @ residual
    moved: Array = variance[:, :q].copy()
    moved[shape.item_y] = target
    return residual, moved, pairs[:, :q]


def _level_lines(state: Responses, D: Array, half: Array, seen: Array) -> Array:
    shape, spread = state.shape, state.spread
    item, cut = shape.kinds.level_item, shape.kinds.level_step >= 0
    out = np.where(cut[:, None], -D[item] / spread[item, None] - seen[:, None] * half[item], D[item])
    at, k = shape.free_tau
    out[at, k] += 1 / spread[item[at]]
    return out


def _slope_lines(state: Responses, half: Array) -> Array:
    """dA[y, x] = A[y, i] A[j, x] for B[i, j]."""
    shape, spread = state.shape, state.spread
    i, j, k = shape.block.directed
    out = []
    for x in shape.x:
        lines = np.zeros((len(shape.y), shape.block.q))
        lines[:, k] = state.A[np.ix_(shape.y, i)] * state.A[j, x]
        seen = state.A[shape.y, x] / spread
        out.append(lines / spread[:, None] - seen[:, None] * half)
    return np.vstack(out) if out else np.zeros((0, shape.block.q))
