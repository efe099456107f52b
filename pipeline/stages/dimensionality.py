"""How many dimensions the items of a scale have, as validate.json holds it.

`stages/validate` calls `dimensions_of` for each scale of at least four items.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import FactorAnalysis, ParallelAnalysis

REPLICATES = 200
POLYCHORIC_REPLICATES = 50
FEWEST_ITEMS = 4
FEW_ANSWERS = 5
OPTIONS = {
    "dimensionality": "Pearson correlations of pairwise complete answers; KMO (Kaiser, 1974), Bartlett's "
    "test (Bartlett, 1951), minimum average partial (Velicer, 1976)",
    "parallel": f"parallel analysis (Horn, 1965): eigenvalues of {REPLICATES} data sets of independent "
    "normal items with as many rows, their mean and 95th percentile (Glorfeld, 1995); factors: of the "
    "correlations with communalities of one factor; also of polychoric correlations where items have at most "
    f"{FEW_ANSWERS} answers, beside those of {POLYCHORIC_REPLICATES} times the same answers in random order",
    "efa": "minimum residual extraction, oblimin rotation; where a scale has facets or parallel analysis "
    "finds more than one factor; beside it a general factor above them (Schmid & Leiman, 1957) and the "
    "congruence (Tucker, 1951) of each factor with the facet that it resembles most, whose pattern is 1 for "
    "its items and 0 for the others",
}


def dimensions_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, told: Told
) -> dict[str, Any] | None:
    """Adequacy, parallel analysis, MAP and, where there is reason, an exploratory solution."""
    if len(block.items) < FEWEST_ITEMS:
        return None
    return told.attempt("dimensionality", block.score, partial(_found, study, frames, block, told))


def _found(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], block: Block, told: Told
) -> dict[str, Any]:
    from pipeline.psychometrics import bartlett, kmo, map_test, parallel_analysis

    answers = block.answers(frames)
    adequacy, sphericity = kmo(answers, missing="pairwise"), bartlett(answers, missing="pairwise")
    least = map_test(answers, missing="pairwise")
    pearson = parallel_analysis(answers, REPLICATES, missing="pairwise", seed=study.declared.seed)
    facets = scored.partition(study, block.scale) if block.facet is None else {}
    wanted = max(len(scored.partition(study, block.scale)), pearson.factors)
    return {
        "level": block.level,
        "n": sphericity.n,
        "k": len(block.items),
        "kmo": adequacy.overall,
        "kmo_lowest": float(adequacy.frame["msa"].min()),
        "bartlett": {"chisq": sphericity.chisq, "df": sphericity.df, "p": sphericity.pvalue},
        "map": {"components": least.components, "components_fourth": least.components_fourth},
        "parallel": _parallel(pearson),
        "polychoric": _polychoric(study, block, answers, told),
        "efa": _efa(answers, wanted, facets, block, told) if wanted > 1 else None,
    }


def _parallel(found: ParallelAnalysis) -> dict[str, Any]:
    names = ("components", "factors", "components_mean", "factors_mean", "replicates", "n")
    return {name: getattr(found, name) for name in names} | {"eigenvalues": found.frame.to_dict("records")}


def _polychoric(study: LoadedStudy, block: Block, answers: pd.DataFrame, told: Told) -> dict[str, Any] | None:
    """Parallel analysis of polychoric correlations, where items have few answers."""
    instrument = study.instruments[block.scale]
    if max(len(instrument.responses(item)) for item in block.items) > FEW_ANSWERS:
        return None
    found = told.attempt(
        "polychoric parallel analysis", block.score, partial(_of_polychorics, answers, study.declared.seed)
    )
    return None if found is None else _parallel(found)


def _of_polychorics(answers: pd.DataFrame, seed: int) -> ParallelAnalysis:
    from pipeline.psychometrics import parallel_analysis

    return parallel_analysis(
        answers,
        POLYCHORIC_REPLICATES,
        data="permuted",
        missing="pairwise",
        correlations="polychoric",
        seed=seed,
    )


def _efa(
    answers: pd.DataFrame, factors: int, facets: Mapping[str, tuple[str, ...]], block: Block, told: Told
) -> dict[str, Any] | None:
    from pipeline.psychometrics import efa

    make = partial(efa, answers, factors, "minres", "oblimin", missing="pairwise")
    found: FactorAnalysis | None = told.attempt("exploratory factor analysis", block.score, make)
    if found is None:
        return None
    names = list(found.loadings.columns)
    general = told.attempt("general factor", block.score, partial(_general, answers, factors))
    return {
        "general": general,
        "congruence": _congruence(found, facets),
        "factors": len(names),
        "n": found.n,
        "loadings": [
            {"item": str(item), **row.to_dict(), "communality": 1 - float(unique)}
            for (item, row), unique in zip(found.loadings.iterrows(), found.uniquenesses, strict=True)
        ],
        "phi": None if found.phi is None else found.phi.to_numpy(float).tolist(),
        "rms": found.fit.rms,
        "converged": found.converged,
        "warnings": list(found.warnings),
    }


def _general(answers: pd.DataFrame, factors: int) -> dict[str, Any]:
    """How much of what the items have in common one factor above the others explains."""
    from pipeline.psychometrics import schmid_leiman

    found = schmid_leiman(answers, factors, missing="pairwise")
    loadings = [{"item": str(item), "g": float(value)} for item, value in found.frame["g"].items()]
    return {"explained_common_variance": found.explained_common_variance, "loadings": loadings}


def _congruence(found: FactorAnalysis, facets: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Each factor beside the declared facet that it resembles most; empty where none are declared."""
    import pandas as pd

    from pipeline.psychometrics import congruence

    if not facets:
        return []
    items = list(found.loadings.index)
    pattern = pd.DataFrame({name: [float(i in own) for i in items] for name, own in facets.items()}, items)
    matched = congruence(found.loadings, pattern).matched
    return [
        {"factor": str(row["factor"]), "facet": str(row["published"]), "phi": float(row["phi"])}
        for row in matched.to_dict("records")
    ]
