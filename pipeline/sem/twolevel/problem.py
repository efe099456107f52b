"""The two-level discrepancy of all groups as a function of the free, unconstrained parameters x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.structure.derivatives import Slopes, gradient, second_order, slopes
from pipeline.sem.structure.ram import Block, Implied, imply
from pipeline.sem.twolevel.likelihood import Directions, Implied2


class Point2(Protocol):
    """A two-level likelihood at one value of the moments."""

    @property
    def value(self) -> float:
        """F: minus the log-likelihood a row, without constants."""
        ...

    @property
    def by_within(self) -> Array:
        """Derivative by the within covariances."""
        ...

    @property
    def by_between(self) -> Array:
        """Derivative by the between covariances, in the joint order."""
        ...

    @property
    def by_mu(self) -> Array:
        """Derivative by the means, in the joint order."""
        ...

    @property
    def T(self) -> Array:  # noqa: N802
        """What derivatives of moments are transformed with."""
        ...

    def fisher(self, lines: Directions) -> Array:
        """Expected second derivatives."""
        ...

    def curvature(self, lines: Directions) -> Array:
        """Second derivatives as if the moments were linear in the parameters."""
        ...


class Likelihood2(Protocol):
    """The data of one group."""

    def at(self, implied: Implied2) -> Point2:
        """Evaluate; raises LinAlgError where the moments are not those of a distribution."""
        ...

    def loglik(self, value: float) -> float:
        """Log-likelihood at a value of F."""
        ...


@dataclass(frozen=True)
class Place2:
    """Where the variables of the within and of the between block stand in the joint order (z, y)."""

    within: Index
    between: Index
    size: int

    def joint(self, within: Implied, between: Implied) -> Implied2:
        """Return the moments of a cluster's data."""
        covariances, mu = np.zeros((self.size, self.size)), np.zeros(self.size)
        covariances[np.ix_(self.between, self.between)] = between.sigma
        mu[self.between] = between.mu
        mu[self.within] += within.mu
        return Implied2(within.sigma, covariances, mu)


@dataclass(frozen=True)
class Problem2:
    """Blocks in the order within, between of group 1, then of group 2; their slices of theta; the data."""

    blocks: tuple[Block, ...]
    parts: tuple[slice, ...]
    place: Place2
    likelihoods: tuple[Likelihood2, ...]
    shares: Array
    reduction: Reduction

    def at(self, x: Array) -> State2:
        """Evaluate at x; raises LinAlgError outside the region where the likelihood exists."""
        theta = self.reduction.theta(x)
        implied = tuple(
            imply(block, theta[part]) for block, part in zip(self.blocks, self.parts, strict=True)
        )
        points = tuple(
            likelihood.at(self.place.joint(implied[2 * g], implied[2 * g + 1]))
            for g, likelihood in enumerate(self.likelihoods)
        )
        return State2(self, x, theta, implied, points)

    def value(self, x: Array) -> float:
        """Return the discrepancy, infinite where it is not defined."""
        try:
            value = self.at(x).value
        except np.linalg.LinAlgError:
            return np.inf
        return value if np.isfinite(value) else np.inf

    def span(self, g: int) -> slice:
        """Return the parameters of a group."""
        return slice(self.parts[2 * g].start, self.parts[2 * g + 1].stop)


@dataclass(frozen=True)
class State2:
    """The problem at one x: value, gradient and second derivatives on demand."""

    problem: Problem2
    x: Array
    theta: Array
    implied: tuple[Implied, ...]
    points: tuple[Point2, ...]

    @cached_property
    def value(self) -> float:
        """Weighted mean of the groups' discrepancies."""
        return float(sum(w * point.value for w, point in zip(self.problem.shares, self.points, strict=True)))

    @cached_property
    def lines(self) -> tuple[Slopes, ...]:
        """Derivatives of the implied moments, a block each."""
        return tuple(slopes(b, i) for b, i in zip(self.problem.blocks, self.implied, strict=True))

    @cached_property
    def theta_gradient(self) -> Array:
        """Gradient by all free parameters, constraints ignored."""
        parts = []
        for b, line in enumerate(self.lines):
            w = self.problem.shares[b // 2]
            by_sigma, by_mu = self._sides(b)
            parts.append(w * gradient(line, by_sigma, by_mu))
        return np.concatenate(parts)

    @property
    def gradient(self) -> Array:
        """Gradient by x."""
        return self.problem.reduction.K.T @ self.theta_gradient

    def theta_fisher(self) -> Array:
        """Expected information of one row by all free parameters."""
        return self._stack([point.fisher(self.directions(g)) for g, point in enumerate(self.points)])

    def theta_hessian(self) -> Array:
        """Observed information of one row by all free parameters."""
        out = self._stack([point.curvature(self.directions(g)) for g, point in enumerate(self.points)])
        for b, (block, implied) in enumerate(zip(self.problem.blocks, self.implied, strict=True)):
            at = self.problem.parts[b]
            out[at, at] += self.problem.shares[b // 2] * second_order(block, implied, *self._sides(b))
        return out

    def fisher(self) -> Array:
        """Expected information by x."""
        K = self.problem.reduction.K
        return K.T @ self.theta_fisher() @ K

    def hessian(self) -> Array:
        """Observed information by x."""
        K = self.problem.reduction.K
        return K.T @ self.theta_hessian() @ K

    def directions(self, g: int) -> Directions:
        """Return the transformed derivatives of a group's moments by its parameters."""
        place, T = self.problem.place, self.points[g].T
        within, between = self.lines[2 * g], self.lines[2 * g + 1]
        W = _products(T[:, place.within], within)
        B = _products(T[:, place.between], between)
        mean = np.hstack([T[:, place.within] @ within.D, T[:, place.between] @ between.D])
        return Directions(W, B, mean)

    def _sides(self, b: int) -> tuple[Array, Array]:
        """Return the derivatives of a group's discrepancy by the moments of one of its blocks."""
        point, place = self.points[b // 2], self.problem.place
        if b % 2 == 0:
            return point.by_within, point.by_mu[place.within]
        return point.by_between[np.ix_(place.between, place.between)], point.by_mu[place.between]

    def _stack(self, parts: Sequence[Array]) -> Array:
        size = self.problem.reduction.K.shape[0]
        out = np.zeros((size, size))
        for g, (w, part) in enumerate(zip(self.problem.shares, parts, strict=True)):
            at = self.problem.span(g)
            out[at, at] = w * part
        return out


def _products(T: Array, lines: Slopes) -> Array:
    """Return T dSigma_k T' of every parameter of a block."""
    U, V = (T @ lines.U).T, (T @ lines.V).T
    half = U[:, :, None] * V[:, None, :]
    out: Array = half + half.transpose(0, 2, 1)
    return out
