"""Between variances that cannot be negative (sem.fit with bounds="between", and its resamples).

First each becomes the square of a free parameter: a variance v stands in the block as the squared loading of
a factor of variance one of its own, so the same likelihood and derivatives serve. Then those that came to
rest at zero are held there and the others are free again, until the conditions of Karush, Kuhn and Tucker
hold: no free variance is negative, and F would rise with every one that is held.

With few clusters the likelihood often rises for ever towards a negative variance (the covariances of its
largest cluster become singular): bounded, it has a maximum (De Jonckere & Rosseel, 2022). Variances that are
tied to another parameter stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.sem.arrays import Array, Index
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.structure.ram import Block
from pipeline.sem.twolevel.problem import Problem2, State2
from pipeline.sem.twolevel.quasi import optimise

BETWEEN_VARIANCES = "between"
BOUNDS = ("none", BETWEEN_VARIANCES)
_SMALLEST = 1e-4
_AT_REST = 1e-5
_RISING = -1e-8
_ROUNDS = 40


@dataclass(frozen=True)
class Bounded:
    """A problem whose parameters at `roots` are square roots of the original ones."""

    problem: Problem2
    roots: Index

    def start(self, theta: Array) -> Array:
        """Return x at given original parameters, away from zero."""
        moved = theta.copy()
        moved[self.roots] = np.sqrt(np.maximum(theta[self.roots], _SMALLEST))
        return self.problem.reduction.reduce(moved)

    def original(self, theta: Array) -> Array:
        """Return original parameters (last axis) from those of the bounded problem."""
        out = theta.copy()
        out[..., self.roots] = theta[..., self.roots] ** 2
        return out


def optimise_bounded(problem: Problem2, start: Array) -> tuple[Optimum[State2], Index]:
    """Return the minimum without negative between variances, and the parameters that rest at zero there."""
    roots = bounded(problem)
    first = optimise(roots.problem, roots.start(problem.reduction.theta(start)))
    theta = roots.original(first.state.theta)
    held = roots.roots[theta[roots.roots] < _AT_REST]
    for _ in range(_ROUNDS):
        own = _holding(problem, held)
        optimum = optimise(own, own.reduction.reduce(theta))
        theta = optimum.state.theta
        free = np.setdiff1d(roots.roots, held)
        below = free[theta[free] < 0]
        rising = held[optimum.state.theta_gradient[held] < _RISING]
        if not len(below) and not len(rising):
            return optimum, held
        held = np.union1d(held, below) if len(below) else np.setdiff1d(held, rising)
    return Optimum(optimum.state, np.inf, _ROUNDS), held


def _holding(problem: Problem2, held: Index) -> Problem2:
    """Return the problem with some parameters, each tied to no other one, at zero."""
    K, k, R = problem.reduction.K, problem.reduction.k, problem.reduction.R
    kept = np.abs(K[held]).sum(0) == 0
    return replace(problem, reduction=Reduction(K[:, kept], k, R))


def bounded(problem: Problem2) -> Bounded:
    """Return a problem in which free between variances, of residuals and factors, cannot be negative."""
    alone = _unconstrained(problem.reduction.K)
    blocks, roots = list(problem.blocks), []
    for b in range(1, len(blocks), 2):
        start = problem.parts[b].start
        i, j, k = blocks[b].symmetric
        own = (i == j) & alone[start + k]
        blocks[b] = _with_roots(blocks[b], own)
        roots.append(start + k[own])
    return Bounded(replace(problem, blocks=tuple(blocks)), np.concatenate(roots))


def _unconstrained(K: Array) -> Array:
    """Return which parameters are tied to no other one."""
    used = np.abs(K) > 0
    out: Array = (used.sum(1) == 1) & ((used & (used.sum(0) == 1)).sum(1) == 1)
    return out


def _with_roots(block: Block, own: Array) -> Block:
    """Return a block with a factor of variance one behind each of some variances."""
    count, n = int(own.sum()), block.n
    size = n + count
    B, S, m = np.zeros((size, size)), np.eye(size), np.zeros(size)
    B[:n, :n], S[:n, :n], m[:n] = block.B, block.S, block.m
    to = block.symmetric[0][own]
    added = np.array([to, np.arange(n, size), block.symmetric[2][own]])
    directed = np.hstack([block.directed, added])
    return Block(
        block.p, block.q, B, S, m, directed, block.symmetric[:, ~own], block.mean, block.meanstructure
    )
