"""Item response models of the scales, as validate.json holds them.

`stages/validate` calls `item_response_of` for each scale of at least three items, unless study.yaml says
`validation: {irt: false}`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import GradedResponse

FEWEST_ITEMS = 3
FEWEST_ROWS = 100
ENDS, CURVE = 3.0, 31
PRECISE = 0.80
OPTIONS = {
    "irt": "graded response model (Samejima, 1969), for items with two answers the two-parameter logistic "
    "model (Birnbaum, 1968); one standard normal trait a scale, logistic metric without 1.7; marginal "
    "maximum likelihood (Bock & Aitkin, 1981), 61 points from -6 to 6; errors from the observed "
    "information; a missing answer is left out of its person's likelihood; clusters are ignored, so that "
    f"errors are too small; at least {FEWEST_ROWS} rows; answers that nobody gave have no threshold",
    "irt_precision": "marginal reliability: mean of I / (I + 1) over the trait (Green et al., 1984); "
    "empirical: variance of EAP scores (Bock & Mislevy, 1982) over that and their mean error variance",
}


def item_response_of(
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    block: Block,
    told: Told,
    withheld: Collection[str] = (),
) -> dict[str, Any] | None:
    """Parameters, information and precision of a scale; None where the model is not asked for.

    Items that are `withheld` take part, but of them no parameter and no curve is told: a threshold is how
    many people gave an answer, in another unit.
    """
    if not study.declared.validation.irt or len(block.items) < FEWEST_ITEMS:
        return None
    make = partial(_found, study, frames, block, withheld)
    found: dict[str, Any] | None = told.attempt("item response model", block.score, make)
    return found


def _found(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, withheld: Collection[str]
) -> dict[str, Any]:
    from pipeline.psychometrics import PsychometricsError, grm

    answers = block.answers(frames)
    rows = int(answers.notna().any(axis="columns").sum())
    if rows < FEWEST_ROWS:
        raise PsychometricsError(
            f"{rows} rows answer the items: {FEWEST_ROWS} are the least for its parameters"
        )
    model = grm(answers)
    if not model.converged:
        raise PsychometricsError(model.warnings[-1])
    most = max(len(codes) for codes in model.categories.values())
    upper = scored.linked(study, frames, block.level)
    shown = [name for name in model.categories if name not in withheld]
    return {
        "level": block.level,
        "model": "two-parameter logistic" if most == 2 else "graded response",
        "n": model.n,
        "k": len(block.items),
        "cluster": upper[0] if upper else None,
        "loglik": model.loglik,
        "npar": model.npar,
        "aic": model.aic,
        "bic": model.bic,
        "warnings": list(model.warnings),
        "items": [_item(model, name) for name in shown],
        "information": _information(model, shown),
        **_precision(model, answers, frames[block.level][block.score]),
    }


def _item(model: GradedResponse, name: str) -> dict[str, Any]:
    """Slope and thresholds; each threshold with the answer that lies above it."""
    row = {str(key): float(value) for key, value in model.frame.loc[[name]].iloc[0].items()}
    return {
        "item": name,
        "a": row["a"],
        "a_se": row["a_se"],
        "thresholds": [
            {"answer": float(answer), "b": row[f"b{k}"], "b_se": row[f"b{k}_se"]}
            for k, answer in enumerate(model.categories[name][1:], start=1)
        ],
    }


def _information(model: GradedResponse, shown: Collection[str]) -> dict[str, Any]:
    """Curves over the trait, and the standings at which the scale is precise enough for single scores."""
    import numpy as np

    theta = np.linspace(-ENDS, ENDS, CURVE).round(10)
    found = model.information(theta)
    return {
        "theta": theta.tolist(),
        "test": found["test"].tolist(),
        "se": found["se"].tolist(),
        "items": {name: found[name].tolist() for name in shown},
        "precise": _precise(model),
    }


def _precise(model: GradedResponse) -> dict[str, Any] | None:
    """First and last standing with the information that goes with PRECISE; None where there is none."""
    import numpy as np

    theta = np.linspace(-ENDS, ENDS, 601).round(10)
    enough = theta[model.information(theta)["test"].to_numpy() >= PRECISE / (1 - PRECISE)]
    if not len(enough):
        return None
    return {"reliability": PRECISE, "from": float(enough[0]), "to": float(enough[-1])}


def _precision(model: GradedResponse, answers: pd.DataFrame, score: pd.Series[float]) -> dict[str, Any]:
    """Reliability over the trait, and how EAP scores go with the scale score."""
    from pipeline.psychometrics import empirical_reliability, marginal_reliability

    scores = model.eap(answers)
    return {
        "marginal_reliability": marginal_reliability(model),
        "empirical_reliability": empirical_reliability(scores),
        "eap": {
            "n": int(scores["eap"].notna().sum()),
            "sd": float(scores["eap"].std()),
            "r_with_score": float(scores["eap"].corr(score)),
        },
    }
