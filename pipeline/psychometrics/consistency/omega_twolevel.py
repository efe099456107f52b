"""Reliability within clusters and between them: two-level omega.

`stages/reliabilities` calls it for scales of rows that lie in clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline import sem
from pipeline.psychometrics.consistency.omega_factor import logit_interval
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

Loadings = Literal["free", "equal"]
PARTS = ("within", "between", "observed_mean")


@dataclass(frozen=True)
class OmegaTwoLevel:
    """`frame`: one row a coefficient (within, between, observed_mean) with est, se, ci_lower, ci_upper.

    within: of deviations from the cluster's mean; between: of the latent cluster means; observed_mean: of the
    means of the answers at hand, which hold sampling error too. `admissible`: no variance is negative.
    """

    loadings: Loadings
    frame: pd.DataFrame
    confidence: float
    n: int
    clusters: int
    harmonic_size: float
    admissible: bool
    warnings: tuple[str, ...]


def omega_two_level(
    items: pd.DataFrame, clusters: pd.Series, loadings: Loadings = "free", confidence: float = 0.95
) -> OmegaTwoLevel:
    """Omega of each level of a one-factor two-level model (Geldhof, Preacher & Zyphur, 2014).

    within and between: (sum of loadings)^2 var(factor) over the same plus residual variances, each with its
    level's parameters. observed_mean adds to the between denominator the variance within over the harmonic
    mean of the cluster sizes (Lai, 2021). `loadings` equal ties them over levels. Maximum likelihood over
    complete rows, robust errors (MLR), interval by the delta method on the logit.
    """
    import pandas as pd

    if loadings not in ("free", "equal"):
        raise PsychometricsError(f"loadings are 'free' or 'equal', not '{loadings}'")
    if items.shape[1] < 3:
        raise PsychometricsError("omega needs three items: with two, one factor is not identified")
    structure = Structure.of({"factor": [str(name) for name in items.columns]})
    known = items.notna().all(axis=1) & clusters.notna()
    data = structure.coded(items[known]).assign(cluster_=clusters[known])
    size = _harmonic_size(clusters[known])
    try:
        fit = sem.fit(_syntax(structure, loadings, size), data, estimator="MLR", cluster="cluster_")
    except (sem.ModelError, sem.DataError) as error:
        raise PsychometricsError(structure.in_words(str(error))) from error
    assert isinstance(fit, sem.TwoLevelFit)
    if not fit.converged:
        raise PsychometricsError("the two-level one-factor model did not converge")
    rows = fit.estimates[fit.estimates["op"] == ":="].set_index("lhs")[["est", "se"]].loc[list(PARTS)]
    ends = [logit_interval(float(r["est"]), float(r["se"]), confidence) for _, r in rows.iterrows()]
    frame = rows.assign(ci_lower=[end[0] for end in ends], ci_upper=[end[1] for end in ends])
    return OmegaTwoLevel(
        loadings=loadings,
        frame=pd.DataFrame(frame.rename_axis(None)),
        confidence=confidence,
        n=fit.nobs,
        clusters=fit.nclusters,
        harmonic_size=size,
        admissible=_admissible(fit),
        warnings=tuple(map(structure.in_words, fit.warnings)),
    )


def _harmonic_size(clusters: pd.Series) -> float:
    sizes = clusters.value_counts().to_numpy(float)
    if len(sizes) < 2 or sizes.max() < 2:
        raise PsychometricsError("two-level omega needs at least two clusters, and clusters of several rows")
    return float(len(sizes) / np.sum(1 / sizes))


def _admissible(fit: sem.TwoLevelFit) -> bool:
    """Whether no variance of either level is negative."""
    table = fit.estimates
    own = table[(table["op"] == "~~") & (table["lhs"] == table["rhs"])]
    return bool((own["est"] >= 0).all())


def _syntax(structure: Structure, loadings: Loadings, size: float) -> str:
    codes, k = structure.item_codes, len(structure.items)
    between = "w" if loadings == "equal" else "b"

    def level(number: int, factor: str, loads: str, rest: str, variance: str) -> list[str]:
        terms = " + ".join(f"NA*{code} + {loads}{i}*{code}" for i, code in enumerate(codes))
        residuals = [f"{code} ~~ {rest}{i}*{code}" for i, code in enumerate(codes)]
        return [f"level: {number}", f"{factor} =~ {terms}", f"{factor} ~~ {variance}*{factor}", *residuals]

    def total(name: str) -> str:
        return " + ".join(f"{name}{i}" for i in range(k))

    free = "v" if loadings == "equal" else "1"
    common = {"w": f"({total('w')})^2", "b": f"({total(between)})^2 * {free}"}
    inside = f"({common['w']} + {total('r')})"
    return "\n".join(
        [
            *level(1, "factor_w_", "w", "r", "1"),
            *level(2, "factor_b_", between, "s", free),
            f"within := {common['w']} / {inside}",
            f"between := {common['b']} / ({common['b']} + {total('s')})",
            f"observed_mean := {common['b']} / ({common['b']} + {total('s')} + {inside} / {size:.12g})",
        ]
    )
