"""How large a difference in measurement is: dMACS of each item, beside the ladder of invariance.

`ladder` calls `effect_sizes` with its configural model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.irt.groupings import ordered_labels

if TYPE_CHECKING:
    import pandas as pd

    from pipeline import sem

Floats = NDArray[np.float64]

SMALL, MEDIUM, LARGE = 0.2, 0.4, 0.7


def dmacs(
    loading: Floats | float,
    intercept: Floats | float,
    mean: Floats | float,
    variance: Floats | float,
    deviation: Floats | float,
) -> Floats:
    """Root mean square of the difference between two groups' expected answers (Nye & Drasgow, 2011).

    `loading` and `intercept` are differences, reference less focal group, on one metric; `mean` and
    `variance` those of the factor in the focal group, taken to be normal; `deviation` the item's pooled
    standard deviation. d = sqrt(integral of (intercept + loading x)^2 f(x) dx) / deviation; for a normal f
    the integral is (intercept + loading mean)^2 + loading^2 variance.
    """
    shift = np.asarray(intercept) + np.asarray(loading) * np.asarray(mean)
    return np.asarray(np.sqrt(shift**2 + np.asarray(loading) ** 2 * np.asarray(variance)) / deviation)


def effect_sizes(fit: sem.Fit, data: pd.DataFrame, group: str) -> pd.DataFrame:
    """Each item's dMACS in each group against the first: factor, item, reference, focal, dmacs, shift, size.

    `fit`: factors of unit variance and mean zero in every group, nothing equal. Its factors are brought to
    one metric by effects coding (Little, Slegers & Card, 2006): in each group the loadings of a factor
    average 1 and its intercepts 0, so that no item has to be trusted as an anchor; an item that differs moves
    the others by its share of the average. `shift`: expected answer in the focal group less that in the
    reference group at the same standing, in points of the item, over the focal group. `size`: small from .2,
    medium from .4, large from .7 (Nye et al., 2019). The pooled deviation weighs the groups' by n - 1. Items
    that load on several factors have none.
    """
    import pandas as pd

    table = fit.estimates
    labels = ordered_labels(data[group])
    loads = table[table["op"] == "=~"]
    alone = [item for item, n in loads[loads["group"] == labels[0]]["rhs"].value_counts().items() if n == 1]
    spread, counts = data.groupby(group)[alone].std(), data.groupby(group)[alone].count()
    rows = []
    for factor in dict.fromkeys(loads["lhs"]):
        items = [item for item in dict.fromkeys(loads.loc[loads["lhs"] == factor, "rhs"]) if item in alone]
        if len(items) < 2:
            continue
        lines = {label: _line(table, str(factor), items, label) for label in labels}
        for focal in labels[1:]:
            weights = counts.loc[[labels[0], focal], items] - 1
            pooled = (spread.loc[[labels[0], focal], items] * weights).sum() / weights.sum()
            found = _between(lines[labels[0]], lines[focal], pooled.to_numpy(float))
            rows += [
                {"factor": factor, "item": item, "reference": labels[0], "focal": focal}
                | {"dmacs": float(size), "shift": float(shift), "size": _named(float(size))}
                for item, size, shift in zip(items, *found, strict=True)
            ]
    return pd.DataFrame(rows, columns=["factor", "item", "reference", "focal", "dmacs", "shift", "size"])


def _line(
    table: pd.DataFrame, factor: str, items: list[str], label: object
) -> tuple[Floats, Floats, float, float]:
    """Loadings, intercepts, factor mean and variance of a group by effects coding."""
    own = table[table["group"] == label]
    loads = own[(own["op"] == "=~") & (own["lhs"] == factor)].set_index("rhs")["est"]
    levels = own[own["op"] == "~1"].set_index("lhs")["est"]
    slope, level = loads[items].to_numpy(float), levels[items].to_numpy(float)
    unit, mean = slope.mean(), level.mean()
    return slope / unit, level - slope / unit * mean, float(mean), float(unit**2)


def _between(
    reference: tuple[Floats, Floats, float, float],
    focal: tuple[Floats, Floats, float, float],
    deviation: Floats,
) -> tuple[Floats, Floats]:
    loading, intercept = reference[0] - focal[0], reference[1] - focal[1]
    return dmacs(loading, intercept, focal[2], focal[3], deviation), -(intercept + loading * focal[2])


def _named(value: float) -> str:
    if value < SMALL:
        return "negligible"
    return "small" if value < MEDIUM else "medium" if value < LARGE else "large"
