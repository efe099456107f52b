"""Mantel-Haenszel test of differential functioning of items with two answers.

The validate stage calls it beside `dif`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.irt.groupings import ordered_labels

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MantelHaenszel:
    """Common odds ratio of the higher answer, second group against first, over strata of the matching score.

    `delta` = -2.35 ln(odds ratio) on the scale of the Educational Testing Service; `grade`: A negligible,
    B moderate, C large (Zieky, 1993, by size alone: below 1, below 1.5, or more).
    """

    chisq: float
    pvalue: float
    odds_ratio: float
    ci_lower: float
    ci_upper: float
    delta: float
    grade: str
    strata: int
    n: int
    breaks: tuple[float, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row: everything but the breaks."""
        import pandas as pd

        return pd.DataFrame([{name: value for name, value in vars(self).items() if name != "breaks"}])


def mantel_haenszel(
    item: pd.Series,
    groups: pd.Series,
    score: pd.Series,
    strata: int | None = 5,
    confidence: float = 0.95,
) -> MantelHaenszel:
    """Chi-square with continuity correction (Mantel & Haenszel, 1959), interval by Robins et al. (1986).

    `score` is the matching score, cut at its quantiles (type 7) into `strata` parts, or, given None, each
    value by itself. Strata with one group or one answer tell nothing and drop out.
    """
    from scipy.stats import chi2, norm

    known = (item.notna() & groups.notna() & score.notna()).to_numpy()
    answers, labels = np.unique(item[known].to_numpy(), return_inverse=True)
    members = ordered_labels(groups[known])
    sides = (groups[known] == members[-1]).to_numpy(int)
    if len(answers) != 2 or len(members) != 2:
        raise PsychometricsError(
            f"{len(answers)} answers and {len(members)} groups: the test is for two of each"
        )
    matching = score[known].to_numpy(float)
    breaks, parts = _strata(matching, strata)
    tables = np.zeros((parts.max() + 1, 2, 2))
    np.add.at(tables, (parts, labels, sides), 1)
    size = tables.sum(axis=(1, 2))
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)
    told = (rows.min(axis=1) > 0) & (columns.min(axis=1) > 0)
    if not told.any():
        raise PsychometricsError("no stratum has both groups and both answers: use fewer strata")
    tables, size, rows, columns = tables[told], size[told], rows[told], columns[told]
    apart = float((tables[:, 0, 0] - rows[:, 0] * columns[:, 0] / size).sum())
    variance = float((rows.prod(axis=1) * columns.prod(axis=1) / (size**2 * (size - 1))).sum())
    statistic = max(abs(apart) - min(0.5, abs(apart)), 0.0) ** 2 / variance
    ratio, error = _common(tables, size)
    limit = norm.ppf((1 + confidence) / 2) * error
    delta = -2.35 * float(np.log(ratio))
    return MantelHaenszel(
        chisq=statistic,
        pvalue=float(chi2.sf(statistic, 1)),
        odds_ratio=ratio,
        ci_lower=float(ratio * np.exp(-limit)),
        ci_upper=float(ratio * np.exp(limit)),
        delta=delta,
        grade="A" if abs(delta) < 1 else "B" if abs(delta) < 1.5 else "C",
        strata=int(told.sum()),
        n=int(size.sum()),
        breaks=breaks,
    )


def _strata(score: Floats, strata: int | None) -> tuple[tuple[float, ...], NDArray[np.intp]]:
    if strata is None:
        values, parts = np.unique(score, return_inverse=True)
        return tuple(values.tolist()), np.asarray(parts, dtype=np.intp)
    breaks = np.unique(np.quantile(score, np.linspace(0, 1, strata + 1)))
    return tuple(breaks.tolist()), np.searchsorted(breaks[1:-1], score, side="left").astype(np.intp)


def _common(tables: Floats, size: Floats) -> tuple[float, float]:
    """Common odds ratio and the standard error of its logarithm."""
    ahead, back = tables[:, 0, 0] * tables[:, 1, 1] / size, tables[:, 0, 1] * tables[:, 1, 0] / size
    if not min(ahead.sum(), back.sum()) > 0:
        raise PsychometricsError("the odds ratio is zero or infinite: the groups' answers do not overlap")
    p = (tables[:, 0, 0] + tables[:, 1, 1]) / size
    q = 1 - p
    total, other = ahead.sum(), back.sum()
    variance = (
        (p * ahead).sum() / (2 * total**2)
        + (p * back + q * ahead).sum() / (2 * total * other)
        + (q * back).sum() / (2 * other**2)
    )
    return float(total / other), float(np.sqrt(variance))
