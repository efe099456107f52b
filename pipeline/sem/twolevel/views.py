"""Each block of a two-level solution as a single-level solution, for what is done level by level.

Standardizing, R-squared, residuals and most warnings know nothing of levels: they look at one block's
matrices, its parameters and the saturated moments of its level.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data.sample import Sample
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.estimate.problem import Problem, State
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.standardize import Standardized, standardize
from pipeline.sem.structure.blocks import Cells, Layout
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.problem import State2


def block_solutions(solution: Solution2, saturated: State2 | None = None) -> tuple[Solution, ...]:
    """Return every block as a solution of its own; with the saturated moments of its level as its sample."""
    out = []
    for b, view in enumerate(solution.table.blocks):
        block, part = solution.problem.blocks[b], solution.problem.parts[b]
        q = block.q
        whole = Reduction(np.eye(q), np.zeros(q), np.zeros((0, q)))
        layout = Layout(view, Cells.of(view.rows, view.place), (block,), (slice(0, q),))
        problem = Problem(layout, (), np.ones(1), whole)
        theta = solution.state.theta[part]
        state = State(problem, theta, theta, (solution.state.implied[b],), ())
        sample = _sample(solution, saturated, b)
        out.append(Solution(view, sample, Optimum(state, 0.0, 0), solution.scales[b], solution.factor[part]))
    return tuple(out)


def _sample(solution: Solution2, saturated: State2 | None, b: int) -> Sample:
    names = solution.table.blocks[b].observed
    if saturated is None:
        return Sample(names, (), (), (), False)
    scale = solution.scales[b][: len(names)]
    mean = saturated.implied[b].mu * scale
    covariance = saturated.implied[b].sigma * np.outer(scale, scale)
    return Sample(names, (), (mean,), (covariance,), False)


def standardize_levels(solution: Solution2, kind: str) -> Standardized:
    """Standardize every row by the standard deviations of its own level (kind 'all' or 'lv')."""
    parts = [standardize(block, kind) for block in block_solutions(solution)]
    values: Array = np.concatenate([part.values for part in parts])
    slopes = np.zeros((len(values), len(solution.table.whole.free)))
    row = 0
    for part, at in zip(parts, solution.problem.parts, strict=True):
        slopes[row : row + len(part.values), at] = part.jacobian
        row += len(part.values)
    return Standardized(values, slopes)
