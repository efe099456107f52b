"""Saturated moments of one level or of both, and the independence model: what a model is compared with.

Within covariances are free. Between covariances are L L' with L lower triangular, so that they are the
covariances of something even where the best ones are singular; there, EM needs thousands of passes (Rosseel,
2021) and Newton's method on L a handful: L stands in the matrices as loadings of p factors with variance one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from pipeline.sem.arrays import Array, Index, vech_index
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.structure.ram import Block
from pipeline.sem.table import Row
from pipeline.sem.twolevel.estimate import Solution2, admissible, place_of
from pipeline.sem.twolevel.expectation import Factors, accelerated
from pipeline.sem.twolevel.likelihood import Complete
from pipeline.sem.twolevel.problem import Problem2, State2
from pipeline.sem.twolevel.quasi import optimise
from pipeline.sem.twolevel.sample import Sample2
from pipeline.sem.twolevel.table import BETWEEN, WITHIN, LeveledTable


def saturated(table: LeveledTable, sample: Sample2) -> Optimum[State2]:
    """Estimate the unrestricted model, in the metric d / scale."""
    pairs = [pair for g in range(len(sample.likelihoods)) for pair in saturated_blocks(table, sample, g)]
    problem = problem_of(table, sample, [block for block, _ in pairs])
    return optimise(problem, admissible(problem, np.concatenate([start for _, start in pairs])))


def saturated_moments(table: LeveledTable, sample: Sample2, optimum: Optimum[State2]) -> State2:
    """Return the saturated optimum with covariances and means themselves as parameters."""
    blocks, theta = [], []
    for g in range(len(sample.likelihoods)):
        own = [name for name in table.within.observed if name not in table.between.observed]
        for level, names in ((0, own), (1, list(table.between.observed))):
            implied = optimum.state.implied[2 * g + level]
            order = (table.within, table.between)[level].observed
            at = [order.index(name) for name in names]
            block, start = _free_block(implied.sigma, implied.mu[at], at)
            blocks.append(block)
            theta.append(start)
    return problem_of(table, sample, blocks).at(np.concatenate(theta))


def half_saturated(solution: Solution2, level: int) -> Optimum[State2]:
    """Estimate the model of one level, with the other one left unrestricted (Ryu & West, 2009)."""
    table, sample = solution.table, solution.sample
    blocks, theta = list(solution.problem.blocks), [solution.state.theta[p] for p in solution.problem.parts]
    free = [b % 2 != level - 1 for b in range(len(blocks))]
    for b in [b for b, released in enumerate(free) if released]:
        blocks[b], theta[b] = saturated_blocks(table, sample, b // 2)[b % 2]
    problem = problem_of(table, sample, blocks)
    problem = replace(problem, reduction=_kept(solution, problem, free))
    return optimise(problem, admissible(problem, np.concatenate(theta)))


def saturated_blocks(table: LeveledTable, sample: Sample2, g: int) -> list[tuple[Block, Array]]:
    """Return the unrestricted within and between blocks of a group, and where to start in them."""
    near = near_saturated(table, sample, g)
    mu = dict(zip(table.joint, near.mu.tolist(), strict=True))
    own = [name for name in table.within.observed if name not in table.between.observed]
    located = [table.within.observed.index(name) for name in own]
    means = np.array([mu[name] for name in own])
    within = _free_block(near.within @ near.within.T, means, located)
    between = _triangular_block(
        near.between @ near.between.T, np.array([mu[name] for name in table.between.observed])
    )
    return [within, between]


def near_saturated(table: LeveledTable, sample: Sample2, g: int) -> Factors:
    """Return moments near the saturated ones, in the metric d / scale."""
    place, first = place_of(table), sample.first[g]
    q = len(table.cluster_only)
    unit = np.outer(sample.scale, sample.scale)
    at = np.ix_(place.between, place.between)
    start = Factors(
        np.linalg.cholesky(first.within / unit[q:, q:]), np.linalg.cholesky((first.between / unit)[at]),
        first.mean / sample.scale,
    )  # fmt: skip
    likelihood = sample.likelihoods[g]
    return accelerated(likelihood, place, start) if isinstance(likelihood, Complete) else start


def problem_of(table: LeveledTable, sample: Sample2, blocks: Sequence[Block]) -> Problem2:
    """Return the problem of unconstrained blocks."""
    ends = np.cumsum([block.q for block in blocks]).tolist()
    parts = tuple(slice(end - block.q, end) for end, block in zip(ends, blocks, strict=True))
    q = ends[-1]
    free = Reduction(np.eye(q), np.zeros(q), np.zeros((0, q)))
    return Problem2(tuple(blocks), parts, place_of(table), sample.likelihoods, sample.shares, free)


def independence_table(table: LeveledTable) -> LeveledTable:
    """Return the baseline: every variable on its own, at each level; only covariates covary (lavaan)."""
    rows: list[Row] = []
    for group in range(1, len(table.whole.groups) + 1):
        for number, level in ((WITHIN, table.within), (BETWEEN, table.between)):
            rows += [Row(name, "~~", name, group, level=number) for name in level.observed]
            pairs = combinations(level.covariates, 2)
            rows += [Row(a, "~~", b, group, level=number) for a, b in pairs]
            own = [n for n in level.observed if number == BETWEEN or n not in table.between.observed]
            rows += [Row(name, "~1", "", group, level=number) for name in own]
    plain = table.with_rows(rows)
    without = [replace(level, latent=()) for level in (table.within, table.between)]
    return LeveledTable(replace(plain.whole, latent=()), *without)


def _free_block(covariance: Array, means: Array, located: Sequence[int]) -> tuple[Block, Array]:
    """Return a block whose covariances are free; means stand where `located` says."""
    p = len(covariance)
    rows, columns = vech_index(p)
    count = len(rows)
    symmetric = np.array([rows, columns, np.arange(count)])
    at = np.array(located, dtype=np.intp)
    block = Block(
        p, count + len(at), np.zeros((p, p)), np.zeros((p, p)), np.zeros(p),
        np.zeros((3, 0), dtype=np.intp), symmetric, np.array([at, at, count + np.arange(len(at))]), True,
    )  # fmt: skip
    return block, np.concatenate([covariance[rows, columns], means])


def _triangular_block(covariance: Array, means: Array) -> tuple[Block, Array]:
    """Return a block whose covariances are L L', and its parameters at a covariance.

    Variables take their turn by what is left of their variance: where the covariances are singular, columns
    of L then vanish from the last one on, and no other zero on its diagonal leaves L free to rotate.
    """
    p = len(covariance)
    root, order = _pivoted(covariance)
    rows, columns = vech_index(p)
    count = len(rows)
    S = np.zeros((2 * p, 2 * p))
    S[p:, p:] = np.eye(p)
    at = np.arange(p)
    block = Block(
        p, count + p, np.zeros((2 * p, 2 * p)), S, np.zeros(2 * p),
        np.array([order[rows], p + columns, np.arange(count)]), np.zeros((3, 0), dtype=np.intp),
        np.array([at, at, count + at]), True,
    )  # fmt: skip
    return block, np.concatenate([root[rows, columns], means])


def _pivoted(covariance: Array) -> tuple[Array, Index]:
    """Return L and the order of variables of a Cholesky decomposition with pivots."""
    from scipy.linalg.lapack import dpstrf

    factor, pivots, rank, _ = dpstrf(covariance, lower=1, tol=0.0)
    root = np.tril(factor)
    root[:, rank:] = 0.0
    unsettled = np.arange(rank, len(root))
    root[unsettled, unsettled] = 1e-6 * root[0, 0]
    return root, np.asarray(pivots, dtype=np.intp) - 1


def _kept(solution: Solution2, problem: Problem2, free: Sequence[bool]) -> Reduction:
    """Return the model's constraints where a level keeps its model, none where it is freed."""
    K, k = solution.problem.reduction.K, solution.problem.reduction.k
    size = problem.parts[-1].stop
    kept, fixed = np.zeros((size, K.shape[1])), np.zeros(size)
    freed = []
    for part, own, released in zip(problem.parts, solution.problem.parts, free, strict=True):
        if released:
            freed.append(np.eye(size)[:, part])
        else:
            kept[part], fixed[part] = K[own], k[own]
    basis = np.hstack([*freed, _independent(kept[:, np.abs(kept).sum(0) > 0])])
    return Reduction(basis, fixed, np.zeros((0, size)))


def _independent(columns: Array) -> Array:
    """Return the columns, or as few that span the same: a constraint across levels may tie only one here."""
    if not columns.size:
        return columns
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    rank = int((sizes > 1e-10 * sizes[0]).sum())
    out: Array = columns if rank == columns.shape[1] else left[:, :rank]
    return out
