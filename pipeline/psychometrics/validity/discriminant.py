"""Constrained-to-one tests: do two factors fit as one?

`stages/validity` calls it for the scales of a level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.competing import factor_correlations
from pipeline.psychometrics.difference import difference
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fit import FitMeasures
from pipeline.psychometrics.joint import Joint
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Discriminant:
    """`frame`, one row a pair: factor, with, est, ci_lower, ci_upper, chisq, df, pvalue, delta_cfi.

    est is the correlation of the factors; the test compares the model with one in which the two are one
    factor. `loadings`: factor, item, loading, residual (standardised). `omega`, by factor: the share of the
    observed variance of the unit-weighted sum of its items that the factor explains (McDonald, 1999; what
    semTools' compRelSEM gives). `fit` is that of the model of all factors.
    """

    frame: pd.DataFrame
    loadings: pd.DataFrame
    omega: Mapping[str, float]
    correlations: pd.DataFrame
    fit: FitMeasures
    n: int
    handling: str
    clusters: int | None


def discriminant(data: Joint) -> Discriminant:
    """Difference test of two factors made one (Anderson & Gerbing, 1988; Ronkko & Cho, 2022).

    The merged model ties the correlation of the two to one and their correlations with the others to be the
    same. Scaled difference (Satorra & Bentler, 2001) where the fit is robust.
    """
    import pandas as pd

    whole = data.fit(data.structure.syntax)
    if not whole.converged:
        raise PsychometricsError("the model of all factors did not converge")
    correlations = factor_correlations(data.structure, whole)
    rows = []
    shown = data.measured(whole)
    for _, pair in correlations.iterrows():
        merged = data.fit(_merged(data.structure, str(pair["factor"]), str(pair["with"])))
        told = data.measured(merged)
        test = _tested(whole, merged)
        rows.append(
            {name: pair[name] for name in ("factor", "with", "est", "ci_lower", "ci_upper")}
            | test
            | {"df": merged.df - whole.df, "delta_cfi": told.cfi - shown.cfi}
        )
    return Discriminant(
        pd.DataFrame(rows),
        _loadings(data.structure, whole),
        _omega(data.structure, whole),
        correlations,
        shown,
        data.n,
        data.handling,
        data.clusters,
    )


def _tested(whole: sem.Fit, merged: sem.Fit) -> dict[str, float]:
    """The difference; undefined where the scaling factor is not positive or a model did not converge."""
    if not merged.converged:
        return {"chisq": float("nan"), "pvalue": float("nan")}
    try:
        test = difference(whole, merged)
    except sem.ModelError:
        return {"chisq": float("nan"), "pvalue": float("nan")}
    return {"chisq": test.statistic, "pvalue": test.pvalue}


def _merged(structure: Structure, one: str, other: str) -> str:
    """The model with the items of `other` put on `one`."""
    named = dict(zip(structure.factors, structure.factor_codes, strict=True))
    groups: dict[str, list[str]] = {}
    for code, owner in zip(structure.item_codes, structure.factor_of, strict=True):
        name = structure.factors[owner]
        groups.setdefault(one if name == other else name, []).append(code)
    return "\n".join(f"{named[name]} =~ {' + '.join(codes)}" for name, codes in groups.items())


def _loadings(structure: Structure, fit: sem.Fit) -> pd.DataFrame:
    import pandas as pd

    own = fit.standardized.set_index(["op", "rhs"]).loc["=~"].loc[structure.item_codes]
    loads = own["est"].to_numpy(float)
    turned = structure.signs(loads)[structure.factor_of]
    return pd.DataFrame(
        {
            "factor": [structure.factors[k] for k in structure.factor_of],
            "item": structure.items,
            "loading": loads * turned,
            "residual": 1 - loads**2,
        }
    )


def _omega(structure: Structure, fit: sem.Fit) -> dict[str, float]:
    found = {one.factor: one.omega_observed for one in fit.reliability()}
    return {name: found[code] for name, code in zip(structure.factors, structure.factor_codes, strict=True)}
