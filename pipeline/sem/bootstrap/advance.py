"""All resamples of a batch descend together: L-BFGS from the full sample's estimate and inverse information.

Two-loop recursion (Nocedal, 1980) on arrays led by the resample; a step that does not satisfy Armijo's
condition is halved for its own resample only; finished resamples leave. Converged means that g'Hg, twice what
another step would gain, is below 1e-12; since H is the current quasi-Newton matrix and not the exact inverse,
1e-13 is asked of it, and the last step is still taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from pipeline.sem.arrays import Array

_GOAL = 1e-13
_MEMORY = 10
_LIMIT = 80
_SHORTEST = 1e-3


class Kept(Protocol):
    """Data of several resamples."""

    def keep(self, draws: Array) -> Self:
        """Return some of the resamples."""
        ...


B = TypeVar("B", bound=Kept)
Objective = Callable[[Array, B], tuple[Array, Array]]


@dataclass(frozen=True)
class Descent:
    """Where every resample stopped: x, F, and whether it converged."""

    x: Array
    value: Array
    converged: Array


def descend(objective: Objective[B], batch: B, start: Array, metric: Array) -> Descent:
    """Minimise F for every resample of a batch.

    An objective of NaN asks that the resample leave (another kernel must take it); an infinite one, for a
    shorter step.
    """
    front = _Front.at(objective, batch, start, metric)
    out = Descent(start.copy(), np.full(len(start), np.inf), np.zeros(len(start), dtype=bool))
    for _ in range(_LIMIT):
        front.leave(front.finished, out, converged=True)
        front.leave(front.lost, out, converged=False)
        if not len(front.x):
            return out
        front.step(objective)
    front.leave(np.ones(len(front.x), dtype=bool), out, converged=False)
    return out


@dataclass
class _Front(Generic[B]):
    """The resamples still moving."""

    batch: B
    who: Array
    x: Array
    value: Array
    gradient: Array
    metric: Array
    share: Array
    lost: Array
    moves: list[tuple[Array, Array, Array]] = field(default_factory=list)
    direction: Array = field(init=False)
    decrement: Array = field(init=False)

    @classmethod
    def at(cls, objective: Objective[B], batch: B, x: Array, metric: Array) -> _Front[B]:
        """Evaluate at the start and turn downhill."""
        value, gradient = objective(x, batch)
        lost = ~np.isfinite(value)
        front = cls(batch, np.arange(len(x)), x.copy(), value, gradient, metric, np.ones(len(x)), lost)
        front.turn(np.ones(len(x), dtype=bool))
        return front

    def step(self, objective: Objective[B]) -> None:
        """Try a step for every resample; accept it, or halve it."""
        trial = self.x + self.share[:, None] * self.direction
        value, gradient = objective(trial, self.batch)
        rounding = 1e-14 * np.maximum(1.0, np.abs(self.value))
        with np.errstate(invalid="ignore"):
            better = value <= self.value - 1e-4 * self.share * self.decrement + rounding
        self._remember(trial - self.x, gradient - self.gradient, better)
        keep = better[:, None]
        self.x, self.gradient = np.where(keep, trial, self.x), np.where(keep, gradient, self.gradient)
        self.value = np.where(better, value, self.value)
        self.lost = np.isnan(value) | (~better & (self.share < _SHORTEST))
        shortened = self.share / 2
        self.turn(better)
        self.share = np.where(better, 1.0, shortened)

    def leave(self, going: Array, out: Descent, converged: bool) -> None:
        """Write down the resamples that go, and keep the others."""
        if not going.any():
            return
        who = self.who[going]
        out.x[who] = self.x[going] + self.direction[going] if converged else self.x[going]
        out.value[who] = self.value[going] - (self.decrement[going] / 2 if converged else 0.0)
        out.converged[who] = converged
        stay = ~going
        self.batch = self.batch.keep(stay)
        for name in ("who", "x", "value", "gradient", "share", "lost", "direction", "decrement"):
            setattr(self, name, getattr(self, name)[stay])
        self.moves = [(s[stay], y[stay], rho[stay]) for s, y, rho in self.moves]

    @property
    def finished(self) -> Array:
        """Resamples that another step cannot improve."""
        return (self.decrement < _GOAL) & ~self.lost

    def _remember(self, s: Array, y: Array, accepted: Array) -> None:
        """Keep the last moves; one that was refused or found no curvature counts nothing (rho = 0)."""
        y = np.where(accepted[:, None], y, 0.0)
        curvature = _products(s, y)
        enough = accepted & (curvature > 1e-10 * np.sqrt(_products(s, s) * _products(y, y)))
        rho = np.where(enough, 1 / np.where(enough, curvature, 1.0), 0.0)
        self.moves = [*self.moves[-_MEMORY + 1 :], (s, y, rho)]

    def turn(self, accepted: Array) -> None:
        """Set the direction -Hg of the resamples that have moved."""
        q, weights = self.gradient.copy(), []
        for s, y, rho in reversed(self.moves):
            weight = rho * _products(s, q)
            q -= weight[:, None] * y
            weights.append(weight)
        d = q @ self.metric
        for (s, y, rho), weight in zip(self.moves, reversed(weights), strict=True):
            d += (weight - rho * _products(y, d))[:, None] * s
        self.direction = -d if accepted.all() else np.where(accepted[:, None], -d, self.direction)
        self.decrement = -_products(self.gradient, self.direction)


def _products(a: Array, b: Array) -> Array:
    """Inner products, a resample each."""
    out: Array = np.einsum("ri,ri->r", a, b)
    return out
