"""Equality constraints as a smaller parameter: theta = K x + k.

Shared labels and linear `==` lines make one linear system R theta = r; K spans its null space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import Constraint
from pipeline.sem.syntax.expressions import Expression, jacobian
from pipeline.sem.table import ParameterTable


@dataclass(frozen=True)
class Reduction:
    """theta = K x + k, with the rows R of the constraints as a researcher wrote them."""

    K: Array
    k: Array
    R: Array

    def theta(self, x: Array) -> Array:
        """Return all free parameters."""
        out: Array = self.K @ x + self.k
        return out

    def reduce(self, theta: Array) -> Array:
        """Return the x nearest to a theta."""
        out: Array = np.linalg.lstsq(self.K, theta - self.k, rcond=None)[0]
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
    differences = [_difference(constraint) for constraint in table.constraints]
    defined = {d.name: d.expression for d in table.definitions}
    differences = [_inline(expression, defined) for expression in differences]
    names, columns, constants = _labels(table, position)
    probe = np.random.default_rng(1).uniform(0.5, 1.5, len(names))
    for at, name in enumerate(names):
        probe[at] = constants.get(name, probe[at])
    slopes, again = (
        jacobian(differences, names, probe),
        jacobian(differences, names, _moved(probe, names, constants)),
    )
    if not np.allclose(slopes, again, rtol=1e-9, atol=1e-12):
        bad = table.constraints[int(np.argmax(np.abs(slopes - again).max(axis=1)))]
        raise ModelError(
            f"line {bad.line}: '{bad.text[0]} == {bad.text[1]}' is not linear in the parameters; only "
            "linear equality "
            "constraints can be estimated. Write it with sums and fixed multiples, or fix one of the "
            "parameters"
        )
    values = np.array(
        [e.evaluate(dict(zip(names, probe.tolist(), strict=True))) for e in differences], dtype=float
    )
    free = [at for at, name in enumerate(names) if name not in constants]
    R = np.zeros((len(differences), len(position)))
    np.add.at(R.T, [columns[names[at]] for at in free], slopes[:, free].T)
    return R, slopes[:, free] @ probe[free] - values


def _difference(constraint: Constraint) -> Expression:
    return Expression("operator", "-", (constraint.left, constraint.right))


def _inline(expression: Expression, defined: dict[str, Expression]) -> Expression:
    """Put the formula of a defined parameter in the place of its name."""
    if expression.kind == "name" and expression.value in defined:
        return _inline(defined[expression.value], defined)
    arguments = tuple(_inline(argument, defined) for argument in expression.arguments)
    return Expression(expression.kind, expression.value, arguments)


def _labels(
    table: ParameterTable, position: dict[int, int]
) -> tuple[list[str], dict[str, int], dict[str, float]]:
    columns: dict[str, int] = {}
    constants: dict[str, float] = {}
    for at, row in enumerate(table.rows):
        if row.label and row.free:
            columns.setdefault(row.label, position[at])
        elif row.label and row.fixed is not None:
            constants.setdefault(row.label, row.fixed)
    return [*columns, *constants], columns, constants


def _moved(probe: Array, names: list[str], constants: dict[str, float]) -> Array:
    fixed = np.array([name in constants for name in names])
    return np.where(fixed, probe, probe * 1.37 + 0.11)
