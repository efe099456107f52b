"""Whether items work alike in the groups of a study, as validate.json holds it.

`stages/validate` calls `differentials`; groupings and the size that a group needs are those of invariance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import groupings, scored
from pipeline.stages.attempts import Told
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import DifferentialFunctioning

STRATA = 5
OPTIONS = {
    "dif": "ordinal logistic regression on the sum of all items, the group, and their product (Zumbo, 1999), "
    "complete rows, rows taken as independent; chi-square of group and product together, p adjusted over the "
    "items of a scale (Holm, 1979); size by the change of Nagelkerke's R2: negligible below .035, large from "
    ".07 (Jodoin & Gierl, 2001); McFadden's R2 beside it",
    "mantel_haenszel": f"items with two answers, two groups: chi-square with continuity correction (Mantel & "
    f"Haenszel, 1959) over {STRATA} strata of the sum; A below 1, B below 1.5, C from 1.5 of |-2.35 ln odds "
    "ratio| (Zieky, 1993)",
}


def differentials(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], told: Told) -> list[dict[str, Any]]:
    """One entry a scale and grouping, then one a scale given at several waves."""
    found = []
    for grouping in study.declared.invariance:
        for scale in study.declared.scales:
            if groupings.no_groups(study, frames, scale, grouping):
                continue
            make = partial(_over_groups, study, frames, scale, grouping)
            one = told.attempt(f"differential functioning over {grouping}", scale, make)
            found += [one] if one is not None else []
    for first, scales in groupings.repeated(study):
        make = partial(_over_waves, study, frames, scales)
        one = told.attempt("differential functioning over waves", first, make)
        found += [one] if one is not None else []
    return found


def _over_groups(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], scale: str, grouping: str
) -> dict[str, Any]:
    block = scored.whole(study, scale)
    groups = groupings.groups_of(study, frames, block.level, grouping)
    found = _found(study, block.answers(frames), groups)
    return {"scale": scale, "grouping": grouping, "waves": None} | found


def _over_waves(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], scales: Sequence[str]
) -> dict[str, Any]:
    """Rows of all waves under each other, the wave as the group."""
    import pandas as pd

    shared = [item for item in study.columns(scales[0]) if all(item in study.columns(s) for s in scales)]
    parts, labels = [], []
    for scale in scales:
        answers = scored.whole(study, scale).answers(frames)[shared]
        wave = str(study.declared.exports[study.declared.scales[scale].export].wave)
        parts.append(answers)
        labels += [wave] * len(answers)
    found = _found(study, pd.concat(parts, ignore_index=True), pd.Series(labels))
    return {"scale": scales[0], "grouping": None, "waves": list(scales)} | found


def _found(study: LoadedStudy, answers: pd.DataFrame, groups: pd.Series[str]) -> dict[str, Any]:
    from pipeline.psychometrics import dif

    complete = answers.notna().all(axis="columns") & groups.notna()
    members = groups[complete]
    large = groupings.large_enough(members, answers.shape[1])
    shown, n = groupings.shown_sizes(members, large, study.declared.small_cell)
    used = complete & groups.isin(large)
    found = dif(answers[used], groups[used])
    return {
        "reference": str(found.groups[0]),
        "groups": [{"name": str(name), "n": shown[str(name)]} for name in found.groups],
        "n": n,
        "left_out": int(members.nunique() - len(large)),
        "match": found.match,
        "items": _items(found, answers[used], groups[used]),
    }


def _items(
    found: DifferentialFunctioning, answers: pd.DataFrame, groups: pd.Series[str]
) -> list[dict[str, Any]]:
    return [
        {"item": str(name)}
        | {str(key): value for key, value in row.items() if key != "n"}
        | {"mcfadden_change": row["mcfadden_product"] - row["mcfadden_match"]}
        | {"mantel_haenszel": _mantel_haenszel(answers, str(name), groups)}
        for name, row in found.frame.to_dict("index").items()
    ]


def _mantel_haenszel(answers: pd.DataFrame, item: str, groups: pd.Series[str]) -> dict[str, Any] | None:
    """The test where it applies: two answers, two groups; its reason where it has no answer."""
    from pipeline.psychometrics import PsychometricsError, mantel_haenszel

    if answers[item].nunique() != 2 or groups.nunique() != 2:
        return None
    try:
        found = mantel_haenszel(answers[item], groups, answers.sum(axis="columns"), STRATA)
    except PsychometricsError as error:
        return {"reason": str(error)}
    names = ("chisq", "pvalue", "odds_ratio", "ci_lower", "ci_upper", "delta", "grade")
    return {name: getattr(found, name) for name in names} | {"reason": None}
