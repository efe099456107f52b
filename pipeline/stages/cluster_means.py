"""Means of the clusters of the highest level, unnamed, and the intervals that the figures of validation show.

`stages/validate` calls both. Means of clusters are worked out only where the study asks for them
(`report: {caterpillar: true}`): members of a team can recognise it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.small_cells import withheld
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
FEWEST = 2


def cluster_means(study: LoadedStudy, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Mean and t interval of each cluster by scale, from lowest to highest; None unless asked for.

    Clusters with fewer answers than the study's smallest cell are left out, and one more where a single one
    would be: it is what the mean of all people and the other clusters leave over.
    """
    top = study.levels[-1]
    measured = {
        name: level
        for name, level in scored.scored_names(study).items()
        if top in scored.linked(study, frames, level)
    }
    if not study.declared.report.caterpillar or not measured:
        return None
    smallest = max(FEWEST, study.declared.small_cell)
    pairs = {name: frames[level][[top, name]].dropna() for name, level in measured.items()}
    return {
        "level": top,
        "confidence": CONFIDENCE,
        "smallest": smallest,
        "grand": {name: float(pair[name].mean()) for name, pair in pairs.items() if len(pair)},
        "scales": {name: _means(pair, top, name, smallest) for name, pair in pairs.items()},
    }


def loading_interval(row: Mapping[Any, Any] | None) -> dict[str, float | None]:
    """Limits of a standardized loading, a correlation of item and factor: none where it passes 1."""
    from pipeline.psychometrics import fisher_interval

    est, se = (None, None) if row is None else (row["std"], row["std_se"])
    if est is None or se is None:
        return {"loading_lower": None, "loading_upper": None}
    lower, upper = fisher_interval(est, se, CONFIDENCE)
    return {"loading_lower": lower, "loading_upper": upper}


def _means(pair: pd.DataFrame, top: str, name: str, smallest: int) -> list[dict[str, Any]]:
    from scipy.stats import t

    found = pair.groupby(top, sort=False)[name].agg(["size", "mean", "std"])
    sizes = withheld({i: int(n) for i, n in enumerate(found["size"])}, smallest)
    kept = [n is not None for n in sizes.values()]
    shown = found[kept].sort_values(["mean", "size"], kind="stable")
    reach = t.ppf(0.5 + CONFIDENCE / 2, shown["size"] - 1) * shown["std"] / shown["size"] ** 0.5
    return [
        {"n": int(n), "mean": float(mean), "ci_lower": float(mean - half), "ci_upper": float(mean + half)}
        for n, mean, half in zip(shown["size"], shown["mean"], reach, strict=True)
    ]
