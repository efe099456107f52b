"""Correlations of ordered and continuous items: polychoric, tetrachoric, polyserial, Pearson's.

For those who need the matrix and not a model: exploratory factors, parallel analysis, reliability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.ordinal.coding import coded, numbered
from pipeline.sem.ordinal.sample import check_categories, notes_of
from pipeline.sem.ordinal.statistics import GroupStatistics, Kinds, group_statistics
from pipeline.sem.ordinal.tables import pair_index

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Correlations:
    """A matrix of correlations with thresholds, errors and what there is to know about it."""

    statistics: GroupStatistics
    warnings: tuple[str, ...]

    @property
    def matrix(self) -> Array:
        """The correlations."""
        deviation = np.sqrt(np.diag(self.statistics.covariance))
        out: Array = self.statistics.covariance / np.outer(deviation, deviation)
        return out

    @property
    def frame(self) -> pd.DataFrame:
        """The correlations with names."""
        import pandas as pd

        names = list(self.statistics.kinds.variables)
        return pd.DataFrame(self.matrix, names, names)

    @property
    def thresholds(self) -> pd.Series[float]:
        """Thresholds of the ordered items, named as 'item|t1'."""
        import pandas as pd

        kinds, levels = self.statistics.kinds, self.statistics.levels
        cut = kinds.level_step >= 0
        names = [name for name, is_cut in zip(kinds.names, cut, strict=False) if is_cut]
        return pd.Series(levels[cut], names)

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Standard errors of the correlations (of covariances, where a variable is continuous)."""
        import pandas as pd

        names = list(self.statistics.kinds.variables)
        out, pairs = np.zeros((len(names), len(names))), pair_index(len(names))
        own = np.sqrt(self.statistics.gamma_diagonal[-len(pairs[0]) :] / self.statistics.count)
        out[pairs] = own
        return pd.DataFrame(out + out.T, names, names)


def correlations(
    data: pd.DataFrame, ordered: Sequence[str] | bool = True, missing: str = "pairwise"
) -> Correlations:
    """Correlate the columns of a frame; `ordered` names the items that are cut normals (True: all).

    missing='pairwise' uses, for each pair, the rows that answered both, and assumes that answers are missing
    completely at random; 'listwise' uses complete rows.
    """
    if missing not in {"pairwise", "listwise"}:
        raise DataError(f"missing='{missing}' is not known; choose 'pairwise' or 'listwise'")
    names = [str(name) for name in data.columns]
    wanted = set(names) if ordered is True else set(ordered or ())
    if not wanted <= set(names):
        raise DataError(f"the data have no column '{min(wanted - set(names))}', which ordered= names")
    items = [name for name in names if name in wanted]
    rows = Rows.of(numbered(data, items), names).usable(missing)
    rows, thresholds = coded(rows, items)
    counts = {name: count + 1 for name, count in thresholds}
    kinds = Kinds(tuple(names), tuple(counts.get(name, 0) for name in names))
    values = rows.groups[0].values
    check_categories(values, kinds, "")
    part = group_statistics("", values, np.zeros((len(values), 0)), kinds)
    return Correlations(part, tuple(notes_of(part, part.covariance)))
