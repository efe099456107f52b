"""The discrepancy of a model with ordered items: what the optimiser and the inference see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.estimate.problem import Problem, State
from pipeline.sem.estimate.quadratic import Quadratic, QuadraticPoint
from pipeline.sem.estimate.weights import Given, weigh
from pipeline.sem.ordinal.statistics import Kinds
from pipeline.sem.ordinal.structure import Lines, Responses, Shape, respond, response_lines, shape_of
from pipeline.sem.structure.blocks import Layout
from pipeline.sem.structure.constraints import Reduction


@dataclass(frozen=True)
class OrdinalProblem(Problem):
    """A problem whose moments are thresholds, slopes and correlations instead of means and covariances."""

    shapes: tuple[Shape, ...] = ()

    def at(self, x: Array) -> OrdinalState:
        """Evaluate at x; raises LinAlgError where a response variate has no positive variance."""
        theta = self.reduction.theta(x)
        responses = tuple(respond(s, theta[at]) for s, at in zip(self.shapes, self.layout.parts, strict=True))
        points = tuple(_point(d, r) for d, r in zip(self.discrepancies, responses, strict=True))
        implied = tuple(r.implied(_with_covariates(r)) for r in responses)
        return OrdinalState(self, x, theta, implied, points, responses)

    def squares(self, theta: Array) -> Array:
        """Delta'Delta of all parameters at a theta, for the check of identification."""
        parts = zip(self.shapes, self.layout.parts, strict=True)
        lines = [response_lines(respond(shape, theta[at])).moments for shape, at in parts]
        return self.stack([line.T @ line for line in lines])

    def extend(self, layout: Layout, reduction: Reduction) -> OrdinalProblem:
        """Return the same data under another layout of parameters."""
        shapes = shapes_of(layout, self.shapes[0].kinds)
        return replace(self, layout=layout, reduction=reduction, shapes=shapes)


def shapes_of(layout: Layout, kinds: Kinds) -> tuple[Shape, ...]:
    """Return the shape of every group."""
    return tuple(
        shape_of(layout.table, block, kinds, group) for group, block in enumerate(layout.blocks, start=1)
    )


@dataclass(frozen=True)
class OrdinalState(State):
    """The problem at one x. Second derivatives are those of Gauss and Newton."""

    responses: tuple[Responses, ...] = ()

    @cached_property
    def response_lines(self) -> tuple[Lines, ...]:
        """Derivatives of the moments and of the items' residual variances, a group each."""
        return tuple(response_lines(r) for r in self.responses)

    @cached_property
    def deltas(self) -> tuple[Array, ...]:
        """Derivatives of the stacked moments by the parameters of each group."""
        return tuple(lines.moments for lines in self.response_lines)

    @cached_property
    def theta_gradient(self) -> Array:
        """Gradient by all free parameters, constraints ignored."""
        parts = zip(self.problem.shares, self.deltas, self.points, strict=True)
        return np.concatenate([-w * (delta.T @ _weighted(point)) for w, delta, point in parts])

    @cached_property
    def _squares(self) -> Array:
        parts = zip(self.problem.shares, self.deltas, self.problem.discrepancies, strict=True)
        return self.problem.stack([w * delta.T @ weigh(_weights(d), delta) for w, delta, d in parts])

    def theta_fisher(self) -> Array:
        """Gauss-Newton matrix Delta' V Delta."""
        return self._squares

    def theta_curvature(self) -> Array:
        """The same."""
        return self._squares

    def theta_hessian(self) -> Array:
        """The same: least squares with small residuals need no more."""
        return self._squares

    def matrices(self, g: int) -> tuple[Array, Array, Array]:
        """Return B, S and m of a group, with derived residual variances and the covariates' covariances."""
        own = self.responses[g]
        return own.B, _with_covariates(own), own.m

    def responses_of(self, g: int) -> tuple[Array, Array]:
        """Return thresholds (variables x steps) and scales of ordered items, by position of the variable."""
        own = self.responses[g]
        shape, kinds = own.shape, own.shape.kinds
        thresholds = np.full((shape.block.n, int(kinds.level_step.max()) + 1), np.nan)
        cut = kinds.level_step >= 0
        thresholds[shape.y[kinds.level_item[cut]], kinds.level_step[cut]] = own.tau[cut]
        scales = np.full(shape.block.n, np.nan)
        scales[shape.items] = 1 / own.spread[shape.item_y]
        return thresholds, scales

    def variance_lines(self, g: int) -> Array:
        """Return the derivatives of the residual variances of ordered items (variables x parameters)."""
        shape = self.responses[g].shape
        out = np.zeros((shape.block.n, shape.block.q))
        out[shape.items] = self.response_lines[g].residual
        return out


def _with_covariates(own: Responses) -> Array:
    S, x = own.S.copy(), own.shape.x
    S[np.ix_(x, x)] = own.shape.block.S[np.ix_(x, x)]
    return S


def _point(discrepancy: object, responses: Responses) -> QuadraticPoint:
    assert isinstance(discrepancy, Quadratic)
    residual = discrepancy.moments - responses.stacked()
    weighted = weigh(discrepancy.V, residual)
    value = 0.5 * float(residual @ weighted)
    weights, p = discrepancy.weights, responses.shape.block.p
    return QuadraticPoint(value, weighted, weights, meanstructure=True, p=p)


def _weighted(point: object) -> Array:
    assert isinstance(point, QuadraticPoint)
    return point.weighted


def _weights(discrepancy: object) -> Array:
    assert isinstance(discrepancy, Quadratic)
    return discrepancy.V


def quadratics(moments: Sequence[Array], weights: Sequence[Array], units: Array) -> tuple[Quadratic, ...]:
    """Return one discrepancy a group, with moments and weights taken to the internal metric."""
    out = []
    for s, V in zip(moments, weights, strict=True):
        scaled = V * units**2 if V.ndim == 1 else V * np.outer(units, units)
        out.append(Quadratic(s / units, Given(scaled, meanstructure=True), meanstructure=True))
    return tuple(out)
