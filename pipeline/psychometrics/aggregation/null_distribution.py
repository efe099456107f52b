"""What an agreement index looks like in groups that do not agree at all.

The validate stage calls it to say how large a value chance alone would give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.aggregation.groups import Floats
from pipeline.psychometrics.aggregation.nulls import null_variance
from pipeline.psychometrics.aggregation.rwg import rwg_j_of
from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

BATCH = 5000


@dataclass(frozen=True)
class NullDistribution:
    """Simulated values of an index under no agreement.

    `critical` is the 95th percentile where much is agreement (rwg, rwg(j)), the 5th where little is (AD_M).
    """

    statistic: str
    size: int
    items: int
    categories: int
    seed: int
    values: Floats
    critical: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row: statistic, size, items, categories, draws, mean, sd, critical."""
        import pandas as pd

        row = {name: getattr(self, name) for name in ("statistic", "size", "items", "categories", "seed")}
        row |= {"draws": len(self.values), "mean": self.values.mean(), "sd": self.values.std(ddof=1)}
        return pd.DataFrame([row | {"critical": self.critical}])

    def p_value(self, value: float) -> float:
        """Share of values at least as much agreement, counting the one observed (Davison & Hinkley, 1997)."""
        low = self.statistic == "AD_M"
        as_much = (self.values <= value if low else self.values >= value).sum()
        return float((as_much + 1) / (len(self.values) + 1))


def null_rwg_j(
    size: int,
    items: int,
    categories: int,
    *,
    draws: int = 10_000,
    seed: int = 1,
    correlations: Floats | None = None,
) -> NullDistribution:
    """Distribution of rwg(j) where answers are uniform and independent of the group.

    Dunlap, Burke & Smith-Crowe (2003) for one item, Cohen, Doveh & Eick (2001) for several. `correlations`
    of the items, where given, are those of normal variables that are cut into equally likely answers.
    """
    uniform = np.full(categories, 1 / categories)
    expected = null_variance(uniform.tolist())

    def index(answers: Floats) -> Floats:
        ratio = answers.var(axis=1, ddof=1).mean(axis=1) / expected
        return rwg_j_of(ratio, items)

    values = _simulate(index, (size, items, categories), correlations, draws, seed)
    return NullDistribution(
        "rwg(j)" if items > 1 else "rwg",
        size,
        items,
        categories,
        seed,
        values,
        float(np.quantile(values, 0.95)),
    )


def null_ad_m(
    size: int,
    items: int,
    categories: int,
    *,
    draws: int = 10_000,
    seed: int = 1,
    correlations: Floats | None = None,
) -> NullDistribution:
    """Distribution of AD_M where answers are uniform and independent of the group.

    Dunlap, Burke & Smith-Crowe (2003); Cohen, Doveh & Nahum-Shani (2009). Options as for `null_rwg_j`.
    """

    def index(answers: Floats) -> Floats:
        deviations = np.abs(answers - answers.mean(axis=1, keepdims=True))
        return np.asarray(deviations.mean(axis=(1, 2)))

    values = _simulate(index, (size, items, categories), correlations, draws, seed)
    return NullDistribution("AD_M", size, items, categories, seed, values, float(np.quantile(values, 0.05)))


def _simulate(
    index: Callable[[Floats], Floats],
    shape: tuple[int, int, int],
    correlations: Floats | None,
    draws: int,
    seed: int,
) -> Floats:
    size, items, categories = shape
    if size < 2 or items < 1 or categories < 2 or draws < 1:
        raise PsychometricsError("a group needs two answers, and an item two possible answers")
    found = []
    for number, start in enumerate(range(0, draws, BATCH)):
        rng = np.random.default_rng([seed, number])
        batch = (min(BATCH, draws - start), size, items)
        found.append(index(_answers(rng, batch, categories, correlations)))
    return np.concatenate(found)


def _answers(
    rng: np.random.Generator, shape: tuple[int, int, int], categories: int, correlations: Floats | None
) -> Floats:
    if correlations is None:
        return rng.integers(1, categories + 1, shape).astype(float)
    from scipy.stats import norm

    roots = np.linalg.cholesky(np.asarray(correlations, dtype=float))
    cuts = norm.ppf(np.arange(1, categories) / categories)
    return np.searchsorted(cuts, rng.standard_normal(shape) @ roots.T).astype(float) + 1
