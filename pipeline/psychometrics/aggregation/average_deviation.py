"""Agreement within groups in the unit of the answers: the average deviation AD_M (or AD_Md).

The validate stage calls it beside rwg(j), whose unit nobody can picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.psychometrics.aggregation.groups import (
    Floats,
    GroupAgreement,
    Groups,
    agreement_by_group,
    group_answers,
)
from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd

Centre = Literal["mean", "median"]


def ad_m(items: pd.DataFrame | pd.Series, clusters: pd.Series, centre: Centre = "mean") -> GroupAgreement:
    """Mean absolute deviation from the group's mean (or median), averaged over items.

    Burke, Finkelstein & Dusig (1999). Lower is more agreement; A / 6 for A possible answers is the usual
    upper bound (Burke & Dunlap, 2002). Complete rows only.
    """
    if centre not in ("mean", "median"):
        raise PsychometricsError(f"centre is 'mean' or 'median', not '{centre}'")
    groups = group_answers(items, clusters)

    def value(groups: Groups) -> Floats:
        middle = groups.means if centre == "mean" else groups.medians
        deviations = np.abs(groups.answers - middle(groups.answers)[groups.codes])
        return np.asarray(groups.means(deviations).mean(axis=1))

    return agreement_by_group("AD_M", groups, value, {"centre": centre})
