"""Agreement within groups as a shortfall of variance: rwg, rwg(j), r*wg(j).

The validate stage calls them for scores that are averaged over groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.aggregation.groups import (
    Floats,
    GroupAgreement,
    Groups,
    agreement_by_group,
    group_answers,
)
from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


def rwg(scores: pd.Series, clusters: pd.Series, null_variance: float) -> GroupAgreement:
    """Agreement on one item or score: 1 - s^2 / null variance (James, Demaree & Wolf, 1984).

    More variance than under the null is no agreement: 0, as R's multilevel. `null_variance` by
    `uniform_null`, `skewed_null` or `null_variance`.
    """
    _check(null_variance)
    groups = group_answers(scores, clusters)

    def value(groups: Groups) -> Floats:
        return np.maximum(1 - groups.variances()[:, 0] / null_variance, 0.0)

    return agreement_by_group("rwg", groups, value, {"null_variance": null_variance})


def rwg_j(items: pd.DataFrame, clusters: pd.Series, null_variance: float) -> GroupAgreement:
    """Agreement on J items: J (1 - q) / (J (1 - q) + q), q = mean s^2 / null variance.

    James, Demaree & Wolf (1984); where q exceeds 1 the index leaves its range and is 0, as in R's
    multilevel. Complete rows only.
    """
    _check(null_variance)
    groups = group_answers(items, clusters)

    def value(groups: Groups) -> Floats:
        ratio = groups.variances().mean(axis=1) / null_variance
        return rwg_j_of(ratio, groups.answers.shape[1])

    return agreement_by_group("rwg(j)", groups, value, {"null_variance": null_variance})


def r_star_wg_j(items: pd.DataFrame, clusters: pd.Series, null_variance: float) -> GroupAgreement:
    """Agreement that does not grow with the number of items: 1 - q (Lindell, Brandt & Whitney, 1999).

    Below 0 there is more disagreement than under the null; the value is kept.
    """
    _check(null_variance)
    groups = group_answers(items, clusters)

    def value(groups: Groups) -> Floats:
        return np.asarray(1 - groups.variances().mean(axis=1) / null_variance)

    return agreement_by_group("r*wg(j)", groups, value, {"null_variance": null_variance})


def rwg_j_of(ratio: Floats, items: int) -> Floats:
    """The Spearman-Brown form of rwg from the ratio of variances; 0 for a ratio above 1."""
    kept = np.minimum(ratio, 1.0)
    agreed = items * (1 - kept)
    return np.asarray(agreed / (agreed + kept))


def _check(null_variance: float) -> None:
    if not null_variance > 0:
        raise PsychometricsError(f"the null variance is {null_variance:g}: it has to be above zero")
