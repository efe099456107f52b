"""From scores to what can be said of the scales: descriptives, reliability, items, factors, clusters.

The plan calls `validate`; it reads the scored frames and writes validate.json. What cannot be estimated is
left out of the results and told, with the reason, under `not_estimated`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.stages import (
    agreement,
    cluster_means,
    differential,
    dimensionality,
    estimators,
    factors,
    invariance,
    item_response,
    measurement_models,
    missing_answers,
    published,
    reliabilities,
    responding,
    scored,
    small_cells,
    structure,
    validity,
    within_between,
)
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.stages.attempts import Told
from pipeline.stages.scored import Block
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import Correlations

Frames = Mapping[str, "pd.DataFrame"]

SECTIONS = (
    *("reliability", "items", "factor", "facets", "icc", "agreement", "dimensionality", "published", "irt"),
)
OPTIONS = {
    **reliabilities.OPTIONS,
    **factors.OPTIONS,
    **estimators.OPTIONS,
    **structure.OPTIONS,
    **dimensionality.OPTIONS,
    **validity.OPTIONS,
    **published.OPTIONS,
    **item_response.OPTIONS,
    **invariance.OPTIONS,
    **differential.OPTIONS,
    **responding.OPTIONS,
    **missing_answers.OPTIONS,
    "icc": "one-way analysis of variance with the mean cluster size (Bliese, 2000)",
    **agreement.OPTIONS,
    **within_between.OPTIONS,
    "skew": "bias-adjusted (G1)",
    "correlations": "Pearson, pairwise; within: deviations from cluster means, N - J - 1 degrees of freedom; "
    "between: cluster means, each cluster counted once",
}


def validate(study: LoadedStudy, workspace: Workspace) -> None:
    """Describe every scale and how well it measures; write validate.json."""
    frames = scored.read_frames(study, workspace)
    told = Told()
    result: dict[str, Any] = {"descriptives": _descriptives(study, frames)}
    result |= {name: {} for name in SECTIONS}
    for scale in study.declared.scales:
        for section, value in _scale(study, frames, scale, told).items():
            if value:
                result[section][scale] = value
    result["correlations"] = _correlations(study, frames)
    together = structure.joint_data(study, frames, told)
    result["structure"] = structure.structures(study, frames, together, told)
    result["measurement_model"] = measurement_models.measurement_models(study, frames, together, told)
    result["validity"] = {
        level: validity.validity_of(study, frames, level, data, told) for level, data in together.items()
    }
    result["invariance"] = invariance.invariances(study, frames, told)
    result["dif"] = differential.differentials(study, frames, told)
    result["waba"] = within_between.within_and_between(study, frames, told)
    result["careless"] = _by_level(responding.careless_at, study, frames, told)
    result["missing_answers"] = _by_level(missing_answers.missing_at, study, frames, told)
    result["cluster_means"] = cluster_means.cluster_means(study, frames)
    result["not_estimated"] = told.missing
    result["options"] = OPTIONS
    write_json(workspace.build / "validate" / "validate.json", result)


def _by_level(
    make: Callable[..., dict[str, Any] | None], study: LoadedStudy, frames: Frames, told: Told
) -> dict[str, Any]:
    made = {level: make(study, frames, level, told) for level in study.levels}
    return {level: found for level, found in made.items() if found is not None}


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The scored frames."""
    return scored.frame_paths(study, workspace)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:  # noqa: ARG001
    """The results."""
    return (workspace.build / "validate" / "validate.json",)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """Levels, which items make up which scale, their wording and possible answers."""
    parts = {"items", "response_sets", "facets", "published"}
    return {
        "levels": study.levels,
        "scales": {
            name: [study.level_of(name), list(study.columns(name)), scored.has_total(study, name)]
            for name in study.declared.scales
        },
        "facet": {name: scale.facet for name, scale in study.declared.scales.items()},
        "seed": study.declared.seed,
        "estimator": study.declared.estimator,
        "marker": study.declared.marker,
        "caterpillar": study.declared.report.caterpillar,
        "small_cell": study.declared.small_cell,
        "safety_items": {name: list(one.safety_items) for name, one in study.instruments.items()},
        "invariance": study.declared.invariance,
        "validation": study.declared.validation.model_dump(mode="json"),
        "edges": study.edges,
        "waves": {name: one.wave for name, one in study.declared.exports.items()},
        "covariates": {name: study.level_of(name) for name in study.declared.covariates},
        "instruments": {
            name: instrument.model_dump(mode="json", include=parts)
            for name, instrument in study.instruments.items()
        },
    }


