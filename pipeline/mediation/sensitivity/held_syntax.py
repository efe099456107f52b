"""Syntax of a path model in which two residuals have a correlation held at a value.

The two residuals become scaled error variables of variance one,
    mediator = ... + s_m e_m,   outcome = ... + s_y e_y,   var(e_m) = var(e_y) = 1,   cov(e_m, e_y) = rho,
so that the correlation is a fixed number of a linear model, whatever the residual variances s² turn out to
be: no constraint on a product is needed. `latent_source` and `flat_source` call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from pipeline.mediation.latent_syntax import Block, Names

ERRORS = ("e1_", "e2_")
Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Held:
    """The tokens of mediator and outcome, the number of their level (0: one level), the correlation."""

    pair: tuple[str, str]
    level: int
    rho: float

    def error(self, token: str, level: int) -> str:
        """What stands for a variable's residual."""
        is_own = level == self.level and token in self.pair
        return ERRORS[self.pair.index(token)] if is_own else token

    def lines(self, starts: Mapping[Key, float]) -> list[str]:
        """The error variables."""
        lines = []
        for error, token in zip(ERRORS, self.pair, strict=True):
            before = starts.get((token, "~~", token, self.level))
            spread = starts.get((error, "=~", token, self.level)) or (sqrt(before) if before else None)
            start = f" + start({spread!r})*{token}" if spread else ""
            lines += [f"{error} =~ NA*{token}{start}", f"{error} ~~ 1*{error}", f"{token} ~~ 0*{token}"]
        return [*lines, f"{ERRORS[0]} ~~ {self.rho!r}*{ERRORS[1]}"]


def write_held(blocks: Sequence[Block], names: Names, held: Held, starts: Mapping[Key, float]) -> str:
    """The two-level model with a held correlation, every estimate started where another fit ended."""
    lines: list[str] = []
    between = {name for block in blocks if block.number == 2 for name in block.variables}
    for block in blocks:
        lines.append(f"level: {block.number}")
        if block.number == held.level:
            lines += held.lines(starts)
        lines += [_line(key, starts) for key in _free(block, names, held)]
        own = [name for name in block.variables if block.number == 2 or name not in between]
        lines += [_line((names.token(name), "~1", "", block.number), starts) for name in own]
    return "\n".join(lines) + "\n"


def _free(block: Block, names: Names, held: Held) -> list[Key]:
    """Slopes, residual variances and covariances of a level, but for those of the held pair."""
    number = block.number
    slopes = [(names.token(target), "~", names.token(source), number) for source, target in block.edges]
    tokens = [names.token(name) for name in block.variables]
    variances = [(token, "~~", token, number) for token in tokens if held.error(token, number) == token]
    pairs = [(names.token(one), names.token(other)) for one, other in block.joined()]
    joined = [(held.error(one, number), "~~", held.error(other, number), number) for one, other in pairs]
    return [*slopes, *variances, *joined]


def _line(key: Key, starts: Mapping[Key, float]) -> str:
    lhs, op, rhs, _ = key
    start = f"start({starts[key]!r})*" if key in starts else ""
    return f"{lhs} ~ {start}1" if op == "~1" else f"{lhs} {op} {start}{rhs}"
