"""Whether scores may be averaged over the units of a level above, as validate.json holds it.

`stages/validate` calls `agreement_of` for each scale. Only numbers over all groups are kept: no group can be
told from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import GroupAgreement

DRAWS = 2000
OPTIONS = {
    "icc_intervals": "exact under normality (McGraw & Wong, 1996), 95 %",
    "agreement": "rwg(j) under a uniform and, with five answers, a slightly skewed null (James et al., "
    "1984), r*wg(j) (Lindell et al., 1999), a_wg (Brown & Hauenstein, 2005), AD_M (Burke et al., 1999); "
    "complete rows; groups with a single row have none",
    "agreement_null": f"{DRAWS} simulated groups of the mean size, answers uniform and independent (Cohen "
    "et al., 2001): 95th percentile of rwg(j), 5th of AD_M",
    "agreement_rule": "averaging is called defensible where groups differ (F test, p < .05) and their "
    "members agree (mean rwg(j) of .70 under the uniform null; LeBreton & Senter, 2008; or mean AD_M of at "
    "most the answers / 6; Burke & Dunlap, 2002); ICC(2) of .70 tells how reliable the averages are "
    "(LeBreton & Senter, 2008)",
    "design_effect": "1 + (m - 1) ICC(1), m the size-weighted mean size (Kish, 1965)",
}


def agreement_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, told: Told
) -> dict[str, Any]:
    """By level above: ICCs with intervals, design effect and, where items are there, agreement."""
    found: dict[str, Any] = {}
    for upper in scored.linked(study, frames, block.level):
        make = partial(_at, study, frames, block, upper)
        value = told.attempt(f"agreement at the level {upper}", block.score, make)
        if value is not None:
            found[upper] = value
    return found


def _at(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, upper: str) -> dict[str, Any]:
    from pipeline.psychometrics import design_effect, intraclass, intraclass_interval

    frame = frames[block.level]
    icc = intraclass(frame[block.score], frame[upper])
    effect = design_effect(frame[block.score], frame[upper])
    told: dict[str, Any] = {
        "n": icc.n,
        "groups": icc.clusters,
        "mean_size": icc.mean_size,
        "F": icc.F,
        "p": icc.p,
        **asdict(intraclass_interval(icc)),
        "deff": effect.deff_weighted,
        "effective_n": effect.effective_n,
    }
    if not block.items:
        return told | {"agreement": None, "reason": "a ready score: agreement needs the answers to items"}
    answers, units = block.answers(frames), frame[upper]
    together = units[answers.notna().all(axis="columns")].value_counts()
    if together[together > 1].sum() < study.declared.small_cell:
        least = study.declared.small_cell
        return told | {"agreement": None, "reason": f"fewer than {least} people are in groups of two or more"}
    return told | _agreement(study, block, answers, units, frame[block.score])


def _agreement(
    study: LoadedStudy, block: Block, answers: pd.DataFrame, units: pd.Series, scores: pd.Series
) -> dict[str, Any]:
    from pipeline.psychometrics import (
        a_wg,
        ad_m,
        aggregation_evidence,
        null_ad_m,
        null_rwg_j,
        r_star_wg_j,
        rwg_j,
        skewed_null,
        uniform_null,
    )

    codes = [code for item in block.items for code in study.instruments[block.scale].responses(item)]
    bounds = int(min(codes)), int(max(codes))
    categories = bounds[1] - bounds[0] + 1
    evidence = aggregation_evidence(answers, units, bounds, scores)
    uniform = rwg_j(answers, units, uniform_null(categories))
    indices = {
        "rwg_uniform": _over_groups(uniform, 0.70),
        "r_star": _over_groups(r_star_wg_j(answers, units, uniform_null(categories))),
        "a_wg": _over_groups(a_wg(answers, units, bounds), 0.70),
        "ad_m": _over_groups(ad_m(answers, units)) | {"bound": categories / 6},
    }
    if categories == 5:
        indices["rwg_skewed"] = _over_groups(rwg_j(answers, units, skewed_null("slight")), 0.70)
    size = max(2, round(float(uniform.frame["n"].mean())))
    shape = size, answers.shape[1], categories
    return {
        "agreement": indices,
        "null": {
            "size": size,
            "rwg_95": null_rwg_j(*shape, draws=DRAWS, seed=study.declared.seed).critical,
            "ad_m_5": null_ad_m(*shape, draws=DRAWS, seed=study.declared.seed).critical,
        },
        "evidence": evidence.frame.to_dict("records"),
        "defensible": evidence.defensible,
        "sentence": evidence.sentence,
    }


def _over_groups(found: GroupAgreement, bound: float | None = None) -> dict[str, Any]:
    """Mean and spread over the groups that have a value."""
    told = {
        "mean": found.mean,
        "median": found.median,
        "sd": float(found.frame["value"].std(ddof=1)),
        "without_value": found.without_value,
    }
    return told | ({"share": found.share_at_least(bound)} if bound is not None else {})
