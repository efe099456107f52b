"""Fit of one level alone: the other level is left unrestricted (Ryu & West, 2009).

A chi-square of the whole model is dominated by the within level, which has far more data; a between level
that does not fit is seen only alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.measures import incremental, rmsea
from pipeline.sem.twolevel.estimate import Solution2, solve
from pipeline.sem.twolevel.measures import residual_size
from pipeline.sem.twolevel.problem import State2
from pipeline.sem.twolevel.saturated import half_saturated, independence_table


@dataclass(frozen=True)
class LevelFit:
    """Chi-square, CFI, RMSEA and SRMR of one level."""

    level: int
    converged: bool
    statistic: float
    df: int
    pvalue: float
    cfi: float
    rmsea: float
    srmr: float


def level_fit(solution: Solution2, level: int, saturated: Optimum[State2]) -> LevelFit:
    """Return the fit of a level; N of RMSEA is the clusters between, people less clusters within."""
    from scipy.special import chdtrc

    sample = solution.sample
    independence = solve(independence_table(solution.table), sample, solution.bounds)
    model, null = half_saturated(solution, level), half_saturated(independence, level)
    reference = saturated.state
    x2, x2_null = (2 * sample.total * (m.state.value - reference.value) for m in (model, null))
    at_zero = [len(own.held) if level == 2 else 0 for own in (solution, independence)]
    df, df_null = (reference.x.size - m.state.x.size - n for m, n in zip((model, null), at_zero, strict=True))
    clusters = float(sample.clusters.sum())
    n = clusters if level == 2 else sample.total - clusters
    four = (x2, float(df), x2_null, float(df_null))
    sizes = [
        residual_size(reference.implied[b].sigma, model.state.implied[b].sigma)
        for b in range(level - 1, len(reference.implied), 2)
    ]
    srmr = float(sum(w * size for w, size in zip(sample.shares, sizes, strict=True)))
    pvalue = float(chdtrc(df, x2)) if df else float("nan")
    own = rmsea.rmsea(x2, float(df), n, len(sample.shares))
    return LevelFit(level, model.converged, x2, df, pvalue, incremental.cfi(*four), own, srmr)
