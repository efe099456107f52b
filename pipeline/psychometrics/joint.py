"""Items of several factors, ready to be fitted by one model after another.

`competing` and the models of `validity` call it, so that all of them rest on the same rows and estimator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipeline import sem
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fit import FitMeasures, plain_measures, robust_measures
from pipeline.psychometrics.missingness.em_moments import em_moments, pattern_moments
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

MOST_PATTERNS = 300


@dataclass(frozen=True)
class Joint:
    """Rows, or their moments, under names that are safe in syntax.

    `handling`: listwise (nothing is missing), fiml, or em. With em, models are fitted by maximum likelihood
    to means and covariances that are themselves estimated over every row with an answer, as if each row
    were complete: estimates are consistent, errors and tests are approximate and know no clusters.
    """

    structure: Structure
    data: pd.DataFrame | sem.Moments
    handling: str
    n: int
    clusters: int | None
    _fits: dict[str, sem.Fit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def fit(self, syntax: str) -> sem.Fit:
        """Fit one model, once; a mistake is told with the items' own names."""
        if syntax not in self._fits:
            self._fits[syntax] = self._fitted(syntax)
        return self._fits[syntax]

    def _fitted(self, syntax: str) -> sem.Fit:
        robust = self.handling != "em"
        clustered = self.clusters is not None
        try:
            fit = sem.fit(
                syntax,
                self.data,
                estimator="MLR" if robust else "ML",
                missing="fiml" if self.handling == "fiml" else "listwise",
                cluster="cluster_" if clustered else None,
                std_lv=True,
            )
        except (sem.ModelError, sem.DataError) as error:
            raise PsychometricsError(self.structure.in_words(str(error))) from error
        assert isinstance(fit, sem.Fit)
        return fit

    def measured(self, fit: sem.Fit) -> FitMeasures:
        """Fit measures to show: robust ones where there are any."""
        robust = self.handling != "em" and fit.measures["chisq.scaling.factor"] > 0
        return (robust_measures if robust else plain_measures)(fit.measures)


def joint(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    clusters: pd.Series | None = None,
    most_patterns: int | None = MOST_PATTERNS,
) -> Joint:
    """Rows with an answer and, given clusters, with their unit.

    With more than `most_patterns` patterns of gaps, EM moments take the place of the rows; None: never.
    """
    structure = Structure.of(factors)
    used = items[list(structure.items)]
    known = used.notna().any(axis=1) & (True if clusters is None else clusters.notna())
    data = structure.coded(used[known])
    if len(data) <= len(structure.items):
        raise PsychometricsError(f"only {len(data)} rows for {len(structure.items)} items")
    gaps = data.isna()
    if most_patterns is not None and len(gaps.drop_duplicates()) > most_patterns:
        return Joint(structure, _moments(data), "em", len(data), None)
    handling = "fiml" if gaps.any(axis=None) else "listwise"
    if clusters is not None:
        data = data.assign(cluster_=clusters[known])
    units = None if clusters is None else int(clusters[known].nunique())
    return Joint(structure, data, handling, int(known.sum()), units)


def _moments(data: pd.DataFrame) -> sem.Moments:
    """Means and covariances by EM, laid out as those of complete rows."""
    from pipeline.sem.data.moments import GroupMoments

    answers = data.to_numpy(float)
    centre, spread = np.nanmean(answers, axis=0), np.nanstd(answers, axis=0)
    found = em_moments(pattern_moments((answers - centre) / spread), np.eye(len(spread)))
    count = np.array([float(len(data))])
    mean, cov = centre + found.mean * spread, found.cov * np.outer(spread, spread)
    whole = GroupMoments("", np.ones((1, len(spread))), count, count, mean[None], cov[None])
    return sem.Moments(tuple(data.columns), (whole,))
