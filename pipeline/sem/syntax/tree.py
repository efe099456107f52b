"""The statements that a model consists of."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.sem.syntax.expressions import Expression


@dataclass(frozen=True)
class Modifier:
    """What stands before a `*`: a 'value' (NaN for NA), 'start' or 'label'; one entry a group."""

    kind: str
    values: tuple[float | str, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Term:
    """One right-hand side: a variable, or '1' for an intercept."""

    name: str
    modifiers: tuple[Modifier, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Formula:
    """`left op terms`, as `f1 + f2 ~ a*x`; block is its position in Model.blocks, or None."""

    left: tuple[str, ...]
    operator: str
    terms: tuple[Term, ...]
    block: int | None
    line: int


@dataclass(frozen=True)
class Definition:
    """`name := expression`."""

    name: str
    expression: Expression
    text: str
    line: int


@dataclass(frozen=True)
class Constraint:
    """`left == right`."""

    left: Expression
    operator: str
    right: Expression
    text: tuple[str, str]
    line: int


@dataclass(frozen=True)
class Block:
    """`level: within` or `group: Pasteur`."""

    kind: str
    value: str
    line: int


@dataclass(frozen=True)
class Model:
    """A parsed model."""

    formulas: tuple[Formula, ...]
    definitions: tuple[Definition, ...]
    constraints: tuple[Constraint, ...]
    blocks: tuple[Block, ...]

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the `level:` blocks."""
        return tuple(dict.fromkeys(block.value for block in self.blocks if block.kind == "level"))
