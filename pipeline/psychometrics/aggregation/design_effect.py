"""How much the groups inflate the variance of a mean: the design effect.

The validate stage calls it to say whether clusters may be ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.agreement import intraclass

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DesignEffect:
    """1 + (m - 1) ICC(1), with m the mean size (`deff`) or the size-weighted one (`deff_weighted`)."""

    icc1: float
    mean_size: float
    weighted_size: float
    deff: float
    deff_weighted: float
    n: int
    effective_n: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row with every value."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def design_effect(scores: pd.Series, clusters: pd.Series) -> DesignEffect:
    """Design effect of a score (Kish, 1965): variance of its mean over that of as many independent rows.

    m is the mean group size, and sum n_j^2 / N in the weighted form, which is right when sizes differ.
    The effective number of rows is N over the weighted form. ICC(1) by `intraclass`, with Bartko's n0;
    below zero it counts as zero.
    """
    found = intraclass(scores, clusters)
    known = clusters[scores.notna() & clusters.notna()]
    sizes = known.value_counts().to_numpy(float)
    weighted = float(np.sum(sizes**2) / sizes.sum())
    icc = max(found.icc1_n0, 0.0)
    deff, deff_weighted = 1 + (found.mean_size - 1) * icc, 1 + (weighted - 1) * icc
    return DesignEffect(
        found.icc1_n0, found.mean_size, weighted, deff, deff_weighted, found.n, found.n / deff_weighted
    )
