"""Agreement within groups beside the largest disagreement that the group's mean allows: a_wg.

The validate stage calls it beside rwg(j), which depends on the null that is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def a_wg(items: pd.DataFrame | pd.Series, clusters: pd.Series, bounds: tuple[float, float]) -> GroupAgreement:
    """Mean over items of 1 - 2 s^2 / s_max^2 (Brown & Hauenstein, 2005).

    s_max^2 = ((H + L) M - M^2 - H L) n / (n - 1), the variance of n answers with mean M when all are at the
    ends L and H of the response set. A group that gives nothing but an end has agreement 1 there. Complete
    rows only.
    """
    lowest, highest = bounds
    groups = group_answers(items, clusters)
    if groups.answers.min() < lowest or groups.answers.max() > highest:
        raise PsychometricsError(
            f"answers run from {groups.answers.min():g} to {groups.answers.max():g}, outside {lowest:g} to "
            f"{highest:g}: give the ends of the response set"
        )

    def value(groups: Groups) -> Floats:
        means = groups.means(groups.answers)
        room = (highest + lowest) * means - means**2 - highest * lowest
        largest = room * (groups.sizes / (groups.sizes - 1))[:, None]
        variances = groups.variances()
        agreed = np.where(largest > 1e-12, 1 - 2 * variances / np.maximum(largest, 1e-12), 1.0)
        return np.asarray(agreed.mean(axis=1))

    return agreement_by_group("a_wg", groups, value, {"bounds": bounds})
