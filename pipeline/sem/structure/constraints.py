"""Equality constraints as a smaller parameter: theta = K x + k.

Shared labels and linear `==` lines make one linear system R theta = r; K spans its null space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import Constraint
from pipeline.sem.syntax.expressions import Expression
from pipeline.sem.table import ParameterTable


@dataclass(frozen=True)
class Reduction:
    """theta = K x + k, with the rows R of the constraints as a researcher wrote them."""

    K: Array
    k: Array
    R: Array

    @cached_property
    def none(self) -> bool:
        """Whether the parameters are free of each other: K is the identity."""
        q, own = self.K.shape
        return q == own and not self.R.size and bool((np.eye(q) == self.K).all())

    def theta(self, x: Array) -> Array:
        """Return all free parameters."""
        out: Array = self.K @ x + self.k
        return out

    def reduced(self, matrix: Array) -> Array:
        """Return K' M K, second derivatives by x."""
        out: Array = matrix if self.none else self.K.T @ matrix @ self.K
        return out

    def reduce(self, theta: Array) -> Array:
        """Return the x nearest to a theta."""
        K, rest = self.K, theta - self.k
        if self.none:
            return rest
        plain = np.allclose(K.T @ K, np.eye(K.shape[1]), atol=1e-12)
        out: Array = K.T @ rest if plain else np.linalg.lstsq(K, rest, rcond=None)[0]
        return out


def reduction(table: ParameterTable) -> Reduction:
    """Return the constraints of a table in the user's metric."""
    position = {row: column for column, row in enumerate(table.free)}
    q = len(position)
    R, r = [np.zeros((0, q))], [np.zeros(0)]
    for first, second in table.equal:
        row = np.zeros(q)
        row[position[first]], row[position[second]] = 1.0, -1.0
        R.append(row[None])
        r.append(np.zeros(1))
    if table.constraints:
        slopes, targets = _linear_rows(table, position)
        R.append(slopes)
        r.append(targets)
    return _solve(np.vstack(R), np.concatenate(r))


def scaled(constraints: Reduction, factor: Array) -> Reduction:
    """Return the same constraints for theta * factor, with columns of unit length."""
    K = constraints.K * factor[:, None]
    K = K / np.linalg.norm(K, axis=0) if K.shape[1] else K
    return Reduction(K, constraints.k * factor, constraints.R / factor)


def _solve(R: Array, r: Array) -> Reduction:
    q = R.shape[1]
    if not len(R):
        return Reduction(np.eye(q), np.zeros(q), R)
    if _only_pairs(R, r):
        return Reduction(_merged(R), np.zeros(q), R)
    left, values, right = np.linalg.svd(R)
    rank = int((values > 1e-10 * values[0]).sum())
    k = right[:rank].T @ ((left.T @ r)[:rank] / values[:rank])
    if not np.allclose(R @ k, r, atol=1e-8):
        raise ModelError("the == constraints contradict each other: no parameter value satisfies them all")
    return Reduction(right[rank:].T, k, R)


def _only_pairs(R: Array, r: Array) -> bool:
    return not r.any() and bool(
        ((np.sort(R, axis=1)[:, [0, -1]] == [-1, 1]).all()) and (np.abs(R).sum(1) == 2).all()
    )


def _merged(R: Array) -> Array:
    """One column a set of equal parameters."""
    owner = np.arange(R.shape[1])
    for row in R:
        first, second = np.flatnonzero(row)
        owner[owner == owner[second]] = owner[first]
    out: Array = (owner[:, None] == np.unique(owner)[None, :]).astype(float)
    return out


def _linear_rows(table: ParameterTable, position: dict[int, int]) -> tuple[Array, Array]:
    """Return R and r of the linear `==` lines."""
    lines = [line for line in _Line.of(table, position) if line.linear]
    R = np.array([line.slopes(line.probe) for line in lines]).reshape(-1, len(position))
    return R, np.array([line.slopes(line.probe) @ line.probe - line.value(line.probe) for line in lines])


def in_order(table: ParameterTable) -> list[Constraint]:
    """Return the `==` lines as they stand in R: linear ones first."""
    position = {row: column for column, row in enumerate(table.free)}
    lines = zip(table.constraints, _Line.of(table, position), strict=True)
    return [constraint for constraint, _ in sorted(lines, key=lambda pair: not pair[1].linear)]


