"""Measurement invariance of the scales over the declared groupings and over waves, as validate.json holds it.

`stages/validate` calls `invariances`. A grouping is a covariate, or a level of few units, at the scale's own
level or above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import factors, groupings, scored
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import Invariance

FEW_ANSWERS = 5
FEW_CLUSTERS = "clusters are ignored, because they are no more than the parameters: tests are too strict"
OPTIONS = {
    "invariance": "MLR, full information where answers are missing, errors by cluster where there are more "
    "clusters than parameters; correlated facets where they share out the items, else one factor; "
    "difference tests scaled (Satorra & Bentler, 2001); a step holds where CFI falls by at most .01 and "
    "RMSEA rises by at most .015 (Chen, 2007, for more than 300 rows); partial models release the equality "
    "that costs most (Byrne et al., 1989); ordered answers: WLSMV on complete rows, steps of Wu & Estabrook "
    "(2016)",
    "invariance_groups": f"groups of at least {groupings.FEWEST_ROWS} rows and {groupings.ROWS_AN_ITEM} an "
    f"item, at most {groupings.MOST_GROUPS} of them",
    "dmacs": "effect size of non-invariance in the configural model (Nye & Drasgow, 2011), each group "
    "against the first, factors on one metric by effects coding (Little et al., 2006); small from .2, "
    "medium from .4, large from .7 (Nye et al., 2019); none for ordered answers and over waves",
}


def invariances(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], told: Told) -> list[dict[str, Any]]:
    """One entry a scale and grouping, then one a scale given at several waves."""
    found = []
    for grouping in study.declared.invariance:
        for scale in study.declared.scales:
            reason = groupings.no_groups(study, frames, scale, grouping)
            if reason:
                told.note(f"invariance over {grouping}", scale, reason)
                continue
            make = partial(_over_groups, study, frames, scale, grouping, told)
            one = told.attempt(f"invariance over {grouping}", scale, make)
            found += [one] if one is not None else []
    for first, scales in groupings.repeated(study):
        one = told.attempt("invariance over waves", first, partial(_over_waves, study, frames, scales, told))
        found += [one] if one is not None else []
    return found


def _over_groups(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], scale: str, grouping: str, told: Told
) -> dict[str, Any]:
    from pipeline.psychometrics import invariance
    from pipeline.psychometrics.structure import Structure

    block = scored.whole(study, scale)
    parts = scored.partition(study, scale)
    named = parts if parts and min(map(len, parts.values())) > 1 else {scale: block.items}
    structure = Structure.of(named)
    answers, groups = block.answers(frames), groupings.groups_of(study, frames, block.level, grouping)
    used = answers.notna().any(axis="columns") & groups.notna()
    upper = factors.cluster(study, frames, block.level)
    clustered = upper is not None and upper != grouping and _enough(frames[block.level][upper], groups, block)
    if clustered:
        used &= frames[block.level][upper].notna()
    members = groups[used]
    large = groupings.large_enough(members, len(block.items))
    shown, n = groupings.shown_sizes(members, large, study.declared.small_cell)
    used &= groups.isin(large)
    data = structure.coded(answers[used]).assign(group_=groups[used])
    if clustered:
        data = data.assign(cluster_=frames[block.level].loc[used, upper])
    missing = "fiml" if data[structure.item_codes].isna().any(axis=None) else "listwise"
    found = invariance(
        structure.syntax, data, "group_", cluster="cluster_" if clustered else None, missing=missing
    )
    ordinal = told.attempt(
        f"ordinal invariance over {grouping}", scale, partial(_ordinal, study, scale, structure, data)
    )
    return {
        "scale": scale,
        "grouping": grouping,
        "waves": None,
        "cluster": upper if clustered else None,
        "note": FEW_CLUSTERS if upper is not None and upper != grouping and not clustered else None,
        "missing": missing,
        "left_out": int(members.nunique() - len(large)),
        **_told(found, structure, shown, n),
        "ordinal": None if ordinal is None else _told(ordinal, structure, shown, n),
    }


def _told(
    found: Invariance, structure: Any, shown: Mapping[str, int | None], n: int | None
) -> dict[str, Any]:
    """The result, without the sizes by which a small group that was left out could be worked out."""
    told = _as_json(found, structure.in_words)
    groups = [one if shown[one["name"]] else one | {"n": None} for one in told["groups"]]
    return told | {"groups": groups, "n": n and told["n"]}


def _enough(units: pd.Series[str], groups: pd.Series[str], block: Block) -> bool:
    """Whether there are more clusters than parameters; with fewer, scaled tests mean nothing."""
    return int(units.nunique()) > 3 * len(block.items) * int(groups.nunique())


def _has_few_answers(study: LoadedStudy, scale: str, items: Iterable[str]) -> bool:
    instrument = study.instruments[scale]
    return max(len(instrument.responses(item)) for item in items) <= FEW_ANSWERS


def _ordinal(study: LoadedStudy, scale: str, structure: Any, data: pd.DataFrame) -> Invariance | None:
    """The same for ordered answers, where items have few and every group gives each of them."""
    from pipeline.psychometrics import PsychometricsError, invariance

    if not _has_few_answers(study, scale, structure.items):
        return None
    complete = data.dropna(subset=structure.item_codes)
    counts = {code: int(complete[code].nunique()) for code in structure.item_codes}
    by_group = complete.groupby("group_")[structure.item_codes].nunique()
    if min(counts.values()) < 3 or not (by_group == list(counts.values())).all(axis=None):
        raise PsychometricsError("some group does not give every answer to every item")
    return invariance(structure.syntax, complete, "group_", "WLSMV", categories=counts)


def _over_waves(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], scales: Sequence[str], told: Told
) -> dict[str, Any]:
    from pipeline.psychometrics import over_waves
    from pipeline.psychometrics.structure import Structure

    level = study.level_of(scales[0])
    shared = [item for item in study.columns(scales[0]) if all(item in study.columns(s) for s in scales)]
    waves = {
        str(study.declared.exports[study.declared.scales[scale].export].wave): [
            f"{scale}.{item}" for item in shared
        ]
        for scale in scales
    }
    structure = Structure.of(waves)
    data = structure.coded(frames[level][list(structure.items)]).dropna(how="all")
    codes = dict(zip(structure.items, structure.item_codes, strict=True))
    named = {wave: [codes[item] for item in items] for wave, items in waves.items()}
    missing = "fiml" if data.isna().any(axis=None) else "listwise"
    found = over_waves(data, named, missing=missing)
    ordinal = None
    if _has_few_answers(study, scales[0], shared):
        make = partial(_ordered_waves, data, named)
        ordinal = told.attempt("ordinal invariance over waves", scales[0], make)
    return {
        "scale": scales[0],
        "grouping": None,
        "waves": list(scales),
        "cluster": None,
        "note": None,
        "missing": missing,
        "left_out": 0,
        **_as_json(found, structure.in_words),
        "ordinal": None if ordinal is None else _as_json(ordinal, structure.in_words),
    }


def _ordered_waves(data: pd.DataFrame, waves: Mapping[str, Sequence[str]]) -> Invariance:
    """The same for ordered answers, on the rows complete at every wave."""
    from pipeline.psychometrics import PsychometricsError, over_waves

    complete = data.dropna()
    given = [tuple(int(complete[item].nunique()) for item in items) for items in waves.values()]
    if min(given[0]) < 3 or len(set(given)) > 1:
        raise PsychometricsError("at some wave not every answer to every item is given")
    first = next(iter(waves.values()))
    return over_waves(complete, waves, "WLSMV", categories=dict(zip(first, given[0], strict=True)))


def _as_json(found: Invariance, in_words: Any) -> dict[str, Any]:
    def step(one: Any) -> dict[str, Any]:
        told = asdict(one)
        return told | {
            "freed": [in_words(name) for name in one.freed],
            "reason": one.reason and in_words(one.reason),
        }

    return {
        "estimator": found.estimator,
        "groups": [{"name": name, "n": n} for name, n in zip(found.groups, found.sizes, strict=True)],
        "n": found.n,
        "steps": [step(one) for one in found.steps],
        "partial": [step(one) for one in found.partial],
        "reached": found.reached,
        "dmacs": None if found.dmacs is None else _effects(found.dmacs, in_words),
    }


def _effects(found: pd.DataFrame, in_words: Any) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in row.items()}
        | {name: in_words(str(row[name])) for name in ("factor", "item")}
        for row in found.to_dict("records")
    ]
