"""Whether a person answers alike items alike: even-odd consistency and psychometric synonyms.

`careless` calls them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Synonyms:
    """`pairs` of items that correlate beyond the critical value; `values`: r over the pairs, by person."""

    pairs: tuple[tuple[str, str], ...]
    critical: float
    values: pd.Series[float]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a person."""
        return self.values.to_frame()


def even_odd(keyed: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> pd.Series[float]:
    """Correlation over scales of the means of even and odd items, 2 r / (1 + r), at least -1 (Johnson, 2005).

    Items as keyed, numbered within their scale. Scales of a single item are left out; at least three are
    needed. Undefined for a person whose halves do not vary, or who left one out of fewer than three.
    """
    import pandas as pd

    used = [list(group) for group in scales.values() if len(group) > 1]
    if len(used) < 3:
        raise PsychometricsError(
            f"even-odd consistency needs three scales of two items or more, not {len(used)}"
        )
    odd = np.column_stack([keyed[group[0::2]].mean(axis="columns") for group in used])
    even = np.column_stack([keyed[group[1::2]].mean(axis="columns") for group in used])
    r = row_correlations(even, odd)
    with np.errstate(divide="ignore", invalid="ignore"):
        stepped = np.where(r > -1, 2 * r / (1 + r), np.where(np.isnan(r), np.nan, -1.0))
    return pd.Series(np.maximum(stepped, -1.0), keyed.index, name="even_odd")


def synonyms(items: pd.DataFrame, critical: float = 0.60) -> Synonyms:
    """Within-person correlation over pairs of items with r above `critical` (Meade & Craig, 2012).

    A negative `critical` gives antonyms, pairs below it. Pairs are found on complete rows; fewer than three
    leave every person undefined.
    """
    import pandas as pd

    names = [str(name) for name in items.columns]
    correlations = items.dropna().corr().to_numpy()
    beyond = correlations > critical if critical >= 0 else correlations < critical
    first, second = np.nonzero(np.triu(beyond, 1))
    pairs = tuple((names[i], names[j]) for i, j in zip(first, second, strict=True))
    answers = items.to_numpy(float)
    if len(pairs) < 3:
        values = np.full(len(items), np.nan)
    else:
        values = row_correlations(answers[:, first], answers[:, second])
    label = "synonyms" if critical >= 0 else "antonyms"
    return Synonyms(pairs, critical, pd.Series(values, items.index, name=label))


def row_correlations(one: Floats, other: Floats) -> Floats:
    """Correlation of two matrices row by row, over the columns that both have; at least three of them."""
    known = np.isfinite(one) & np.isfinite(other)
    count = known.sum(axis=1)
    parts = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for values in (one, other):
            kept = np.where(known, values, 0.0)
            parts.append(np.where(known, kept - (kept.sum(axis=1) / count)[:, None], 0.0))
        sums = [np.sum(part**2, axis=1) for part in parts]
        r = np.sum(parts[0] * parts[1], axis=1) / np.sqrt(sums[0] * sums[1])
    flat = np.minimum(sums[0], sums[1]) < 1e-12
    return np.asarray(np.where((count < 3) | flat, np.nan, np.clip(r, -1, 1)))
