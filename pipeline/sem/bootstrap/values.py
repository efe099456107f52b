"""From draws of the free parameters to draws of anything: labels, paths, defined and standardized values.

A quantity is named by a label (`a`), by its formula (`y ~ x`, `f =~ x1`; `.g2` for the second group), by a
defined parameter (`ab`), by arithmetic on labels (`a*b - c`), or by any of these after `std_all:` or
`std_lv:`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.admissible import of_draws, of_filled
from pipeline.sem.bootstrap.dense import Dense, Filled
from pipeline.sem.bootstrap.moments import GroupBatch
from pipeline.sem.bootstrap.responses import respond_with_covariates
from pipeline.sem.errors import ModelError, SyntaxProblem
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.ordinal.problem import OrdinalProblem
from pipeline.sem.structure.blocks import OF_RESPONSES, cell_of
from pipeline.sem.syntax import parse
from pipeline.sem.syntax.expressions import Expression
from pipeline.sem.table import ParameterTable, Row

STANDARDS = ("std_all", "std_lv")
_PORTION = 500


@dataclass(frozen=True)
class Exogenous:
    """Means and covariances of the fixed exogenous variables of one group, a draw each (internal metric)."""

    mean: Array
    covariance: Array


@dataclass(frozen=True)
class Spread:
    """Total and residual variances of all variables of a group."""

    total: Array
    residual: Array


@dataclass(frozen=True, eq=False)
class Values:
    """Draws of the free parameters in the internal metric, and what follows from them."""

    solution: Solution
    theta: Array
    exogenous: tuple[Exogenous, ...]

    @classmethod
    def of_sample(cls, solution: Solution, theta: Array | None = None) -> Values:
        """Take the estimates themselves, or draws of them, with the sample's exogenous moments."""
        draws = solution.state.theta[None] if theta is None else theta
        at, R = solution.exogenous, len(draws)
        scale = solution.observed_scale[at]
        parts = [
            Exogenous(
                np.broadcast_to(mean[at] / scale, (R, len(at))),
                np.broadcast_to(S[np.ix_(at, at)] / np.outer(scale, scale), (R, len(at), len(at))),
            )
            for mean, S in zip(solution.sample.means, solution.sample.covariances, strict=True)
        ]
        return cls(solution, draws, tuple(parts))

    def of(self, name: str) -> Array:
        """Return the draws of a named quantity."""
        standard, plain = split(name)
        labels = _Labels(self, standard)
        text = plain.replace(" ", "")
        with np.errstate(all="ignore"):
            if text in labels:
                return labels[text]
            row = _find(self.table, text)
            if row is not None:
                return self.row(row, standard)
            return np.asarray(np.broadcast_to(formula(plain).evaluate(labels), len(self.theta)))

    def row(self, at: int, standard: str) -> Array:
        """Return the draws of a row of the table: in the user's units, or standardized."""
        row = self.table.rows[at]
        matrix, i, j = cell_of(row, self.table.place)
        value = self._internal(at, matrix, i, j)
        return value * (self._standard(standard, row, matrix, i, j) if standard else self._unit(matrix, i, j))

    @property
    def table(self) -> ParameterTable:
        """The parameter table."""
        return self.solution.table

    @cached_property
    def failed(self) -> Array:
        """Draws without a solution."""
        return np.logical_not(np.isfinite(self.theta).all(axis=1))

    @property
    def inadmissible(self) -> Array:
        """Draws with a negative variance, or with indefinite covariances of factors or residuals."""
        return np.where(self.failed, False, np.any(list(self._improper()), axis=0))

    def _improper(self) -> Iterator[Array]:
        """Return which draws of each group are improper; failed ones are anything."""
        if isinstance(self.solution.problem, OrdinalProblem):
            observed = len(self.table.observed)
            yield from (of_filled(own[0], observed) for own in self._responses)
            return
        for dense, theta, own in self._structures():
            yield of_draws(dense, theta, own.covariance)

    def _internal(self, at: int, matrix: str, i: int, j: int) -> Array:
        row, layout = self.table.rows[at], self.solution.problem.layout
        if row.free:
            return np.asarray(self.theta[:, self._columns[at]])
        if matrix in OF_RESPONSES or row.derived:
            return np.where(self.failed, np.nan, self._response(row, matrix, i, j))
        if row.exogenous:
            place, own = self.solution.exogenous, self.exogenous[row.group - 1]
            value = own.mean[:, place.index(i)]
            if matrix == "S":
                value = own.covariance[:, place.index(i), place.index(j)]
        else:
            block = layout.blocks[row.group - 1]
            fixed = block.m[i] if matrix == "m" else getattr(block, matrix)[i, j]
            value = np.full(len(self.theta), fixed)
        return np.where(self.failed, np.nan, value)

    def _response(self, row: Row, matrix: str, i: int, j: int) -> Array:
        """Return a fixed threshold or scale of an ordered item, or what follows from the other parameters."""
        g, shape = row.group - 1, self._problem.shapes[row.group - 1]
        if matrix == "S":
            return self._spreads[g].residual[:, i]
        if matrix == "d":
            return self._responses[g][2][:, int(np.flatnonzero(shape.items == i)[0])]
        item = int(np.flatnonzero(shape.y == i)[0])
        first = int(np.flatnonzero(shape.kinds.level_item == item)[0])
        return self._responses[g][1][:, first + j]

    @cached_property
    def _responses(self) -> list[tuple[Filled, Array, Array]]:
        problem, theta = self._problem, np.nan_to_num(self.theta)
        return [
            respond_with_covariates(shape, theta[:, part], own.covariance)
            for shape, part, own in zip(problem.shapes, problem.layout.parts, self.exogenous, strict=True)
        ]

    @property
    def _problem(self) -> OrdinalProblem:
        assert isinstance(self.solution.problem, OrdinalProblem)
        return self.solution.problem

    @cached_property
    def _columns(self) -> dict[int, int]:
        return {at: column for column, at in enumerate(self.table.free)}

    def _unit(self, matrix: str, i: int, j: int) -> float:
        s = self.solution.scale
        if matrix in OF_RESPONSES:
            return 1.0
        return float({"B": s[i] / s[j], "S": s[i] * s[j], "m": s[i]}[matrix])

    def _standard(self, kind: str, row: Row, matrix: str, i: int, j: int) -> Array:
        """Return what a parameter is multiplied with (inference.standardize)."""
        spread, observed = self._spreads[row.group - 1], len(self.table.observed)

        def deviation(variances: Array, at: int) -> Array:
            if kind == "std_lv" and at < observed:
                return np.asarray(1 / self.solution.scale[at])
            return np.sqrt(variances[:, at])

        if matrix == "B":
            return deviation(spread.total, j) / deviation(spread.total, i)
        if matrix == "d":
            return np.asarray(1.0 if kind == "std_lv" else 1 / self._response(row, matrix, i, j))
        if matrix in {"m", "t"}:
            return 1 / deviation(spread.total, i)
        of = spread.total if i == j else spread.residual
        return 1 / (deviation(of, i) * deviation(of, j))

    @cached_property
    def _spreads(self) -> list[Spread]:
        if isinstance(self.solution.problem, OrdinalProblem):
            return [Spread(*_variances(own[0])) for own in self._responses]
        return [_spread(dense, theta, own) for dense, theta, own in self._structures()]

    def _structures(self) -> Iterator[tuple[Dense, Array, Exogenous]]:
        """Return each group's structure with the draws of its parameters and exogenous moments."""
        layout, exogenous = self.solution.problem.layout, np.array(self.solution.exogenous, dtype=np.intp)
        for block, part, own in zip(layout.blocks, layout.parts, self.exogenous, strict=True):
            yield Dense(block, exogenous), np.nan_to_num(self.theta[:, part]), own


