"""Where a factor model misses: by how much chi-square would fall if a parameter were freed.

`factor` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

MOST = 3
# Below this chi-square on one degree of freedom (p = .05) nothing is said.
LEAST = 3.841


@dataclass(frozen=True)
class Misfit:
    """A parameter that the model holds at zero, with its modification index of normal theory (Sorbom, 1989).

    `kind` is "residual correlation" of two items, `size` the observed less the implied correlation; or
    "cross-loading" of the second name on the first, `size` the standardized loading expected if it were free.
    """

    kind: str
    first: str
    second: str
    index: float
    size: float


def largest_misfit(structure: Structure, fit: sem.Fit) -> tuple[Misfit, ...]:
    """The largest modification indices."""
    frame = fit.modification_indices(LEAST).head(MOST)
    if frame.empty:
        return ()
    residuals = fit.residuals("cor.bollen").cov
    loadings = fit.standardized.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes, "est"]
    signs = dict(zip(structure.factor_codes, structure.signs(loadings.to_numpy(float)), strict=True))
    return tuple(_misfit(structure, row, residuals, signs) for _, row in frame.iterrows())


def _misfit(structure: Structure, row: pd.Series, residuals: pd.DataFrame, signs: dict[str, float]) -> Misfit:
    first, second = str(row["lhs"]), str(row["rhs"])
    crossing = row["op"] == "=~"
    if crossing:
        size = float(row["sepc_all"]) * float(signs[first])
    else:
        at = residuals.index.get_loc(first), residuals.columns.get_loc(second)
        size = float(residuals.to_numpy(float)[at])
    return Misfit(
        "cross-loading" if crossing else "residual correlation",
        structure.in_words(first),
        structure.in_words(second),
        float(row["mi"]),
        size,
    )
