"""Omega hierarchical of a scale with facets, from a second-order model, with an interval that knows clusters.

`stages/reliabilities` calls it: what share of the variance of the total score the facets have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.psychometrics.consistency.omega_factor import logit_interval
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.joint import joint
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("hierarchical", "total")


@dataclass(frozen=True)
class OmegaHigher:
    """`frame`: rows hierarchical and total with est, se, ci_lower, ci_upper."""

    frame: pd.DataFrame
    confidence: float
    n: int
    clusters: int | None
    admissible: bool
    warnings: tuple[str, ...]


def omega_higher(
    items: pd.DataFrame,
    facets: Mapping[str, Sequence[str]],
    clusters: pd.Series | None = None,
    confidence: float = 0.95,
) -> OmegaHigher:
    """(sum of loading times general loading of its facet)^2 over the variance of the sum (Flora, 2020).

    Facets are correlated factors of unit variance; with three or more, one factor above them; with two, both
    load the root of their correlation on it (Schmid & Leiman, 1957). total: the same for all common variance.
    Full information, errors robust and by cluster (MLR), interval by the delta method on the logit.
    """
    if len(facets) < 2:
        raise PsychometricsError("omega hierarchical needs at least two facets")
    data = joint(items, facets, clusters, most_patterns=None)
    fit = data.fit(_syntax(data.structure))
    if not fit.converged:
        raise PsychometricsError("the model of the facets did not converge")
    rows = fit.estimates[fit.estimates["op"] == ":="].set_index("lhs")[["est", "se"]].loc[list(PARTS)]
    ends = [logit_interval(float(r["est"]), float(r["se"]), confidence) for _, r in rows.iterrows()]
    frame = rows.assign(ci_lower=[end[0] for end in ends], ci_upper=[end[1] for end in ends])
    table = fit.estimates
    variances = table[(table["op"] == "~~") & (table["lhs"] == table["rhs"])]["est"]
    return OmegaHigher(
        frame.rename_axis(None),
        confidence,
        data.n,
        data.clusters,
        bool((variances >= 0).all() and frame["est"].between(0, 1).all()),
        tuple(map(data.structure.in_words, fit.warnings)),
    )


def _syntax(structure: Structure) -> str:
    """Facets of variance g^2 + d, d fixed at 1: a loading's share in the facet is loading times its root."""
    facets, items = structure.factor_codes, structure.item_codes
    owner = structure.factor_of
    lines = [
        f"{code} =~ " + " + ".join(f"l{i}*{items[i]}" for i in range(len(items)) if owner[i] == f)
        for f, code in enumerate(facets)
    ]
    lines += [f"{code} ~~ e{i}*{code}" for i, code in enumerate(items)]
    unique = " + ".join(f"e{i}" for i in range(len(items)))
    sums = [
        "(" + " + ".join(f"l{i}" for i in range(len(items)) if owner[i] == f) + ")"
        for f in range(len(facets))
    ]
    if len(facets) == 2:
        general = f"(sqrt(r) * ({sums[0]} + {sums[1]}))^2"
        own = " + ".join(f"(1 - r) * {part}^2" for part in sums)
        lines.append(f"{facets[0]} ~~ r*{facets[1]}")
    else:
        general = "(" + " + ".join(f"g{f} * {part}" for f, part in enumerate(sums)) + ")^2"
        own = " + ".join(f"{part}^2" for part in sums)
        lines.append("general_ =~ " + " + ".join(f"g{f}*{code}" for f, code in enumerate(facets)))
    variance = f"({general} + {own} + {unique})"
    return "\n".join(
        [
            *lines,
            f"hierarchical := {general} / {variance}",
            f"total := ({general} + {own}) / {variance}",
        ]
    )
