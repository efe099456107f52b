"""The model of a path, with or without items behind its variables, in the syntax of the estimation core.

`latent_rows` calls it. Names of variables are replaced by tokens: a scale's name may hold dots or be a word
of the syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pipeline.mediation.graph import Edge
from pipeline.mediation.rows import BETWEEN, FLAT, WITHIN

_TOKEN = re.compile(r"\b([xi])(\d+)_\b")


@dataclass(frozen=True)
class Indicators:
    """The items behind a variable, and what their loadings add up to.

    With loadings that add up to their number a latent variable has the unit of the items' mean (effects
    coding; Little, Slegers & Card, 2006), so that its slopes compare with those of the scale score.
    """

    items: tuple[str, ...]
    total: float


@dataclass(frozen=True)
class Block:
    """Variables and arrows of one level."""

    level: str
    variables: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def number(self) -> int:
        """1 within clusters or where there is one level, 2 between clusters."""
        return 2 if self.level == BETWEEN else 1

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
    """Tokens that stand for variables and items in the syntax."""

    known: tuple[str, ...]
    items: tuple[str, ...] = ()

    @classmethod
    def of(cls, blocks: Iterable[Block], indicators: Mapping[str, Indicators] | None = None) -> Names:
        """Names of all blocks and of the items behind them, once each."""
        known = tuple(dict.fromkeys(name for block in blocks for name in block.variables))
        behind = (one.items for name, one in (indicators or {}).items() if name in known)
        return cls(known, tuple(item for items in behind for item in items))

    def token(self, name: str) -> str:
        """What stands for a variable or an item."""
        return f"x{self.known.index(name)}_" if name in self.known else f"i{self.items.index(name)}_"

    def words(self, text: str) -> str:
        """A text about tokens as one about variables and items."""
        return _TOKEN.sub(lambda found: (self.known if found[1] == "x" else self.items)[int(found[2])], text)


def write(blocks: Sequence[Block], names: Names, indicators: Mapping[str, Indicators] | None = None) -> str:
    """The model: at each level its loadings and regressions, and the (co)variances of what is left.

    Loadings have the same labels at both levels, and are equal across them.
    """
    lines: list[str] = []
    behind = indicators or {}
    for block in blocks:
        lines += [f"level: {block.number}"] if block.level != FLAT else []
        lines += [
            f"  {names.token(name)} =~ {_loadings(behind[name], names)}"
            for name in block.variables
            if name in behind
        ]
        for outcome in block.outcomes:
            sources = [names.token(source) for source, target in block.edges if target == outcome]
            lines.append(f"  {names.token(outcome)} ~ {' + '.join(sources)}")
        lines += [f"  {names.token(name)} ~~ {names.token(name)}" for name in block.variables]
        lines += [f"  {names.token(one)} ~~ {names.token(other)}" for one, other in block.joined()]
    used = {name for block in blocks for name in block.variables}
    lines += [_scaled(one, names) for name, one in behind.items() if name in used]
    return "\n".join(lines) + "\n"


def _loadings(behind: Indicators, names: Names) -> str:
    """All loadings free and labelled; the first one has to be told that it is not fixed at one."""
    first, *rest = [names.token(item) for item in behind.items]
    return " + ".join([f"NA*{first}", *(f"l{token}*{token}" for token in (first, *rest))])


def _scaled(behind: Indicators, names: Names) -> str:
    return f"{' + '.join(f'l{names.token(item)}' for item in behind.items)} == {behind.total!r}"


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


def single_block(edges: Sequence[Edge], entering: Sequence[Edge]) -> tuple[Block]:
    """The path at a single level."""
    every = (*edges, *entering)
    return (Block(FLAT, tuple(dict.fromkeys(name for edge in every for name in edge)), every),)
