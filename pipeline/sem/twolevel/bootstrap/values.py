"""From draws of the free parameters to draws of anything, by the names of single-level bootstraps.

A path or variance of the between level carries `.l2` (`y ~ x.l2`), one of a later group `.g2` after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.values import Exogenous, Values, formula, split
from pipeline.sem.table import Row
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.views import block_solutions


@dataclass(frozen=True, eq=False)
class Values2:
    """Draws of the free parameters in the internal metric, and what follows from them."""

    solution: Solution2
    theta: Array

    @cached_property
    def failed(self) -> Array:
        """Draws without a solution."""
        return np.logical_not(np.isfinite(self.theta).all(axis=1))

    @property
    def inadmissible(self) -> Array:
        """Draws with a negative variance or indefinite covariances at one of the levels."""
        return np.asarray(np.column_stack([part.inadmissible for part in self.blocks]).any(axis=1))

    def of(self, name: str) -> Array:
        """Return the draws of a named quantity."""
        standard, plain = split(name)
        labels = _Labels(self, standard)
        text = plain.replace(" ", "")
        with np.errstate(all="ignore"):
            if text in labels:
                return labels[text]
            for at, row in enumerate(self.solution.table.whole.rows):
                if text in _names(row):
                    return self.row(at, standard)
            return np.asarray(np.broadcast_to(formula(plain).evaluate(labels), len(self.theta)))

    def row(self, at: int, standard: str) -> Array:
        """Return the draws of a row of the table: in the user's units, or standardized at its level."""
        b, own = self._place[at]
        return self.blocks[b].row(own, standard)

    @cached_property
    def blocks(self) -> tuple[Values, ...]:
        """The draws of every block as those of a single-level model."""
        views = block_solutions(self.solution)
        none = Exogenous(np.zeros((len(self.theta), 0)), np.zeros((len(self.theta), 0, 0)))
        parts = zip(views, self.solution.problem.parts, strict=True)
        return tuple(Values(view, self.theta[:, part], (none,)) for view, part in parts)

    @cached_property
    def _place(self) -> list[tuple[int, int]]:
        """Block of each row, and its number there."""
        rows = self.solution.table.whole.rows
        blocks = [2 * (row.group - 1) + row.level - 1 for row in rows]
        return [(b, blocks[:at].count(b)) for at, b in enumerate(blocks)]


@dataclass(frozen=True)
class _Labels(Mapping[str, Array]):
    """Draws of labels and defined parameters, computed when a formula asks for them."""

    draws: Values2
    standard: str

    def __getitem__(self, name: str) -> Array:
        table = self.draws.solution.table.whole
        for definition in table.definitions:
            if definition.name == name:
                return np.asarray(np.broadcast_to(definition.expression.evaluate(self), len(self)))
        for at, row in enumerate(table.rows):
            if row.label == name:
                return self.draws.row(at, self.standard)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        table = self.draws.solution.table.whole
        labels = [row.label for row in table.rows if row.label]
        yield from dict.fromkeys(labels + [d.name for d in table.definitions])

    def __contains__(self, name: object) -> bool:
        return any(name == known for known in self)

    def __len__(self) -> int:
        return len(self.draws.theta)


def _names(row: Row) -> set[str]:
    plain = {"".join(row.key)} | ({row.rhs + row.op + row.lhs} if row.op == "~~" else set())
    level = ".l2" if row.level == 2 else ""
    group = f".g{row.group}" if row.group > 1 else ""
    return {name + level + group for name in plain}