def nonlinear_constraints(table: ParameterTable, factor: Array) -> NonlinearConstraints | None:
    """Return the `==` lines that are not linear, for theta * factor, or None."""
    position = {row: column for column, row in enumerate(table.free)}
    lines = [line for line in _Line.of(table, position) if not line.linear]
    return NonlinearConstraints(tuple(lines), factor) if lines else None


@dataclass(frozen=True)
class NonlinearConstraints:
    """c(theta) = 0 in the internal metric, theta = user's theta * factor."""

    lines: tuple[_Line, ...]
    factor: Array

    def values(self, theta: Array) -> Array:
        """Return c."""
        return np.array([line.value(theta / self.factor) for line in self.lines])

    def jacobian(self, theta: Array) -> Array:
        """Return dc / dtheta."""
        return np.array([line.slopes(theta / self.factor) for line in self.lines]) / self.factor

    def curvature(self, theta: Array, multipliers: Array) -> Array:
        """Return the sum of multipliers times second derivatives, by differences of the exact first ones."""
        size = len(theta)
        out = np.zeros((size, size))
        for line, multiplier in zip(self.lines, multipliers, strict=True):
            for k in line.columns.values():
                step = np.zeros(size)
                step[k] = 1e-6 * max(1.0, abs(float(theta[k] / self.factor[k])))
                user = theta / self.factor
                slope = (line.slopes(user + step) - line.slopes(user - step)) / (2 * step[k])
                out[k] += multiplier * slope / self.factor / self.factor[k]
        return (out + out.T) / 2


@dataclass(frozen=True)
class _Line:
    """One `==` line as a function of the free parameters in the user's units."""

    expression: Expression
    columns: dict[str, int]
    constants: dict[str, float]
    size: int

    @classmethod
    def of(cls, table: ParameterTable, position: dict[int, int]) -> list[_Line]:
        """Return all lines of a table."""
        defined = {d.name: d.expression for d in table.definitions}
        columns, constants = _labels(table, position)
        expressions = [_inline(_difference(c), defined) for c in table.constraints]
        size = len(position)
        return [
            cls(e, {n: columns[n] for n in e.names() if n in columns}, constants, size) for e in expressions
        ]

    @property
    def probe(self) -> Array:
        """A random point that tells linear lines from others."""
        return np.random.default_rng(1).uniform(0.5, 1.5, self.size)

    @property
    def linear(self) -> bool:
        """Whether the derivatives are the same everywhere."""
        return np.allclose(
            self.slopes(self.probe), self.slopes(1.37 * self.probe + 0.11), rtol=1e-9, atol=1e-12
        )

    def _at(self, theta: Array) -> dict[str, float]:
        return self.constants | {name: float(theta[k]) for name, k in self.columns.items()}

    def value(self, theta: Array) -> float:
        """Return left less right."""
        return float(self.expression.evaluate(self._at(theta)))

    def slopes(self, theta: Array) -> Array:
        """Return the derivatives by all free parameters."""
        out = np.zeros(self.size)
        for name, slope in self.expression.gradient(self._at(theta)).items():
            if name in self.columns:
                out[self.columns[name]] += slope
        return out


def _difference(constraint: Constraint) -> Expression:
    return Expression("operator", "-", (constraint.left, constraint.right))


def _inline(expression: Expression, defined: dict[str, Expression]) -> Expression:
    """Put the formula of a defined parameter in the place of its name."""
    if expression.kind == "name" and expression.value in defined:
        return _inline(defined[expression.value], defined)
    arguments = tuple(_inline(argument, defined) for argument in expression.arguments)
    return Expression(expression.kind, expression.value, arguments)


def _labels(table: ParameterTable, position: dict[int, int]) -> tuple[dict[str, int], dict[str, float]]:
    """Return the column of each free label, and the values of the fixed ones."""
    columns: dict[str, int] = {}
    constants: dict[str, float] = {}
    for at, row in enumerate(table.rows):
        if row.label and row.free:
            columns.setdefault(row.label, position[at])
        elif row.label and row.fixed is not None:
            constants.setdefault(row.label, row.fixed)
    return columns, constants
