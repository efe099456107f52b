"""Common method variance: an unmeasured latent method factor, and a marker variable.

`stages/validity` calls both for the scales that one person answered on one form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline import sem
from pipeline.psychometrics.difference import difference
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fit import FitMeasures
from pipeline.psychometrics.joint import Joint
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

METHOD = "method_"


@dataclass(frozen=True)
class MethodFactor:
    """The model with a method factor beside the one without.

    `share`: mean share of an item's variance that the method factor explains. `frame`: factor, with,
    without (the correlation in the model without it), est (with it). `chisq`, `df`, `pvalue`: the difference
    test, undefined where it has no answer.
    """

    kind: str
    share: float
    frame: pd.DataFrame
    plain: FitMeasures
    fit: FitMeasures
    chisq: float
    df: int
    pvalue: float
    n: int
    handling: str


def method_factor(data: Joint) -> MethodFactor:
    """Unmeasured latent method factor with equal loadings on all items (Podsakoff et al., 2003).

    Uncorrelated with the scales' factors. It takes up whatever all items share, be it method or substance, so
    it bounds method variance from above and corrects nothing (Richardson, Simmering & Sturman, 2009).
    """
    loads = " + ".join(f"k_*{code}" for code in data.structure.item_codes)
    apart = [f"{METHOD} ~~ 0*{code}" for code in data.structure.factor_codes]
    return _compared("latent method factor", data, [f"{METHOD} =~ {loads}", *apart], data.structure.factors)


def marker_variable(data: Joint, marker: str) -> MethodFactor:
    """A scale that should be unrelated stands for the method (Williams, Hartman & Cavazotte, 2010).

    Method-C: its factor also loads, equally, on the items of all other scales, and is uncorrelated with their
    factors; the baseline has the marker uncorrelated with them and without those loadings.
    """
    structure = data.structure
    if marker not in structure.factors:
        raise PsychometricsError(f"the marker '{marker}' is none of the factors")
    codes = dict(zip(structure.factors, structure.factor_codes, strict=True))
    own = structure.factors.index(marker)
    others = [code for code, k in zip(structure.item_codes, structure.factor_of, strict=True) if k != own]
    apart = [f"{codes[marker]} ~~ 0*{code}" for name, code in codes.items() if name != marker]
    loads = f"{codes[marker]} =~ {' + '.join(f'k_*{code}' for code in others)}"
    kept = [name for name in structure.factors if name != marker]
    return _compared("marker variable", data, [loads], kept, always=apart)


def _compared(
    kind: str, data: Joint, more: Sequence[str], kept: Sequence[str], always: Sequence[str] = ()
) -> MethodFactor:
    without = data.fit("\n".join([data.structure.syntax, *always]))
    found = data.fit("\n".join([data.structure.syntax, *always, *more]))
    if not (without.converged and found.converged):
        raise PsychometricsError(f"the model with the {kind} did not converge")
    try:
        test = difference(without, found)
        chisq, pvalue = test.statistic, test.pvalue
    except sem.ModelError:
        chisq, pvalue = float("nan"), float("nan")
    return MethodFactor(
        kind,
        _share(found),
        _correlations(data.structure, without, found, kept),
        data.measured(without),
        data.measured(found),
        chisq,
        without.df - found.df,
        pvalue,
        data.n,
        data.handling,
    )


def _share(fit: sem.Fit) -> float:
    """Mean of squared standardised loadings that carry the label of the method."""
    table = fit.estimates
    tied = table[(table["op"] == "=~") & (table["label"] == "k_")]
    return float(np.mean(tied["std_all"].to_numpy(float) ** 2))


def _correlations(
    structure: Structure, without: sem.Fit, found: sem.Fit, kept: Sequence[str]
) -> pd.DataFrame:
    import pandas as pd

    codes = dict(zip(structure.factors, structure.factor_codes, strict=True))
    tables = []
    for fit in (without, found):
        whole = fit.standardized
        tables.append(whole[whole["op"] == "~~"].set_index(["lhs", "rhs"])["est"])
    rows = []
    for i, j in structure.pairs:
        one, other = structure.factors[i], structure.factors[j]
        if one in kept and other in kept:
            at = (codes[one], codes[other])
            rows.append((one, other, float(tables[0].loc[at]), float(tables[1].loc[at])))
    return pd.DataFrame(rows, columns=["factor", "with", "without", "est"])
