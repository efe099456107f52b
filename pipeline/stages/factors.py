"""Factor models of a scale as validate.json holds them: fitted with its clusters, and by two programs.

`stages/validate` calls `fitted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.stages import estimators, scored
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import FactorModel, SecondOpinion

OPTIONS = {
    "factor": "by the estimator that is chosen. MLR: maximum likelihood over every row with an answer (full "
    "information), sandwich errors and scaled chi-square (Yuan & Bentler, 2000); pipeline.sem, which follows "
    "lavaan (Rosseel, 2012)",
    "factor_clusters": "errors and test add up the scores of whole units of the highest level that at least "
    "half of the rows name; rows without such a unit are left out of the factor model, because they may lie "
    "in any of them",
    "factor_indices": "CFI, TLI and RMSEA: robust (Brosseau-Liard & Savalei, 2014; with missing answers "
    "Zhang & Savalei, 2023), RMSEA with a 90 % interval; SRMR: of variances and covariances; results.json "
    "holds those of normal theory beside them",
    "factor_second": "semopy (ftol 1e-14, items scaled) and pipeline.sem, both by maximum likelihood on the "
    "rows with every item",
}
CLUSTERS_IGNORED = (
    "each is a single-level model: clusters are ignored, so its standard errors are too small and its "
    "chi-square too large by an unknown amount"
)
WLSMV_KNOWS_NONE = (
    "WLSMV ignores clusters: where it is used, standard errors are too small and chi-square too large by an "
    "unknown amount"
)
LEAST_LINKED = 0.5
NO_TEST = (
    "three items on one factor are just identified (df = 0): they fit exactly whatever the answers are, so "
    "that there is no fit to test (Kline, 2023); the loadings can be read"
)


def fitted(
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    level: str,
    answers: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Fit the model by both estimators and give its second opinion."""
    from pipeline.psychometrics import both_estimators, second_opinion

    upper = cluster(study, frames, level)
    units = None if upper is None else frames[level][upper]
    both = both_estimators(answers, factors, units, study.declared.estimator)
    opinion = second_opinion(answers, factors)
    clustered = bool(scored.linked(study, frames, level))
    return _as_json(both.model, opinion, upper, clustered=clustered) | estimators.beside(both)


def cluster(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str) -> str | None:
    """The highest level above whose units most rows name; units of a single row each are no clusters."""
    frame = frames[level]
    for upper in reversed(scored.linked(study, frames, level)):
        units = int(frame[upper].nunique())
        if frame[upper].notna().mean() >= LEAST_LINKED and 1 < units < frame[upper].notna().sum():
            return upper
    return None


def _as_json(
    model: FactorModel, opinion: SecondOpinion, upper: str | None, *, clustered: bool
) -> dict[str, Any]:
    warnings = [*model.warnings, *([opinion.warning] if opinion.warning else [])]
    used = None if model.estimator == "WLSMV" else upper
    return {
        "program": "pipeline.sem",
        "estimator": model.estimator,
        "missing_answers": model.handling,
        "cluster": used,
        "clusters": model.clusters,
        "n": model.n,
        "missing": model.missing,
        "left_out": dict(model.left_out),
        **estimators.fit_columns(model),
        "converged": model.converged,
        "admissible": model.admissible,
        "loadings": _rows(model.frame),
        "correlations": _rows(model.correlations),
        "misfit": [asdict(one) for one in model.misfit],
        "second_opinion": asdict(opinion),
        "warning": " ".join(f"{text[0].upper()}{text[1:]}." for text in warnings) or None,
        "warnings": warnings,
        "note": _note(model, upper, clustered=clustered),
        "no_test": None if model.fit or not model.converged else NO_TEST,
    }


def _note(model: FactorModel, upper: str | None, *, clustered: bool) -> str | None:
    if clustered and upper is None:
        return CLUSTERS_IGNORED
    return WLSMV_KNOWS_NONE if upper and model.estimator == "WLSMV" else model.few_clusters


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
