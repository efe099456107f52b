"""From scores to the mediation within and between clusters, other models beside it, and verdicts.

The plan calls `model`; it reads the scored frames and writes model.json. With clusters the main model has
latent cluster means; beside it stand the one with manifest means, which takes its place where it has no
usable solution, and the flat one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages import scored
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.stages.sensitivity import sensitivity
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, Equation, IndirectEffects, PathGraph, PathModel
    from pipeline.mediation.rows import Missing
    from pipeline.study import Hypothesis

BETA = "beta: the slope times the standard deviation of the predictor over that of the outcome"
STANDARDIZED = {
    "latent": f"{BETA}, both at the slope's level and implied by the model",
    "decomposed": f"{BETA}, both at the slope's level (within: deviations from cluster means; between: "
    "cluster means as observed)",
    "flat": f"{BETA}, both as the model implies them",
}
DRAWN = "Monte Carlo intervals: percentiles of products of slopes drawn from the"
DRAWS = {
    "latent": f"{DRAWN} joint normal distribution of all slopes",
    "decomposed": f"{DRAWN} normal distribution of each equation's estimates, equations independent of each "
    "other",
    "flat": f"{DRAWN} joint normal distribution of all estimates",
}
AGREEMENT = 1e-3
SINGLE_LEVEL = "single-level: the study declares no level above the one measured, so there are no clusters"
SCORES = (
    "scale scores: this version fits the path to scale scores; models with latent variables behind the "
    "items are not part of it"
)


def model(study: LoadedStudy, workspace: Workspace) -> None:
    """Fit the path, work out its effects, judge the hypotheses; write model.json."""
    from pipeline.mediation import MediationError, PathGraph

    _refuse_unavailable(study)
    frames = scored.read_frames(study, workspace)
    try:
        graph, design = PathGraph.of(study.edges), _design(study)
        manifest = _manifest(study, graph, frames, design)
        fit = partial(_latent, study, graph, frames, design)
        latent, why_not = fit(_missing(study)) if manifest else (None, None)
        complete = fit("listwise")[0] if latent else None
        flat = _flat(study, graph, frames, design)
        main = latent or manifest or flat
        effects = {fit.kind: _effects(study, graph, fit) for fit in (main, manifest, flat) if fit}
        missing = _missing(study) if latent else study.declared.missing
        unmeasured = sensitivity(
            main,
            effects[main.kind],
            graph=graph,
            frames=frames,
            design=design,
            covariates=_covariates(study),
            missing=missing,
        )
    except MediationError as error:
        raise StudyError.of(f"data/{study.id}/study.yaml", str(error)) from error
    result = _fitted(main, effects[main.kind]) | {
        "contextual": _rows(effects[main.kind].contextual),
        "equations": {name: _equation(one) for name, one in main.equations.items()},
        "manifest": _beside(manifest, effects["decomposed"]) if manifest and latent else None,
        "flat": _fitted(flat, effects["flat"])
        | {"equations": {name: _equation(one) for name, one in flat.equations.items()}}
        | {"second_opinion": _two_programs(flat)},
        "options": _options(study, main),
        "labels": _labels(main) | ({"means": _in_its_place(why_not)} if why_not else {}),
        "warnings": [
            *([_in_its_place(why_not)] if why_not else []),
            *main.warnings,
            *_disagreement(flat),
        ],
        "second_opinion": _second_opinion(manifest or main) | _within(manifest, complete),
        "densities": effects[main.kind].densities,
        "sensitivity": unmeasured,
        "hypotheses": [_judged(study, one, main, effects[main.kind]) for one in study.declared.hypotheses],
    }
    write_json(workspace.build / "model" / "model.json", result)


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The scored frames."""
    return scored.frame_paths(study, workspace)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:  # noqa: ARG001
    """The results."""
    return (workspace.build / "model" / "model.json",)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """The path, where its variables are measured, hypotheses and options."""
    told = study.declared
    return {
        "levels": study.levels,
        "path": study.edges,
        "measured": dict(_design(study).measured),
        "covariates": {name: list(one.predicts) for name, one in told.covariates.items()},
        "hypotheses": [one.model_dump(mode="json") for one in told.hypotheses],
        "measurement": told.measurement,
        "missing": told.missing,
        "missing_declared": "missing" in told.model_fields_set,
        "seed": told.seed,
        "intervals": told.intervals.model_dump(mode="json"),
    }


def _refuse_unavailable(study: LoadedStudy) -> None:
    """What is declared and cannot be done is refused, not replaced."""
    told = study.declared
    if told.measurement == "latent":
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            f"measurement: latent is declared, but {SCORES.partition(': ')[2]}",
            "write 'scores' or 'auto'",
        )
    if told.missing == "fiml" and _has_clusters(study):
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            "missing: fiml is declared, but models within and between clusters use the rows complete for "
            "each equation; full information is there for studies with one level",
            "write 'listwise'",
        )


def _design(study: LoadedStudy) -> Design:
    from pipeline.mediation import Design

    names = [*scored.scored_names(study), *study.declared.covariates]
    return Design(study.levels, {name: study.level_of(name) for name in names})


