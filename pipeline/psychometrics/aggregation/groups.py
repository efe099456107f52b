"""Answers sorted into groups, and the value that an agreement index gives each group.

The agreement indices of this room share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GroupAgreement:
    """An agreement index by group.

    `frame`: cluster, n (complete rows), value; groups in order of first appearance, those with a single
    complete row without a value. `options` say what the index was asked for.
    """

    statistic: str
    frame: pd.DataFrame
    options: Mapping[str, object]

    @property
    def mean(self) -> float:
        """Mean over the groups that have a value."""
        return float(self.frame["value"].mean())

    @property
    def median(self) -> float:
        """Median over the groups that have a value."""
        return float(self.frame["value"].median())

    @property
    def without_value(self) -> int:
        """Groups with fewer than two complete rows, or where the index is undefined."""
        return int(self.frame["value"].isna().sum())

    def share_at_least(self, bound: float) -> float:
        """Share of the groups with a value that reach a bound, such as .70 for rwg(j)."""
        values = self.frame["value"].dropna()
        return float((values >= bound).mean())


@dataclass(frozen=True)
class Groups:
    """Complete rows of answers (n x items), the group of each, and the groups' labels and sizes."""

    answers: Floats
    codes: NDArray[np.intp]
    labels: tuple[object, ...]
    sizes: NDArray[np.intp]

    def means(self, values: Floats) -> Floats:
        """Mean of each column by group."""
        totals = np.column_stack(
            [np.bincount(self.codes, weights=column, minlength=len(self.sizes)) for column in values.T]
        )
        return np.asarray(totals / self.sizes[:, None])

    def medians(self, values: Floats) -> Floats:
        """Median of each column by group."""
        return np.array([np.median(values[self.codes == code], axis=0) for code in range(len(self.sizes))])

    def variances(self) -> Floats:
        """Variance (n - 1) of each item by group; undefined for a single row."""
        deviations = self.answers - self.means(self.answers)[self.codes]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.means(deviations**2) * (self.sizes / (self.sizes - 1))[:, None])


def group_answers(items: pd.DataFrame | pd.Series, clusters: pd.Series) -> Groups:
    """Sort the complete rows by group; several items in a frame, one in a series."""
    import pandas as pd

    frame = items.to_frame() if isinstance(items, pd.Series) else items
    known = (frame.notna().all(axis="columns") & clusters.notna()).to_numpy()
    if not known.any():
        raise PsychometricsError("no row has all its answers and a group")
    codes, labels = pd.factorize(clusters[known])
    return Groups(
        frame[known].to_numpy(float), codes.astype(np.intp), tuple(labels), np.bincount(codes).astype(np.intp)
    )


def agreement_by_group(
    statistic: str, groups: Groups, values: Callable[[Groups], Floats], options: Mapping[str, object]
) -> GroupAgreement:
    """Lay an index beside its groups; a group with a single row has none."""
    import pandas as pd

    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(groups.sizes > 1, values(groups), np.nan)
    frame = pd.DataFrame({"cluster": list(groups.labels), "n": groups.sizes, "value": found})
    return GroupAgreement(statistic, frame, options)
