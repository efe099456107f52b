"""What each item does in its scale.

`reliability` calls it; `stages/validate` prints its frame beside the loadings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.descriptives import Bounds, describe, extremes
from pipeline.psychometrics.moments import Missing, covariances

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ItemStatistics:
    """One row an item.

    n, missing, mean, sd, skew: of all its answers. floor, ceiling: share of answers at the lowest and highest
    possible value. item_rest: correlation with the sum of the other items (corrected item-total
    correlation); alpha_if_dropped: alpha of the others; both from the covariance matrix that alpha rests on,
    and undefined where fewer than two, or three, items are there.
    """

    frame: pd.DataFrame


def item_statistics(
    items: pd.DataFrame, missing: Missing = "complete", bounds: Bounds | None = None
) -> ItemStatistics:
    """Statistics of each keyed item of a scale (Nunnally & Bernstein, 1994, 8)."""
    cov, _ = covariances(items, missing)
    frame = describe(items).frame[["n", "missing", "mean", "sd", "skew"]].join(extremes(items, bounds))
    positions = range(len(cov))
    frame["item_rest"] = [_item_rest(cov, item) for item in positions]
    frame["alpha_if_dropped"] = [_alpha_without(cov, item) for item in positions]
    return ItemStatistics(frame)


def _item_rest(cov: NDArray[np.float64], item: int) -> float:
    """Covariance with the sum of the others, over the two standard deviations."""
    if len(cov) < 2:
        return float("nan")
    rest = np.delete(np.arange(len(cov)), item)
    with_rest, rest_variance = cov[item, rest].sum(), cov[np.ix_(rest, rest)].sum()
    return float(with_rest / np.sqrt(cov[item, item] * rest_variance))


def _alpha_without(cov: NDArray[np.float64], item: int) -> float:
    k = len(cov) - 1
    if k < 2:
        return float("nan")
    rest = np.delete(np.arange(len(cov)), item)
    kept = cov[np.ix_(rest, rest)]
    return float(k / (k - 1) * (1 - np.trace(kept) / kept.sum()))
