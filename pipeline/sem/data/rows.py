"""The rows themselves, by group: for sandwich errors, factor scores and resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array, Index, as_float
from pipeline.sem.data.moments import GroupMoments, Moments, group_moments
from pipeline.sem.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GroupRows:
    """Values (NaN = no answer), weights, cluster numbers and positions in the frame of one group's rows."""

    label: str
    values: Array
    weights: Array
    clusters: Index | None
    positions: Index

    def moments(self) -> GroupMoments:
        """Return the sufficient statistics."""
        return group_moments(self.label, self.values, self.weights)

    def keep(self, rows: Array) -> GroupRows:
        """Return some of the rows."""
        clusters = None if self.clusters is None else self.clusters[rows]
        return GroupRows(self.label, self.values[rows], self.weights[rows], clusters, self.positions[rows])


@dataclass(frozen=True)
class Rows:
    """All rows that a model can use, group by group in order of first appearance."""

    variables: tuple[str, ...]
    groups: tuple[GroupRows, ...]
    dropped: int = 0

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        variables: Sequence[str],
        group: str | None = None,
        weights: str | None = None,
        cluster: str | None = None,
    ) -> Rows:
        """Take the variables of a model out of a frame."""
        _check_columns(frame, [*variables, *(name for name in (group, weights, cluster) if name)])
        values = _numbers(frame, variables)
        weight = _weights(frame, weights)
        codes, labels = _codes(frame, group)
        clusters = _codes(frame, cluster)[0] if cluster else None
        usable = (codes >= 0) & ~np.isnan(weight)
        if clusters is not None:
            usable &= clusters >= 0
        groups = []
        for number, label in enumerate(labels):
            at = np.flatnonzero(usable & (codes == number))
            groups.append(
                GroupRows(label, values[at], weight[at], None if clusters is None else clusters[at], at)
            )
        return cls(tuple(variables), tuple(groups), int((~usable).sum()))

    def moments(self) -> Moments:
        """Return the sufficient statistics."""
        return Moments(self.variables, tuple(group.moments() for group in self.groups))

    def usable(self, missing: str, required: Sequence[str] = ()) -> Rows:
        """Drop incomplete rows (listwise); rows without any answer or without a required one (fiml)."""
        groups, dropped = [], self.dropped
        at = [self.variables.index(name) for name in required]
        for group in self.groups:
            answered = ~np.isnan(group.values)
            keep = (
                answered.all(axis=1)
                if missing == "listwise"
                else answered.any(axis=1) & answered[:, at].all(axis=1)
            )
            dropped += int((~keep).sum())
            groups.append(group if keep.all() else group.keep(np.asarray(keep)))
        return Rows(self.variables, tuple(groups), dropped)

    @property
    def count(self) -> int:
        """Number of rows."""
        return sum(len(group.values) for group in self.groups)


def _check_columns(frame: pd.DataFrame, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        import difflib

        close = difflib.get_close_matches(missing[0], [str(c) for c in frame.columns], n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise DataError(f"the data have no column {', '.join(map(repr, missing))}{hint}; the model needs it")


def _numbers(frame: pd.DataFrame, variables: Sequence[str]) -> Array:
    at = [_position(frame, name) for name in variables]
    own = frame if at == list(range(frame.shape[1])) else frame.iloc[:, at]
    for name, kind in zip(variables, own.dtypes, strict=True):
        if getattr(kind, "kind", "O") not in "biuf":
            raise DataError(f"column '{name}' holds {kind} values, not numbers; code it before fitting")
    values = own.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(
            f"column '{variables[int(np.isinf(values).any(axis=0).argmax())]}' holds infinite values"
        )
    return values


def _position(frame: pd.DataFrame, name: str) -> int:
    at = frame.columns.get_loc(name)
    if not isinstance(at, int):
        raise DataError(f"the data have several columns called '{name}'; rename or drop all but one")
    return at


def _weights(frame: pd.DataFrame, name: str | None) -> Array:
    if name is None:
        return np.ones(len(frame))
    weights = as_float(frame[name])
    if (weights[~np.isnan(weights)] < 0).any():
        raise DataError(f"sampling weights in '{name}' must not be negative")
    return weights


def _codes(frame: pd.DataFrame, name: str | None) -> tuple[Index, list[str]]:
    """Number the values of a column in order of first appearance; missing ones are -1."""
    if name is None:
        return np.zeros(len(frame), dtype=np.intp), [""]
    import pandas as pd

    codes, values = pd.factorize(frame[name])
    return codes.astype(np.intp), [str(value) for value in values]
