"""Which items are ordered, what their categories are, and the rows with codes 0..K-1 in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.syntax import Model
from pipeline.sem.table.roles import find_roles

if TYPE_CHECKING:
    import pandas as pd

_MANY = 40


def ordered_items(model: Model, ordered: Sequence[str] | bool, fixed_x: bool) -> tuple[str, ...]:
    """Return the ordered items of a model: those named (True: all), and those with a `|` line.

    Fixed covariates are conditioned on, never cut; an ordered one enters as its numbers.
    """
    roles = find_roles(model.formulas)
    covariates = roles.exogenous_observed if fixed_x else ()
    cut = {name for f in model.formulas if f.operator == "|" for name in f.left}
    named = set(roles.observed) if ordered is True else cut | set(ordered or ())
    return tuple(name for name in roles.observed if name in named and name not in covariates)


def covariates_told(model: Model, ordered: Sequence[str] | bool, items: Sequence[str]) -> tuple[str, ...]:
    """Tell which of the names in ordered= are conditioned on instead."""
    named = find_roles(model.formulas).observed if ordered is True else tuple(ordered or ())
    return tuple(
        f"'{name}' is a fixed covariate: it enters as its numbers, and thresholds are not estimated "
        "(fixed_x=False would cut it)"
        for name in find_roles(model.formulas).exogenous_observed
        if name in named and name not in items
    )


def numbered(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Replace ordered pandas categoricals by the numbers of their categories."""
    import pandas as pd

    out = frame
    for name in names:
        if name in frame.columns and isinstance(frame[name].dtype, pd.CategoricalDtype):
            if not frame[name].cat.ordered:
                raise DataError(
                    f"the categories of '{name}' have no order; declare it, or code them by numbers"
                )
            codes = frame[name].cat.codes.astype(float)
            out = out.assign(**{name: codes.where(codes >= 0)})
    return out


def coded(rows: Rows, items: Sequence[str]) -> tuple[Rows, tuple[tuple[str, int], ...]]:
    """Return the rows with items coded 0..K-1, and the number of thresholds of each."""
    thresholds = []
    values = [group.values.copy() for group in rows.groups]
    for name in items:
        at = rows.variables.index(name)
        known = np.unique(np.concatenate([own[:, at] for own in values]))
        known = known[~np.isnan(known)]
        if len(known) > _MANY:
            raise DataError(f"'{name}' has {len(known)} different values; treat it as continuous")
        for own in values:
            own[:, at] = _codes(own[:, at], known)
        thresholds.append((name, len(known) - 1))
    groups = tuple(replace(group, values=own) for group, own in zip(rows.groups, values, strict=True))
    return replace(rows, groups=groups), tuple(thresholds)


def _codes(column: Array, known: Array) -> Array:
    return np.where(np.isnan(column), np.nan, np.searchsorted(known, column).astype(float))
