"""Average variance extracted and composite reliability from given loadings.

The validate stage calls `ave` on the loadings of a confirmatory model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Convergent:
    """`frame`, by factor: k, ave, cr (composite reliability, omega)."""

    frame: pd.DataFrame


def ave(loadings: pd.DataFrame, total_variance: Mapping[str, float] | None = None) -> Convergent:
    """Convergent validity of each factor from columns factor, item, loading and, if given, residual.

    Loadings are on factors of unit variance. AVE = sum of loading^2 / (the same + sum of residual variances)
    (Fornell & Larcker, 1981); CR = (sum of loadings)^2 / (the same + sum of residual variances) (Joreskog,
    1971), or over `total_variance` of the observed sum score where given (McDonald, 1999). Without `residual`
    loadings are taken as standardised: 1 - loading^2. Each item counts once: cross-loadings have no AVE.
    """
    import pandas as pd

    _refuse(loadings)
    rows = {}
    for factor, part in loadings.groupby("factor", sort=False):
        loads = part["loading"].to_numpy(float)
        left = part["residual"].to_numpy(float) if "residual" in part else 1 - loads**2
        squares, common = float(np.sum(loads**2)), float(loads.sum()) ** 2
        total = common + float(left.sum()) if total_variance is None else total_variance[str(factor)]
        rows[str(factor)] = {
            "k": len(part),
            "ave": squares / (squares + float(left.sum())),
            "cr": common / total,
        }
    return Convergent(pd.DataFrame.from_dict(rows, orient="index").astype({"k": int}))


def _refuse(loadings: pd.DataFrame) -> None:
    absent = {"factor", "item", "loading"} - set(loadings.columns)
    if absent:
        raise PsychometricsError(f"the loadings have no column {', '.join(sorted(absent))}")
    double = loadings["item"][loadings["item"].duplicated()].unique()
    if len(double):
        raise PsychometricsError(
            f"item {double[0]} loads on more than one factor: the variance extracted by one is undefined"
        )
    if "residual" not in loadings and (loadings["loading"].abs() > 1).any():
        raise PsychometricsError("a standardised loading lies above 1: give the residual variances too")
