"""The two-level model of a path in the syntax of the estimation core.

`latent_means` calls it. Names of variables are replaced by tokens: a scale's name may hold dots or be a word
of the syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.mediation.graph import Edge
from pipeline.mediation.rows import BETWEEN, WITHIN

_TOKEN = re.compile(r"\bx(\d+)_\b")


@dataclass(frozen=True)
class Block:
    """Variables and arrows of one level."""

    level: str
    variables: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def number(self) -> int:
        """1 within clusters, 2 between them."""
        return 1 if self.level == WITHIN else 2

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Variables with an arrow in."""
        reached = {target for _, target in self.edges}
        return tuple(name for name in self.variables if name in reached)

    def joined(self) -> list[Edge]:
        """Pairs that covary: predictors with each other, and residuals of outcomes with no route between."""
        outcomes = self.outcomes
        pairs = combinations([name for name in self.variables if name not in outcomes], 2)
        apart = [
            (one, other)
            for one, other in combinations(outcomes, 2)
            if other not in self._below(one) and one not in self._below(other)
        ]
        return [*pairs, *apart]

    def _below(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = {name}
        while waiting:
            waiting = {target for source, target in self.edges if source in waiting} - found
            found |= waiting
        return found


@dataclass(frozen=True)
class Names:
    """Tokens that stand for variables in the syntax."""

    known: tuple[str, ...]

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Names:
        """Names of all blocks, once each."""
        return cls(tuple(dict.fromkeys(name for block in blocks for name in block.variables)))

    def token(self, name: str) -> str:
        """What stands for a variable."""
        return f"x{self.known.index(name)}_"

    def words(self, text: str) -> str:
        """A text about tokens as one about variables."""
        return _TOKEN.sub(lambda found: self.known[int(found[1])], text)


def write(blocks: Sequence[Block], names: Names) -> str:
    """The model: at each level its regressions, and the (co)variances of what they do not explain."""
    lines: list[str] = []
    for block in blocks:
        lines.append(f"level: {block.number}")
        for outcome in block.outcomes:
            sources = [names.token(source) for source, target in block.edges if target == outcome]
            lines.append(f"  {names.token(outcome)} ~ {' + '.join(sources)}")
        lines += [f"  {names.token(name)} ~~ {names.token(name)}" for name in block.variables]
        lines += [f"  {names.token(one)} ~~ {names.token(other)}" for one, other in block.joined()]
    return "\n".join(lines) + "\n"


def blocks_of(
    edges: Sequence[Edge], entering: Sequence[Edge], own: set[str], within_only: set[str]
) -> tuple[Block, Block]:
    """The path at both levels. `own` are variables of the lowest level, `entering` arrows of covariates.

    A variable of the lowest level stands at both levels, those in `within_only` aside; any other between.
    """
    every = [*edges, *entering]
    named = tuple(dict.fromkeys(name for edge in every for name in edge))
    inside = tuple(edge for edge in every if set(edge) <= own)
    outside = tuple(edge for edge in every if edge[0] not in within_only)
    return (
        Block(WITHIN, tuple(name for name in named if name in own), inside),
        Block(BETWEEN, tuple(name for name in named if name not in within_only), outside),
    )
