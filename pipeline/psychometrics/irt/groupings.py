"""The groups that differential functioning compares, in an order that does not depend on the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def ordered_labels(groups: pd.Series) -> tuple[object, ...]:
    """Labels by value if they are numbers, else by their text; the first is the reference group."""
    from pandas.api.types import is_numeric_dtype

    labels = groups.dropna().unique()
    return tuple(sorted(labels) if is_numeric_dtype(groups) else sorted(labels, key=str))
