"""Is a two-level model identified? Counted, and probed level by level before anything is estimated.

Within and between moments are separate functions of the parameters: the rank of their stacked derivatives
decides (Wald, 1950; Bekker, Merckens & Wansbeek, 1994).
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.structure.derivatives import paired_traces, slopes
from pipeline.sem.structure.ram import Block, imply
from pipeline.sem.twolevel.problem import Problem2
from pipeline.sem.twolevel.table import LeveledTable

_SMALLEST = 1e-9


def check_identified(problem: Problem2, table: LeveledTable) -> None:
    """Raise ModelError, naming the parameters that cannot be told apart and their level."""
    npar = problem.reduction.K.shape[1]
    if npar > table.number_of_moments:
        raise ModelError(
            f"the model has {npar} free parameters but both levels give only {table.number_of_moments} "
            "means, variances and covariances; fix or equate some, or add indicators"
        )
    value, direction = max((_weakest(problem, seed) for seed in (1, 2)), key=lambda pair: pair[0])
    if npar and value < _SMALLEST:
        rows = table.whole.free_rows
        size = np.abs(direction) / np.abs(direction).max()
        named = [f"{rows[at].text} (level {rows[at].level})" for at in np.argsort(-size) if size[at] > 0.01]
        raise ModelError(
            f"the model is not identified: {', '.join(named[:6])} cannot be told apart by any data; fix one "
            "of them, give each factor a scale (one loading or its variance at 1), or hold loadings equal "
            "across levels"
        )


def _weakest(problem: Problem2, seed: int) -> tuple[float, Array]:
    """Return the smallest eigenvalue of Delta'Delta, scaled to a unit diagonal, and its direction."""
    draw = np.random.default_rng(seed)
    theta = np.concatenate([_random_point(block, draw) for block in problem.blocks])
    theta = problem.reduction.theta(problem.reduction.reduce(theta))
    K = problem.reduction.K
    if not K.shape[1]:
        return 1.0, np.zeros(0)
    squares = np.zeros((len(theta), len(theta)))
    for block, part in zip(problem.blocks, problem.parts, strict=True):
        lines = slopes(block, imply(block, theta[part]))
        one = np.eye(block.p)[None]
        squares[part, part] = paired_traces(lines, np.ones(1), one, one) + lines.D.T @ lines.D
    matrix = K.T @ squares @ K
    norm = np.sqrt(np.diag(matrix))
    norm[norm == 0] = 1.0
    values, vectors = np.linalg.eigh(matrix / np.outer(norm, norm))
    return float(values[0]), K @ (vectors[:, 0] / norm)


def _random_point(block: Block, draw: np.random.Generator) -> Array:
    """Return loadings and paths of .3 to .9, variances of .5 to 1.5, covariances of .1 to .3."""
    out = np.zeros(block.q)
    out[block.directed[2]] = draw.uniform(0.3, 0.9, block.directed.shape[1])
    i, j, k = block.symmetric
    out[k] = np.where(i == j, draw.uniform(0.5, 1.5, len(k)), draw.uniform(0.1, 0.3, len(k)))
    out[block.mean[2]] = draw.uniform(0.2, 1.0, block.mean.shape[1])
    return out
