"""Loadings and factor correlations as tables, from a fit with factors in unit variance.

`factor` and `second_opinion` call it. Each factor is turned so that its loadings add up to a positive number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline import sem
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
COLUMNS = ("factor", "item", "est", "se", "std", "std_se", "z", "pvalue", "residual")


def loadings_frame(structure: Structure, fit: sem.Fit | None) -> pd.DataFrame:
    """One row an item, see `FactorModel.frame`; without a fit the numbers are missing."""
    import pandas as pd

    frame = pd.DataFrame(
        {"factor": [structure.factors[k] for k in structure.factor_of], "item": structure.items},
        columns=list(COLUMNS),
    )
    if fit is None:
        return frame.astype(dict.fromkeys(COLUMNS[2:], float))
    own = fit.standardized.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes]
    std = own["est"].to_numpy(float)
    turned = structure.signs(std)[structure.factor_of]
    frame["est"], frame["se"] = _unstandardized(structure, fit)
    frame["std"], frame["std_se"] = std * turned, own["se"].to_numpy(float)
    frame["z"], frame["pvalue"] = own["z"].to_numpy(float) * turned, own["pvalue"].to_numpy(float)
    frame["residual"] = _standardized(fit, structure.item_codes)
    return frame


def correlations_frame(structure: Structure, fit: sem.Fit | None) -> pd.DataFrame:
    """One row a pair of factors."""
    import pandas as pd

    columns = ["factor", "with", "est", "se"]
    if fit is None or len(structure.factors) < 2:
        return pd.DataFrame(columns=columns)
    whole, codes = fit.standardized, structure.factor_codes
    rows = whole[whole["op"] == "~~"].set_index(["lhs", "rhs"])
    loadings = whole.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes, "est"].to_numpy(float)
    signs = structure.signs(loadings)
    found = []
    for i, j in structure.pairs:
        at = rows.loc[[(codes[i], codes[j])]].iloc[0]
        names = structure.factors[i], structure.factors[j]
        found.append((*names, float(at["est"]) * signs[i] * signs[j], float(at["se"])))
    return pd.DataFrame(found, columns=columns)


def is_admissible(structure: Structure, fit: sem.Fit) -> bool:
    """Whether no variance is negative and the factor correlations form a proper correlation matrix."""
    phi = np.eye(len(structure.factors))
    correlations = correlations_frame(structure, fit)
    for (i, j), value in zip(structure.pairs, correlations["est"], strict=True):
        phi[i, j] = phi[j, i] = value
    left = _standardized(fit, structure.item_codes)
    return bool(left.min() >= 0 and np.linalg.eigvalsh(phi)[0] > 1e-8)


def _standardized(fit: sem.Fit, codes: list[str]) -> Floats:
    """Standardized residual variances."""
    whole = fit.standardized
    own = whole[(whole["op"] == "~~") & (whole["lhs"] == whole["rhs"])].set_index("lhs")
    return own.loc[codes, "est"].to_numpy(float)


def _unstandardized(structure: Structure, fit: sem.Fit) -> tuple[Floats, Floats]:
    """Loadings in the items' own units with each marker's fixed at 1, and errors by the delta method."""
    names = [
        f"{structure.factor_codes[k]}=~{code}"
        for k, code in zip(structure.factor_of, structure.item_codes, strict=True)
    ]
    loadings = (
        fit.estimates.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes, "est"].to_numpy(float)
    )
    cov, markers = fit.vcov.loc[names, names].to_numpy(float), structure.markers
    ratio = loadings / loadings[markers]
    slopes = (np.eye(len(names)) - ratio[:, None] * np.eye(len(names))[markers]) / loadings[markers][:, None]
    errors = np.sqrt(np.maximum(((slopes @ cov) * slopes).sum(axis=1), 0.0))
    return ratio, np.where(markers == np.arange(len(names)), np.nan, errors)