def _descriptives(study: LoadedStudy, frames: Frames) -> dict[str, Any]:
    """Of scales and of numeric covariates, which say that they are such."""
    from pipeline.psychometrics import describe

    scales = scored.scored_names(study)
    covariates = {name: study.level_of(name) for name in study.declared.covariates}
    rows = {}
    for name, level in (scales | covariates).items():
        row = _counts(describe(frames[level][[name]]).frame.loc[name].to_dict())
        values = frames[level][name]
        if name in covariates:
            row = small_cells.guarded_covariate(row, values, study.declared.small_cell)
        elif name in study.instruments:
            row = small_cells.guarded_score(study, name, study.instruments[name].item_ids, row, values)
        rows[name] = {"level": level, "kind": "scale" if name in scales else "covariate"} | row
    return rows


def _counts(row: Mapping[Any, Any]) -> dict[str, Any]:
    whole = {"n", "missing"}
    return {str(name): int(value) if name in whole else value for name, value in row.items()}


def _scale(study: LoadedStudy, frames: Frames, scale: str, told: Told) -> dict[str, Any]:
    """Every section's part about one scale."""
    block = scored.whole(study, scale)
    if not block.items:
        reason = "a ready score: its items are not in the export"
        told.missing += [
            {"what": what, "scale": scale, "reason": reason} for what in ("alpha", "factor model")
        ]
        return _in_groups(study, frames, block, told)
    sections: dict[str, Any] = {}
    if scored.has_total(study, scale):
        sections = _block(study, frames, block, told) | _in_groups(study, frames, block, told)
        sections["dimensionality"] = dimensionality.dimensions_of(study, frames, block, told)
        sections["published"] = published.published_of(study, frames, block, told)
        hidden = small_cells.hidden_items(sections["items"])
        sections["irt"] = item_response.item_response_of(study, frames, block, told, hidden)
    parts = scored.facets(study, scale)
    sections["facets"] = {
        part.facet: {"title": study.instruments[scale].facets[part.facet or ""].title}
        | _descriptives_of(study, frames, part)
        | _block(study, frames, part, told)
        | {"icc": _icc(study, frames, part, told)}
        for part in parts
    }
    joint = _facet_model(study, frames, scale, parts, told)
    if joint and "factor" in sections:
        sections["factor"] = (sections["factor"] or {}) | {"facets": joint}
    elif joint:
        sections["factor"] = {"facets": joint}
    return sections


def _in_groups(study: LoadedStudy, frames: Frames, block: Block, told: Told) -> dict[str, Any]:
    return {
        "icc": _icc(study, frames, block, told),
        "agreement": agreement.agreement_of(study, frames, block, told),
    }


def _descriptives_of(study: LoadedStudy, frames: Frames, part: Block) -> dict[str, Any]:
    from pipeline.psychometrics import describe

    scores = frames[part.level][part.score]
    row = _counts(describe(scores.to_frame()).frame.iloc[0].to_dict())
    return {"descriptives": small_cells.guarded_score(study, part.scale, part.items, row, scores)}


def _block(study: LoadedStudy, frames: Frames, block: Block, told: Told) -> dict[str, Any]:
    """Reliability, items and one-factor model of items that are scored together."""
    from pipeline.psychometrics import describe, reliability

    answers = block.answers(frames)
    bounds = {item: _bounds(study, block.scale, item) for item in block.items}
    alpha = told.attempt(
        "alpha",
        block.score,
        lambda: reliability(answers, reliabilities.CONFIDENCE, "pairwise", bounds, cautious=True),
    )
    model: dict[str, Any] | None = told.attempt(
        "factor model",
        block.score,
        lambda: factors.fitted(study, frames, block.level, answers, {block.score: block.items}),
    )
    statistics = (
        alpha.items.frame if alpha else describe(answers).frame[["n", "missing", "mean", "sd", "skew"]]
    )
    loadings = {row["item"]: row for row in (model or {}).get("loadings", ())}
    return {
        "reliability": alpha and reliabilities.reliability_of(study, frames, block, alpha, told),
        "items": small_cells.guarded_items(
            study,
            block.scale,
            [
                {"item": item, "text": study.instruments[block.scale].item(item).text}
                | _counts(statistics.loc[item].to_dict())
                | {"loading": _of(loadings, item, "std"), "se": _of(loadings, item, "std_se")}
                | cluster_means.loading_interval(loadings.get(item))
                | {"frequencies": _frequencies(study, block.scale, item, answers[item])}
                for item in block.items
            ],
        ),
        "factor": model,
    }


