"""The discrepancy of all groups as a function of the free, unconstrained parameters x."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.discrepancy import Discrepancy, Point
from pipeline.sem.structure.blocks import Layout
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.structure.derivatives import (
    Slopes,
    gradient,
    jacobian,
    paired_traces,
    second_order,
    slopes,
)
from pipeline.sem.structure.ram import Implied, imply, matrices


@dataclass(frozen=True)
class Problem:
    """Blocks of the model, discrepancies of the groups, their shares of the sample, and the constraints."""

    layout: Layout
    discrepancies: tuple[Discrepancy, ...]
    shares: Array
    reduction: Reduction

    def at(self, x: Array) -> State:
        """Evaluate at x; raises LinAlgError outside the region where the moments exist."""
        theta = self.reduction.theta(x)
        implied = tuple(
            imply(b, theta[s]) for b, s in zip(self.layout.blocks, self.layout.parts, strict=True)
        )
        points = tuple(d.at(i) for d, i in zip(self.discrepancies, implied, strict=True))
        return State(self, x, theta, implied, points)

    def defined_at(self, x: Array) -> State | None:
        """Evaluate at x; None where the discrepancy is not defined."""
        try:
            state = self.at(x)
        except np.linalg.LinAlgError:
            return None
        return state if np.isfinite(state.value) else None

    def squares(self, theta: Array) -> Array:
        """Sum of products of the derivatives of all moments, by all parameters, at a theta."""
        parts = zip(self.layout.blocks, self.layout.parts, strict=True)
        lines = [slopes(block, imply(block, theta[part])) for block, part in parts]
        one = np.eye(lines[0].W.shape[0])[None]
        return self.stack([_squares(line, one) for line in lines])

    def extend(self, layout: Layout, reduction: Reduction) -> Problem:
        """Return the same data under another layout of parameters."""
        return Problem(layout, self.discrepancies, self.shares, reduction)

    def stack(self, parts: Sequence[Array]) -> Array:
        """Join one square matrix a group into the matrix over all parameters."""
        size = self.reduction.K.shape[0]
        if len(parts) == 1:
            return parts[0]
        out = np.zeros((size, size))
        for part, at in zip(parts, self.layout.parts, strict=True):
            out[at, at] = part
        return out


@dataclass(frozen=True)
class State:
    """The problem at one x: value, gradient and second derivatives on demand."""

    problem: Problem
    x: Array
    theta: Array
    implied: tuple[Implied, ...]
    points: tuple[Point, ...]

    @cached_property
    def value(self) -> float:
        """Weighted mean of the groups' discrepancies."""
        return float(sum(w * point.value for w, point in zip(self.problem.shares, self.points, strict=True)))

    @cached_property
    def lines(self) -> tuple[Slopes, ...]:
        """Derivatives of the implied moments, a group each."""
        return tuple(slopes(b, i) for b, i in zip(self.problem.layout.blocks, self.implied, strict=True))

    @cached_property
    def deltas(self) -> tuple[Array, ...]:
        """Derivatives of the stacked moments by the parameters of each group."""
        means = self.problem.layout.table.meanstructure
        return tuple(jacobian(lines, means) for lines in self.lines)

    def matrices(self, g: int) -> tuple[Array, Array, Array]:
        """Return B, S and m of a group."""
        return matrices(self.problem.layout.blocks[g], self.theta[self.problem.layout.parts[g]])

    def responses_of(self, g: int) -> tuple[Array, Array]:  # noqa: ARG002
        """Return thresholds (variables x steps) and scales of ordered items: none here."""
        return np.zeros((0, 0)), np.zeros(0)

    def variance_lines(self, g: int) -> Array:
        """Return derivatives of residual variances that follow from the parameters: none here."""
        block = self.problem.layout.blocks[g]
        return np.zeros((block.n, block.q))

    @cached_property
    def theta_gradient(self) -> Array:
        """Gradient by all free parameters, constraints ignored."""
        parts = zip(self.problem.shares, self.lines, self.points, strict=True)
        return np.concatenate([w * gradient(line, point.by_sigma, point.by_mu) for w, line, point in parts])

    @cached_property
    def gradient(self) -> Array:
        """Gradient by x."""
        return self.problem.reduction.K.T @ self.theta_gradient

    def theta_fisher(self) -> Array:
        """Expected information of one observation by all free parameters."""
        parts = zip(self.problem.shares, self.lines, self.points, strict=True)
        return self.problem.stack([w * point.fisher(line) for w, line, point in parts])

    def theta_curvature(self) -> Array:
        """Observed information as if the moments were linear in the parameters."""
        parts = zip(self.problem.shares, self.lines, self.points, strict=True)
        return self.problem.stack([w * point.curvature(line) for w, line, point in parts])

    def theta_hessian(self) -> Array:
        """Observed information of one observation by all free parameters."""
        parts = zip(
            self.problem.shares,
            self.problem.layout.blocks,
            self.implied,
            self.lines,
            self.points,
            strict=True,
        )
        return self.problem.stack(
            [
                w * (point.curvature(line) + second_order(block, implied, point.by_sigma, point.by_mu))
                for w, block, implied, line, point in parts
            ]
        )

    @cached_property
    def _fisher(self) -> Array:
        return self.problem.reduction.reduced(self.theta_fisher())

    def fisher(self) -> Array:
        """Expected information by x."""
        return self._fisher

    def hessian(self) -> Array:
        """Observed information by x."""
        return self.problem.reduction.reduced(self.theta_hessian())


def _squares(line: Slopes, one: Array) -> Array:
    own = paired_traces(line, np.ones(1), one, one)
    return own + line.D.T @ line.D if line.D.any() else own