@dataclass(frozen=True)
class _Labels(Mapping[str, Array]):
    """Draws of labels and defined parameters, computed when a formula asks for them."""

    draws: Values
    standard: str

    def __getitem__(self, name: str) -> Array:
        for definition in self.draws.table.definitions:
            if definition.name == name:
                return np.asarray(np.broadcast_to(definition.expression.evaluate(self), len(self)))
        for at, row in enumerate(self.draws.table.rows):
            if row.label == name:
                return self.draws.row(at, self.standard)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        labels = [row.label for row in self.draws.table.rows if row.label]
        yield from dict.fromkeys(labels + [d.name for d in self.draws.table.definitions])

    def __contains__(self, name: object) -> bool:
        return any(name == known for known in self)

    def __len__(self) -> int:
        return len(self.draws.theta)


def split(name: str) -> tuple[str, str]:
    """Return the standardization before the colon, if any, and the rest of a name."""
    standard, colon, rest = name.strip().partition(":")
    if not (colon and standard.startswith("std_")):
        return "", name.strip()
    if standard not in STANDARDS:
        raise ModelError(f"'{name}': the standardizations are {', '.join(STANDARDS)}")
    return standard, rest.strip()


def _find(table: ParameterTable, text: str) -> int | None:
    for at, row in enumerate(table.rows):
        own = {"".join(row.key)} | ({row.rhs + row.op + row.lhs} if row.op == "~~" else set())
        if text in {name + f".g{row.group}" for name in own} or (row.group == 1 and text in own):
            return at
    return None


def formula(text: str) -> Expression:
    """Parse arithmetic on labels; say what a name may be where it is not."""
    try:
        return parse(f"y ~ x\nquantity := {text}").definitions[0].expression
    except SyntaxProblem as problem:
        raise ModelError(
            f"'{text}' is not a parameter of this model: give a label, 'lhs op rhs', a defined parameter, "
            "arithmetic on labels, or one of these after 'std_all:'"
        ) from problem


def _spread(dense: Dense, theta: Array, exogenous: Exogenous) -> Spread:
    """Evaluate the moments of all draws in portions, keeping what standardization needs."""
    parts = []
    for start in range(0, len(theta), _PORTION):
        some = slice(start, start + _PORTION)
        group = GroupBatch((), np.zeros(0), exogenous.mean[some], exogenous.covariance[some])
        parts.append(_variances(dense.fill(theta[some], group)))
    total, residual = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Spread(total, residual)


def _variances(filled: Filled) -> tuple[Array, Array]:
    total, residual = (np.diagonal(stack, axis1=1, axis2=2) for stack in (filled.E, filled.S))
    return total.copy(), residual.copy()
