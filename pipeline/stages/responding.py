"""Careless answering, and what the hypotheses' estimates are without those whose answers look careless.

`stages/validate` calls `careless_at` for each level with items; `stages/model` calls `without_careless`.
Nobody is left out of the report's own numbers by this: screening alone does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages.attempts import Told
from pipeline.stages.path_models import again, design_of
from pipeline.stages.screen import PrintedItem, form_of
from pipeline.stages.verdicts import judged, route_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import IndirectEffects, PathGraph, PathModel
    from pipeline.psychometrics import Careless

FEWEST_ITEMS = 6
OPTIONS = {
    "careless": "answers as given, items in printed order: longest run of one answer at least half the "
    "items (Curran, 2016); even-odd consistency below .30 (Jackson, 1977, as cited in Johnson, 2005); "
    "synonyms (pairs with r above .60) answered unlike, r below 0 (Meade & Craig, 2012); Mahalanobis "
    "distance, p below .001; fewer than 2 seconds an item (Huang et al., 2012); spread of answers (IRV) "
    "without a bound; a person is flagged by two indices or more",
}
RULES = {
    "longstring": "longest run of one answer: half the items or more",
    "even_odd": "even-odd consistency below .30",
    "synonyms": "alike items answered unlike (correlation below 0)",
    "mahalanobis": "Mahalanobis distance, p below .001",
    "seconds_per_item": "fewer than 2 seconds an item",
}


def careless_at(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, told: Told
) -> dict[str, Any] | None:
    """How many people each index speaks of, and how many are flagged by several."""
    if len(_printed(study, level)) < FEWEST_ITEMS:
        return None
    found: Careless | None = told.attempt("careless answering", level, partial(_found, study, frames, level))
    if found is None:
        return None
    counts = found.counts
    irv = found.frame["irv"]
    return {
        "n": len(found.frame),
        "items": len(_printed(study, level)),
        "needed": found.rules.needed,
        "indices": [
            {"index": str(name), "rule": RULES[str(name)], "n": int(row["n"]), "share": float(row["share"])}
            for name, row in counts.iterrows()
        ],
        "irv": {"mean": float(irv.mean()), "p5": float(irv.quantile(0.05))},
        "flagged": int(found.frame["flagged"].sum()),
        "share": float(found.frame["flagged"].mean()),
        "synonym_pairs": len(found.pairs),
        "skipped": list(found.skipped),
    }


def without_careless(
    study: LoadedStudy,
    main: PathModel,
    effects: IndirectEffects,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
) -> dict[str, Any] | None:
    """The hypotheses on everybody, and without those flagged; None where nobody is flagged.

    A main model of latent variables is stood in for, on both sides, by that of scores.
    """
    found = {level: flags for level in study.levels if (flags := flagged(study, frames, level)) is not None}
    counts = {level: int(flags.sum()) for level, flags in found.items()}
    if not sum(counts.values()) or not study.declared.hypotheses:
        return None
    kept = {
        level: frame.loc[~found[level]].reset_index(drop=True) if level in found else frame
        for level, frame in frames.items()
    }
    hypotheses = study.declared.hypotheses
    if main.kind == "latent_variables":
        everybody = _judged(study, graph, frames, main.kind)
    else:
        everybody = [judged(study, one, main, effects) for one in hypotheses]
    rest = _judged(study, graph, kept, main.kind)
    return {
        "flagged": counts,
        "kind": main.kind,
        "rows": [
            {"hypothesis": one["id"], "effect": one["effect"], "level": one["evaluated_at"]}
            | {"with": _estimate(one), "without": _estimate(other)}
            for one, other in zip(everybody, rest, strict=True)
        ]
        if everybody and rest
        else [],
    }


def flagged(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str) -> pd.Series[bool] | None:
    """Who is flagged, by row of the level; None where its items show nothing."""
    from pipeline.psychometrics import PsychometricsError

    if len(_printed(study, level)) < FEWEST_ITEMS:
        return None
    try:
        return _found(study, frames, level).frame["flagged"]
    except PsychometricsError:
        return None


def _estimate(judgement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: judgement[name] for name in ("est", "ci_lower", "ci_upper", "verdict")}


def _judged(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], kind: str
) -> list[dict[str, Any]]:
    from pipeline.mediation import indirect_effects

    fit = again(study, graph, frames, design_of(study), kind)
    if fit is None:
        return []
    told = study.declared
    asked = [route_of(one) for one in told.hypotheses]
    effects = indirect_effects(fit, graph, told.intervals.draws, told.seed, told.intervals.level, also=asked)
    return [judged(study, one, fit, effects) for one in told.hypotheses]


def _found(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str) -> Careless:
    """The indices on answers as given, in the order in which the form shows the items."""
    from pipeline.psychometrics import careless

    frame, printed = frames[level], _printed(study, level)
    turned = {
        item.column: (float(item.codes[0]), float(item.codes[-1]))
        for item in printed
        if _is_turned(study, item)
    }
    columns = [item.column for item in printed]
    given = frame[columns].astype(float)
    for column, (lowest, highest) in turned.items():
        given[column] = lowest + highest - given[column]
    scales: dict[str, list[str]] = {}
    for item in printed:
        scales.setdefault(item.worded[0], []).append(item.column)
    seconds = frame["_seconds"] if "_seconds" in frame and frame["_seconds"].notna().any() else None
    return careless(given, {k: v for k, v in scales.items() if len(v) > 1}, turned, seconds)


def _printed(study: LoadedStudy, level: str) -> tuple[PrintedItem, ...]:
    """Items of every survey of a level, as people met them."""
    exports = study.declared.exports.items()
    names = [name for name, one in exports if one.level == level and one.kind == "survey"]
    return tuple(item for name in names for item in form_of(study, name).items)


def _is_turned(study: LoadedStudy, item: PrintedItem) -> bool:
    """Whether scoring, or the platform before it, has turned the item's codes."""
    scale, _, name = item.column.partition(".")
    return name in {*study.turned(scale), *study.declared.scales[scale].already_reversed}
