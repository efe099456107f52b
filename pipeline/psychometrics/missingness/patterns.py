"""Which answers are missing together, and how many by item and by person.

The validate stage calls it for the section on missing answers; EM and Little's test go through the
patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MissingPatterns:
    """`frame`: one row a pattern, True where an item is answered, and n; most frequent first.

    `by_item`: missing, share. `by_person`: rows by the number of missing answers.
    """

    frame: pd.DataFrame
    by_item: pd.DataFrame
    by_person: pd.Series[int]
    n: int
    complete: int


def missing_patterns(items: pd.DataFrame) -> MissingPatterns:
    """Patterns of missing answers (Rubin, 1976)."""
    import pandas as pd

    known = items.notna()
    patterns, members = pattern_rows(known.to_numpy())
    counts = np.bincount(members, minlength=len(patterns))
    order = np.argsort(-counts, kind="stable")
    frame = pd.DataFrame(patterns[order], columns=items.columns).assign(n=counts[order])
    by_item = pd.DataFrame({"missing": (~known).sum(), "share": (~known).mean()})
    by_person = (~known).sum(axis="columns").value_counts().sort_index()
    return MissingPatterns(frame, by_item, by_person, len(items), int(known.all(axis="columns").sum()))


def pattern_rows(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The distinct rows, and which of them each row is."""
    patterns, members = np.unique(known, axis=0, return_inverse=True)
    return patterns, np.asarray(members, dtype=np.intp).ravel()
