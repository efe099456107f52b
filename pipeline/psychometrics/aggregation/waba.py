"""Within and between analysis of two variables: where their correlation comes from.

The validate stage calls it for pairs of scores measured on the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.aggregation.groups import group_answers
from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class WithinBetween:
    """Parts of a raw correlation: r = between_part + within_part.

    Etas are correlations of a variable with its group means (between) and with the deviations from them
    (within); `between` and `within` correlate the means (weighted by size) and the deviations. `angle_x`,
    `angle_y` (radians) are the within less the between angle of the etas: above pi / 12 (15 degrees) the
    groups are homogeneous, below -pi / 12 the differences lie within groups.
    """

    raw: float
    eta_between_x: float
    eta_between_y: float
    between: float
    eta_within_x: float
    eta_within_y: float
    within: float
    between_part: float
    within_part: float
    angle_x: float
    angle_y: float
    n: int
    clusters: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row with every value."""
        import pandas as pd

        return pd.DataFrame([vars(self)])


def waba(x: pd.Series, y: pd.Series, clusters: pd.Series) -> WithinBetween:
    """Covariance theorem: r = eta_Bx eta_By r_B + eta_Wx eta_Wy r_W (Dansereau, Alutto & Yammarino, 1984).

    Complete rows only. Angles compare arccos of the etas (the A test of practical significance).
    """
    import pandas as pd

    groups = group_answers(pd.DataFrame({"x": x, "y": y}), clusters)
    means = groups.means(groups.answers)[groups.codes]
    columns = np.column_stack([groups.answers, means, groups.answers - means])
    if np.any(columns.std(axis=0) <= 1e-12 * np.abs(groups.answers).max()):
        raise PsychometricsError("each variable has to differ within groups and between them")
    r = np.corrcoef(columns, rowvar=False)
    eta_b, eta_w = (r[0, 2], r[1, 3]), (r[0, 4], r[1, 5])
    angles = [np.arccos(within) - np.arccos(between) for within, between in zip(eta_w, eta_b, strict=True)]
    return WithinBetween(
        raw=float(r[0, 1]),
        eta_between_x=float(eta_b[0]),
        eta_between_y=float(eta_b[1]),
        between=float(r[2, 3]),
        eta_within_x=float(eta_w[0]),
        eta_within_y=float(eta_w[1]),
        within=float(r[4, 5]),
        between_part=float(eta_b[0] * eta_b[1] * r[2, 3]),
        within_part=float(eta_w[0] * eta_w[1] * r[4, 5]),
        angle_x=float(angles[0]),
        angle_y=float(angles[1]),
        n=len(groups.answers),
        clusters=len(groups.sizes),
    )