def _frequencies(study: LoadedStudy, scale: str, item: str, keyed: pd.Series[float]) -> dict[str, int]:
    """How often each answer was given, as the form has it: what the key turned is turned back."""
    turned = {*study.turned(scale), *study.declared.scales[scale].already_reversed}
    lowest, highest = _bounds(study, scale, item)
    given = lowest + highest - keyed if item in turned else keyed
    counts = given.value_counts()
    return {str(code): int(counts.get(code, 0)) for code in study.instruments[scale].responses(item)}


def _of(table: Mapping[Any, Mapping[Any, Any]], row: str, column: str) -> Any:
    return table[row][column] if row in table else None


def _bounds(study: LoadedStudy, scale: str, item: str) -> tuple[float, float]:
    codes = study.instruments[scale].responses(item)
    return float(min(codes)), float(max(codes))


def _facet_model(
    study: LoadedStudy, frames: Frames, scale: str, parts: tuple[Block, ...], told: Told
) -> dict[str, Any] | None:
    """One factor a facet, correlated; where at least two facets share out items without overlap."""
    items = [item for part in parts for item in part.items]
    if len(parts) < 2 or len(set(items)) < len(items):
        return None
    named = {part.facet or "": part.items for part in parts}
    level = parts[0].level
    answers = Block(scale, None, level, tuple(items)).answers(frames)
    found: dict[str, Any] | None = told.attempt(
        "factor model of the facets", scale, lambda: factors.fitted(study, frames, level, answers, named)
    )
    return found


def _icc(study: LoadedStudy, frames: Frames, block: Block, told: Told) -> dict[str, Any]:
    """ICC(1) and ICC(2) of a score at each level above it."""
    from pipeline.psychometrics import intraclass

    frame, found = frames[block.level], {}
    for upper in scored.linked(study, frames, block.level):
        pair = frame[block.score], frame[upper]
        value = told.attempt(f"ICC at the level {upper}", block.score, partial(intraclass, *pair))
        if value is not None:
            found[upper] = asdict(value)
    return found


def _correlations(study: LoadedStudy, frames: Frames) -> dict[str, Any] | None:
    """Among all scales: of the lowest level's rows, within clusters, and between their means."""
    from pipeline.mediation import Design, lay_beside
    from pipeline.psychometrics import correlate, correlate_within

    measured = scored.scored_names(study)
    if not measured:
        return None
    names = list(measured)
    design = Design(study.levels, measured)
    lowest = min(measured.values(), key=study.levels.index)
    upper = next(iter(scored.linked(study, frames, lowest)), None)
    result: dict[str, Any] = {"names": names, "level": lowest, "cluster": upper}
    result["levels"] = measured
    total = correlate(lay_beside(lowest, names, frames, design))
    result |= {"n": len(frames[lowest])} | _matrices("total", total)
    if upper is None:
        return result | {"within": None, "between": None, "clusters": None}
    own = [name for name in names if measured[name] == lowest]
    within = correlate_within(frames[lowest][own], frames[lowest][upper])
    units = _units(upper, frames, lowest)
    between = correlate(lay_beside(upper, names, dict(frames) | {upper: units}, design))
    result |= _matrices("within", within, names) | _matrices("between", between)
    return result | {"clusters": int(frames[lowest][upper].nunique())}


def _matrices(name: str, found: Correlations, names: list[str] | None = None) -> dict[str, Any]:
    tables = {name: found.frame, f"n_{name}": found.n, f"p_{name}": found.p}
    if names is not None:
        tables = {key: table.reindex(index=names, columns=names) for key, table in tables.items()}
    return {key: table.astype(float).to_numpy().tolist() for key, table in tables.items()}


def _units(upper: str, frames: Frames, lowest: str) -> pd.DataFrame:
    """Units of the upper level: those with a row of their own, then those only named from below."""
    import pandas as pd

    named = frames[lowest][upper].dropna().drop_duplicates()
    known = frames.get(upper, pd.DataFrame({"id": []}))
    absent = named[~named.isin(known["id"])]
    return pd.concat([known, pd.DataFrame({"id": absent})], ignore_index=True)
