"""Coefficient omega: total from one factor, hierarchical from a Schmid-Leiman solution.

The validate stage is to head the reliability table with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.consistency.scale_covariance import Floats, scale_covariance
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.correlation_matrix import correlation_matrix
from pipeline.psychometrics.exploratory.extraction import Method, extract
from pipeline.psychometrics.exploratory.rotation import Rotation, RotationOptions
from pipeline.psychometrics.exploratory.schmid_leiman import SchmidLeiman, schmid_leiman
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OmegaTotal:
    """Omega of one factor; `frame`: loading and uniqueness of each standardised item."""

    est: float
    k: int
    n: int
    frame: pd.DataFrame


@dataclass(frozen=True)
class OmegaHierarchical:
    """Shares of the variance of a sum score, items standardised.

    hierarchical: the general factor; total: all common factors; limit: hierarchical / total (asymptotic
    omega hierarchical); alpha and lambda6 of the same matrix. `flipped` items were turned because they load
    negatively on the general factor. `frame`: one row for g and each group factor (of the items that load
    most on it): total, general, group; `solution` is the Schmid-Leiman solution before turning.
    """

    hierarchical: float
    total: float
    limit: float
    alpha: float
    lambda6: float
    explained_common_variance: float
    flipped: tuple[str, ...]
    n: int
    frame: pd.DataFrame
    solution: SchmidLeiman


def omega_total(items: pd.DataFrame, method: Method = "minres", missing: Missing = "complete") -> OmegaTotal:
    """(sum of loadings)^2 / ((sum of loadings)^2 + sum of uniquenesses) (McDonald, 1999).

    One factor of the correlations, so this is omega of the sum of standardised items. Three items at least:
    with two, one factor is not identified.
    """
    import pandas as pd

    if items.shape[1] < 3:
        raise PsychometricsError("omega needs three items: with two, one factor is not identified")
    found = scale_covariance(items, missing, standardized=True)
    solved = extract(found.values, 1, method)
    common, unique = float(solved.loadings.sum()) ** 2, float(solved.uniquenesses.sum())
    frame = pd.DataFrame(
        {"loading": solved.loadings[:, 0], "uniqueness": solved.uniquenesses}, index=list(found.names)
    )
    return OmegaTotal(common / (common + unique), len(frame), found.n, frame)


def omega_hierarchical(
    items: pd.DataFrame,
    factors: int = 3,
    method: Method = "minres",
    rotation: Rotation = "oblimin",
    *,
    n: int | None = None,
    missing: Missing = "complete",
    options: RotationOptions | None = None,
) -> OmegaHierarchical:
    """(sum of general loadings)^2 / V, V the sum of the correlations (Zinbarg, Revelle, Yovel & Li, 2005).

    As R's psych::omega. Total is 1 - sum of uniquenesses / V. Given `n`, `items` is a correlation matrix.
    """
    solution = schmid_leiman(items, factors, method, rotation, n=n, missing=missing, options=options)
    found = correlation_matrix(items, n, missing)
    keys = np.where(solution.general < 0, -1.0, 1.0)
    matrix = found.values * np.outer(keys, keys)
    general, groups = solution.general * keys, solution.groups * keys[:, None]
    total, k = float(matrix.sum()), len(keys)
    omega = 1 - float(solution.frame["uniqueness"].sum()) / total
    hierarchical = float(general.sum()) ** 2 / total
    return OmegaHierarchical(
        hierarchical=hierarchical,
        total=omega,
        limit=hierarchical / omega,
        alpha=k / (k - 1) * (1 - k / total),
        lambda6=(total - k + float(found.smc.sum())) / total,
        explained_common_variance=solution.explained_common_variance,
        flipped=tuple(name for name, key in zip(found.names, keys, strict=True) if key < 0),
        n=found.n,
        frame=_shares(matrix, general, groups, hierarchical, omega),
        solution=solution,
    )


def _shares(
    matrix: Floats, general: Floats, groups: Floats, hierarchical: float, omega: float
) -> pd.DataFrame:
    import pandas as pd

    owner = np.abs(groups).argmax(axis=1)
    rows, of_groups = [], 0.0
    for factor in range(groups.shape[1]):
        own = owner == factor
        if not own.any():
            rows.append((np.nan, np.nan, np.nan))
            continue
        variance = float(matrix[np.ix_(own, own)].sum())
        parts = float(general[own].sum()) ** 2, float(groups[own, factor].sum()) ** 2
        of_groups += parts[1]
        rows.append((sum(parts) / variance, parts[0] / variance, parts[1] / variance))
    rows.insert(0, (omega, hierarchical, of_groups / float(matrix.sum())))
    labels = ["g", *(f"F{k + 1}" for k in range(groups.shape[1]))]
    return pd.DataFrame(rows, index=labels, columns=["total", "general", "group"])
