"""Rows of the parameter table and the roles of the variables in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pipeline.sem.syntax import Constraint, Definition

MOMENT_OPERATORS = ("=~", "~", "~~", "~1", "|", "~*~")


class Row(NamedTuple):
    """One parameter of one group and level: free with fixed=None, unless exogenous (fixed at the sample).

    A derived one follows from the others: the residual variance of an ordered item under the delta
    parametrisation, its scale under theta.
    """

    lhs: str
    op: str
    rhs: str
    group: int
    label: str = ""
    fixed: float | None = None
    start: float | None = None
    exogenous: bool = False
    user: bool = False
    level: int = 1
    derived: bool = False

    @property
    def free(self) -> bool:
        """Whether the parameter is estimated."""
        return self.fixed is None and not self.exogenous and not self.derived

    @property
    def key(self) -> tuple[str, str, str]:
        """What the parameter is, whatever its group."""
        return (self.lhs, self.op, self.rhs)

    @property
    def text(self) -> str:
        """The parameter as a researcher writes it."""
        return f"{self.lhs} {self.op} {self.rhs}".strip()


@dataclass(frozen=True)
class ParameterTable:
    """All rows, group by group, with what ties them together.

    `covariates` are the exogenous observed variables; those that are fixed at the sample are `exogenous` too.
    """

    rows: tuple[Row, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]
    groups: tuple[str, ...]
    meanstructure: bool
    definitions: tuple[Definition, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    equal: tuple[tuple[int, int], ...] = ()
    covariates: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int], ...] = ()
    parameterization: str = "delta"

    @cached_property
    def free(self) -> tuple[int, ...]:
        """Positions of the free rows."""
        return tuple(position for position, row in enumerate(self.rows) if row.free)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each variable stands in the matrices: observed ones first."""
        return {name: at for at, name in enumerate(self.observed + self.latent)}

    @property
    def free_rows(self) -> tuple[Row, ...]:
        """The free rows."""
        return tuple(self.rows[position] for position in self.free)

    @property
    def number_of_moments(self) -> int:
        """Sample moments to be explained: all, less those of fixed exogenous variables."""
        p, x = len(self.observed), len(self.exogenous)
        if self.thresholds:
            return self._ordinal_moments(p - x, x) * len(self.groups)
        one = p * (p + 1) // 2 - x * (x + 1) // 2 + (p - x if self.meanstructure else 0)
        return one * len(self.groups)

    @property
    def ordered(self) -> tuple[str, ...]:
        """The ordered items: those with thresholds."""
        return tuple(name for name, _ in self.thresholds)

    def _ordinal_moments(self, p: int, x: int) -> int:
        """Thresholds, means and variances of continuous variables, slopes on covariates, correlations."""
        continuous = p - len(self.thresholds)
        return sum(count for _, count in self.thresholds) + 2 * continuous + p * x + p * (p - 1) // 2

    def find(self, lhs: str, op: str, rhs: str, group: int = 1) -> int | None:
        """Return the position of a parameter; covariances are found either way round."""
        wanted = {(lhs, op, rhs), (rhs, op, lhs)} if op == "~~" else {(lhs, op, rhs)}
        for position, row in enumerate(self.rows):
            if row.group == group and row.key in wanted:
                return position
        return None


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Drop repeated names, keeping the order."""
    return tuple(dict.fromkeys(names))
