"""Missing answers: how many, which together, whether completely at random, and who lacks a score.

`stages/validate` calls `missing_at` for each level with scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.attempts import Told
from pipeline.stages.small_cells import withheld
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PATTERNS = 5
FEWEST_MISSING = 20
OPTIONS = {
    "missing": "rows kept by screening; patterns and shares of answers to items; Little's test (Little, "
    "1988) of the scores of a level and of the items of each scale",
    "dropout": f"logistic regression of lacking a score (at least {FEWEST_MISSING} rows lack it and as many "
    "have it) on the other scores and covariates of the level, standardised, complete rows of these",
}


def missing_at(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, told: Told
) -> dict[str, Any] | None:
    """Counts, patterns, tests and who drops out at one level; None where it has no answers."""
    from pipeline.psychometrics import missing_patterns

    frame = frames[level]
    scales = [name for name in scored.scored_names(study) if study.level_of(name) == level]
    items = {name: list(scored.whole(study, name).items) for name in scales}
    columns = [f"{name}.{item}" for name, part in items.items() for item in part]
    if not scales:
        return None
    answers = frame[columns or scales]
    found, threshold = missing_patterns(answers), study.declared.small_cell
    by_person = dict(zip(found.by_person.index.to_list(), map(int, found.by_person), strict=True))
    return {
        "n": found.n,
        "complete": found.complete,
        "answers": int(answers.size),
        "missing": int(answers.isna().sum().sum()),
        "share": float(answers.isna().to_numpy().mean()),
        "of_items": bool(columns),
        "patterns": len(found.frame),
        "by_person": [{"missing": int(k), "n": n} for k, n in withheld(by_person, threshold).items()],
        "scales": [_of_scale(frame, name, part, told) for name, part in items.items()],
        "score_patterns": _score_patterns(frame, scales, threshold),
        "little": _little(frame[scales], level, told),
        "dropout": [one for name in scales if (one := _dropout(study, frame, name, scales, told))],
    }


def _of_scale(frame: pd.DataFrame, scale: str, items: list[str], told: Told) -> dict[str, Any]:
    """Shares of a scale's items, and Little's test of them."""
    answers = frame[[f"{scale}.{item}" for item in items]] if items else frame[[scale]]
    shares = answers.isna().mean()
    return {
        "scale": scale,
        "items": len(items),
        "share": float(answers.isna().to_numpy().mean()),
        "most": float(shares.max()),
        "without_score": int(frame[scale].isna().sum()),
        "none_answered": int(answers.isna().all(axis="columns").sum()),
        "little": _little(answers, scale, told) if len(items) > 1 else None,
    }


def _score_patterns(frame: pd.DataFrame, scales: list[str], threshold: int) -> list[dict[str, Any]]:
    """The most frequent patterns of scores that people lack; those of a few people are left out."""
    from pipeline.psychometrics import missing_patterns

    rows = missing_patterns(frame[scales]).frame.to_dict("records")
    shown = withheld({i: int(row["n"]) for i, row in enumerate(rows)}, threshold)
    return [
        {"lacks": [name for name in scales if not row[name]], "n": n}
        for row, n in zip(rows, shown.values(), strict=True)
        if n is not None
    ][:SHOWN_PATTERNS]


def _little(answers: pd.DataFrame, what: str, told: Told) -> dict[str, Any] | None:
    from pipeline.psychometrics import little_mcar

    if answers.shape[1] < 2 or not answers.isna().to_numpy().any():
        return None
    test = told.attempt("Little's test", what, partial(little_mcar, answers))
    return None if test is None else {str(k): v for k, v in test.frame.iloc[0].to_dict().items()}


def _dropout(
    study: LoadedStudy, frame: pd.DataFrame, score: str, scales: list[str], told: Told
) -> dict[str, Any] | None:
    """Who lacks a score: odds ratios of a standard deviation of what else is known of them."""
    from pipeline.psychometrics import dropout_model

    covariates = [name for name in study.declared.covariates if study.level_of(name) == study.level_of(score)]
    others = [name for name in (*scales, *covariates) if name != score]
    lacking = frame[score].isna()
    fewest = max(FEWEST_MISSING, study.declared.small_cell)
    if not others or min(int(lacking.sum()), int((~lacking).sum())) < fewest:
        return None
    found = told.attempt("model of drop-out", score, partial(dropout_model, lacking, frame[others]))
    if found is None:
        return None
    return {
        "score": score,
        "n": found.n,
        "lacking": found.lacking,
        "rows": found.frame.to_dict("records"),
    } | {
        "chisq": found.chisq,
        "df": found.df,
        "pvalue": found.pvalue,
    }
