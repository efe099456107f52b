"""The factors of a scale beside those that its instrument's literature reports, as validate.json holds them.

`stages/validate` calls `published_of` for each scale; an instrument without such loadings has nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.instrument import Loadings
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import FactorAnalysis

FAIR, EQUAL = 0.85, 0.95
OPTIONS = {
    "published": "as many factors as published, by minimum residuals of Pearson correlations of pairwise "
    "complete answers; several are rotated obliquely towards the published loadings, those not stated taken "
    "as zero; congruence (Tucker, 1951): .85 to .94 fair similarity, .95 and more the same factor "
    "(Lorenzo-Seva & ten Berge, 2006); a rotation towards a target makes the coefficients of several factors "
    "somewhat higher than they would be without it",
}


def published_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, told: Told
) -> dict[str, Any] | None:
    """Congruence of the sample's factors with the published ones."""
    stated = study.instruments[block.scale].published.loadings
    if stated is None:
        return None
    make = partial(_found, block.answers(frames), stated)
    return told.attempt("congruence with the published solution", block.score, make)


def _found(answers: pd.DataFrame, stated: Loadings) -> dict[str, Any]:
    from pipeline.psychometrics import congruence

    target = _target(stated, [str(name) for name in answers.columns])
    found = _towards(answers[list(target.index)], target)
    matched = congruence(found.loadings, target).matched.to_dict("records")
    own = {row["published"]: str(row["factor"]) for row in matched}
    return {
        "citation": stated.citation,
        "sample": stated.sample,
        "n": found.n,
        "rms": found.fit.rms,
        "factors": [
            {
                "factor": str(row["published"]),
                "phi": float(row["phi"]),
                "verdict": _verdict(float(row["phi"])),
            }
            for row in matched
        ],
        "items": [
            {"item": str(item)}
            | {"published": {name: loads.get(str(item)) for name, loads in stated.factors.items()}}
            | {"sample": {name: float(found.loadings.loc[item, own[name]]) for name in target.columns}}
            for item in target.index
        ],
        "warnings": list(found.warnings),
    }


def _target(stated: Loadings, items: list[str]) -> pd.DataFrame:
    """The published loadings of the items that were asked; what is not stated is zero."""
    import pandas as pd

    named = {item for loads in stated.factors.values() for item in loads}
    kept = [item for item in items if item in named]
    columns = {name: [loads.get(item, 0.0) for item in kept] for name, loads in stated.factors.items()}
    return pd.DataFrame(columns, index=kept)


def _towards(answers: pd.DataFrame, target: pd.DataFrame) -> FactorAnalysis:
    from pipeline.psychometrics import RotationOptions, efa

    if target.shape[1] == 1:
        return efa(answers, 1, "minres", "none", missing="pairwise")
    options = RotationOptions(target=target.to_numpy(float))
    return efa(answers, target.shape[1], "minres", "target", missing="pairwise", options=options)


def _verdict(phi: float) -> str:
    return "equal" if phi >= EQUAL else "fair" if phi >= FAIR else "different"