def _covariates(study: LoadedStudy) -> dict[str, tuple[str, ...]]:
    """Outcome -> the covariates that enter its equation."""
    outcomes = dict.fromkeys(target for _, target in study.edges)
    entering = study.declared.covariates.items()
    return {outcome: tuple(name for name, one in entering if outcome in one.predicts) for outcome in outcomes}


def _manifest(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> PathModel | None:
    """The model with observed cluster means, or None where the design has no clusters."""
    from pipeline.mediation import fit_decomposed

    if not design.above(design.lowest(graph)):
        return None
    return fit_decomposed(graph, frames, design, _covariates(study), study.declared.intervals.level)


def _latent(
    study: LoadedStudy,
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    missing: str,
) -> tuple[PathModel | None, str | None]:
    """The model with latent cluster means, or why there is none."""
    from pipeline.mediation import NotEstimable, fit_latent_means

    confidence = study.declared.intervals.level
    try:
        fit = fit_latent_means(graph, frames, design, _covariates(study), confidence, missing=missing)
    except NotEstimable as reason:
        return None, str(reason)
    return fit, None


def _missing(study: LoadedStudy) -> Missing:
    """Full information with latent means, unless the study says otherwise."""
    told = study.declared
    return told.missing if "missing" in told.model_fields_set else "fiml"


def _in_its_place(reason: str) -> str:
    return (
        f"the model with latent cluster means has no usable solution: {reason}. The model with manifest "
        f"means stands in its place"
    )


def _has_clusters(study: LoadedStudy) -> bool:
    """Whether a level lies above the lowest one of the path."""
    on_path = {study.level_of(name) for edge in study.edges for name in edge}
    return bool(study.above(min(on_path, key=study.levels.index)))


def _flat(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> PathModel:
    from pipeline.mediation import fit_flat

    told = study.declared
    return fit_flat(graph, frames, design, _covariates(study), told.intervals.level, missing=told.missing)


def _effects(study: LoadedStudy, graph: PathGraph, fit: PathModel) -> IndirectEffects:
    from pipeline.mediation import indirect_effects

    told = study.declared
    asked = [_route(one) for one in told.hypotheses]
    return indirect_effects(fit, graph, told.intervals.draws, told.seed, told.intervals.level, also=asked)


def _route(hypothesis: Hypothesis) -> tuple[str, ...]:
    return tuple(step.strip() for step in hypothesis.effect.split("->"))


def _fitted(fit: PathModel, effects: IndirectEffects) -> dict[str, Any]:
    return {"kind": fit.kind, "paths": _rows(fit.frame), "indirect": _rows(effects.frame)}


def _beside(fit: PathModel, effects: IndirectEffects) -> dict[str, Any]:
    """A model that stands beside the main one."""
    equations = {name: _equation(one) for name, one in fit.equations.items()}
    return _fitted(fit, effects) | {"contextual": _rows(effects.contextual), "equations": equations}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _equation(equation: Equation) -> dict[str, Any]:
    return {
        "level": equation.level,
        "method": equation.method,
        "n": equation.n,
        "clusters": dict(equation.clusters),
        "left_out": dict(equation.left_out),
        "intercept": equation.intercept,
        "variances": dict(equation.variances),
        "icc": dict(equation.icc),
        "logl": equation.logl,
        "converged": equation.converged,
        "second_opinion": equation.second and _rounded(asdict(equation.second)),
        "warnings": list(equation.warnings),
        "r2": dict(equation.r2),
    }


def _rounded(opinion: Mapping[str, Any]) -> dict[str, Any]:
    """Differences between programs without the last digits, which are those of the machine."""
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in opinion.items()}


def _options(study: LoadedStudy, main: PathModel) -> dict[str, Any]:
    told = study.declared
    return {
        "draws": told.intervals.draws,
        "seed": told.seed,
        "confidence": told.intervals.level,
        "interval": told.intervals.method,
        "means": {"latent": "latent", "decomposed": "manifest"}.get(main.kind),
        "robust_unit": main.unit,
        "measurement": "scores",
        "measurement_declared": told.measurement,
        "measurement_reason": SCORES,
        "missing": _missing(study) if main.kind == "latent" else told.missing,
    }


def _labels(main: PathModel) -> dict[str, str]:
    """Sentences that go with the numbers wherever they are shown."""
    from pipeline.mediation import FLAT_IGNORES, LATENT_MEANS, MANIFEST_MEANS

    kind = main.kind
    shared = {"measurement": SCORES, "standardized": STANDARDIZED[kind], "intervals": DRAWS[kind]}
    if main.kind == "flat":
        return {"model": SINGLE_LEVEL} | shared
    told = {"model": "within and between clusters", "flat": FLAT_IGNORES}
    if main.kind == "latent":
        told |= {"between": LATENT_MEANS, "manifest": MANIFEST_MEANS}
    elif main.frame["cluster_mean"].any():
        told["between"] = MANIFEST_MEANS
    return told | shared


def _second_opinion(main: PathModel) -> dict[str, Any]:
    """How far statsmodels lies from what is reported, over all equations."""
    if main.kind == "flat":
        return _two_programs(main)
    asked = [one.second for one in main.equations.values() if one.second is not None]
    if not asked:
        return {"program": None, "sentence": "none: no equation has random intercepts"}
    shift, agree = max(one.shift for one in asked), all(one.agrees for one in asked)
    found = "stays there" if agree else "does not confirm every equation"
    distance = f"at most {shift:.1g}" if shift > 1e-6 else "less than a millionth of"
    differences = {
        "largest_shift": shift,
        "largest_logl_gap": max(one.logl_gap for one in asked),
        "largest_logl_difference": max(abs(one.logl_difference) for one in asked),
    }
    return {
        "program": "statsmodels MixedLM",
        "equations": len(asked),
        "agrees": agree,
        **_rounded(differences),
        "sentence": f"statsmodels MixedLM, started at the maximum of the likelihood, {found}; its slopes "
        f"differ by {distance} a standard error",
    }


def _within(manifest: PathModel | None, complete: PathModel | None) -> dict[str, Any]:
    """How far slopes within lie from those of the random-intercept models, which MixedLM has seen."""
    if manifest is None or complete is None:
        return {}
    own, theirs = complete.slopes(), manifest.slopes()
    shared = [slope for slope in own if slope[2] == "within" and slope in theirs]
    if not shared:
        return {}
    gaps = {slope: abs(own[slope]["est"] - theirs[slope]["est"]) for slope in shared}
    widest = max(gaps, key=lambda slope: gaps[slope] / own[slope]["se"])
    share = gaps[widest] / own[widest]["se"]
    opinion = _second_opinion(manifest)["sentence"]
    return {
        "largest_difference_within": max(gaps.values()),
        "largest_difference_within_se": share,
        "sentence": f"fitted to complete rows, slopes within differ from those of random-intercept models "
        f"with manifest means by at most {max(gaps.values()):.2g} ({share:.2g} of a standard error); of "
        f"those models, {opinion}",
    }


def _two_programs(flat: PathModel) -> dict[str, Any]:
    """How far least squares lies from the path model on the same complete rows."""
    second = flat.second
    if second is None or second.program is None:
        return {"program": None, "sentence": f"none: {second.reason if second else 'not asked'}"}
    gap = second.largest_difference_estimates or 0.0
    agree = gap <= AGREEMENT
    distance = f"{gap:.1g}" if gap >= 1e-8 else "less than 0.00000001"
    return {
        "program": second.program,
        "n": second.n,
        "agrees": agree,
        "largest_difference_estimates": gap,
        "largest_difference_chisq": None,
        "sentence": f"two programs on the {second.n} complete rows, pipeline.sem and {second.program} "
        f"equation by equation: largest difference of a slope {distance}"
        + ("" if agree else "; the programs disagree, treat the numbers as provisional"),
    }


def _disagreement(flat: PathModel) -> list[str]:
    found = _two_programs(flat)
    return [] if found.get("agrees", True) else [f"the flat model: {found['sentence']}"]


def _judged(
    study: LoadedStudy, hypothesis: Hypothesis, main: PathModel, effects: IndirectEffects
) -> dict[str, Any]:
    from pipeline.mediation import judge

    level = "flat" if main.kind == "flat" else hypothesis.level
    found = _estimate(_route(hypothesis), level, main, effects)
    if found is None:
        raise StudyError.of(f"data/{study.id}/study.yaml", _why_none(study, hypothesis))
    verdict = judge(found["ci_lower"], found["ci_upper"], hypothesis.sign, hypothesis.smallest)
    names = ("est", "se", "ci_lower", "ci_upper", "pvalue", "pvalue_is_bound", "interval")
    return (
        hypothesis.model_dump(mode="json")
        | {"evaluated_at": level}
        | {name: found[name] for name in names}
        | asdict(verdict)
    )


def _estimate(
    route: tuple[str, ...], level: str, main: PathModel, effects: IndirectEffects
) -> dict[str, Any] | None:
    """The slope of a single arrow, or the specific effect along a longer route."""
    if len(route) == 2:
        slope = main.slopes().get((*route, level))
        return slope and slope | {"pvalue_is_bound": False, "interval": "wald"}
    wanted = {"route": " -> ".join(route), "level": level, "kind": "specific"}
    return next((row for row in _rows(effects.frame) if wanted.items() <= row.items()), None)


def _why_none(study: LoadedStudy, hypothesis: Hypothesis) -> str:
    route = _route(hypothesis)
    absent = [edge for edge in pairwise(route) if edge not in study.edges]
    if absent or len(route) < 2:
        arrows = ", ".join(" -> ".join(edge) for edge in absent) or hypothesis.effect
        return f"hypothesis {hypothesis.id}: '{arrows}' is not an arrow of the path: add or correct it"
    lowest = min((study.level_of(name) for edge in study.edges for name in edge), key=study.levels.index)
    higher = [name for name in route if study.level_of(name) != lowest]
    return (
        f"hypothesis {hypothesis.id}: {hypothesis.effect} has no effect {hypothesis.level}, because "
        f"{', '.join(higher)} is measured once a {study.level_of(higher[0])} and does not differ within one; "
        f"write 'level: between'"
    )
