"""Scale scores or latent variables: which of the two the report rests on, and why.

`stages/path_models` calls it. The policy stands in `policy`; what is too large to try beside the main model
stands in `too_large`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.stages import scored
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import Indicators, LatentRows, PathGraph, PathModel

SCORES, LATENT = "scores", "latent"
# Latent variables at both levels need this many clusters, and more than free parameters between them.
FEWEST_CLUSTERS = 100
# Latent variables at a single level need this many rows, and this many to a free parameter.
FEWEST_ROWS, ROWS_A_PARAMETER = 200, 5
# More items than this are not tried unless the study declares latent variables: minutes, not seconds.
MOST_ITEMS, MOST_ITEMS_WITH_GAPS = 40, 12
NO_ITEMS = "no scale of the path has two or more items in the exports, so that nothing can stand behind them"


@dataclass(frozen=True)
class Measured:
    """What the report rests on: `used` (scores or latent) with the reason, and the other one beside it.

    `other` is None where there is no such model; `why_no_other` then says why.
    """

    used: str
    reason: str
    other: PathModel | None = None
    why_no_other: str | None = None


def indicators(study: LoadedStudy, graph: PathGraph) -> dict[str, Indicators]:
    """The items behind each scale of the path; none for ready scores, covariates and single items."""
    from pipeline.mediation import Indicators

    found = {}
    for name in graph.variables:
        items = [f"{name}.{item}" for item in scored.whole(study, name).items]
        if len(items) > 1:
            found[name] = Indicators(tuple(items), len(items) / _factor(study, name, len(items)))
    return found


def policy(rows: LatentRows, free: Mapping[str, int]) -> tuple[str, str]:
    """What `measurement: auto` rests on, with the reason in words. `free` counts parameters by level."""
    if not rows.clusters:
        return _single_level(len(rows.frame), sum(free.values()))
    clusters, between = rows.clusters[rows.cluster], free["between"]
    counted = (
        f"latent variables at both levels would have {between} free parameters between {clusters} clusters "
        f"({rows.cluster})"
    )
    rule = f"they need at least {FEWEST_CLUSTERS} clusters, and more clusters than such parameters"
    if clusters >= FEWEST_CLUSTERS and clusters > between:
        return LATENT, f"{counted.replace('would have', 'have')}, which is enough: {rule}"
    return SCORES, f"{counted}, which is too few: {rule}"


def too_large(rows: LatentRows) -> str | None:
    """Why a model of latent variables is not tried where the study does not ask for it, or None."""
    items, gaps = len(rows.names.items), bool(rows.frame.isna().to_numpy().any())
    most = MOST_ITEMS_WITH_GAPS if gaps and rows.clusters else MOST_ITEMS
    if items <= most:
        return None
    missing = " at two levels with missing answers" if most == MOST_ITEMS_WITH_GAPS else ""
    return (
        f"{items} items{missing} are too many to try unasked (the limit is {most}); declare 'measurement: "
        f"latent' to fit it, which can take long"
    )


def _single_level(n: int, free: int) -> tuple[str, str]:
    counted = f"latent variables would have {free} free parameters on {n} rows"
    rule = f"they need at least {FEWEST_ROWS} rows, and {ROWS_A_PARAMETER} to a parameter"
    if n >= FEWEST_ROWS and n >= ROWS_A_PARAMETER * free:
        return LATENT, f"{counted.replace('would have', 'have')}, which is enough: {rule}"
    return SCORES, f"{counted}, which is too few: {rule}"


def _factor(study: LoadedStudy, scale: str, items: int) -> float:
    """What a mean of items is multiplied by to give the score."""
    rule = study.instruments[scale].scoring
    return {"mean": 1.0, "sum": float(items)}.get(rule.rule, rule.factor)
