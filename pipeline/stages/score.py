"""From kept answers to scores at each level, with the levels linked.

The plan calls `score`; it reads the screened rows and writes one frame a level, score.json, scores.csv and
scores.sav. Items are keyed by the instrument; where a key does not fit the data, that is told and nothing
is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.instrument import Instrument
from pipeline.stages.artefacts import Workspace, read_frame, write_frame, write_json
from pipeline.stages.keying import Key, problems_of
from pipeline.stages.linking import LinkingError, Noun, Table, gather, link
from pipeline.stages.scoresfile import write_scores
from pipeline.stages.small_cells import cluster_sizes
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.scoring import ReverseCheck


@dataclass(frozen=True)
class ScoredScale:
    """A scale of one export: keyed items, score, facet scores, and what score.json says of it."""

    items: pd.DataFrame
    scores: pd.DataFrame
    facets: pd.DataFrame
    result: Mapping[str, Any]


def score(study: LoadedStudy, workspace: Workspace) -> None:
    """Score every scale, link the levels, and write frames, results and the two files for people."""
    scored: dict[str, ScoredScale] = {}
    tables: list[Table] = []
    for name, export in study.declared.exports.items():
        frame = read_frame(workspace.build / "screen" / f"{name}.parquet")
        here = {scale: score_scale(study, scale, frame) for scale in _scales_of(study, name)}
        tables.append(Table(name, export.kind, _table(study, name, frame, tuple(here.values()))))
        scored |= here
    frames, levels = _linked(study, workspace, tables)
    _refuse_useless_clusters(study, levels)
    for level, frame in frames.items():
        write_frame(workspace.build / "score" / f"{level}.parquet", frame)
    scales = {scale: scored[scale].result for scale in study.declared.scales}
    problems = [problem for scale in scales.values() for problem in scale["reverse_check"]["problems"]]
    write_scores(study, workspace, frames)
    shown = {level: _without_small(study, told) for level, told in levels.items()}
    write_json(
        workspace.build / "score" / "score.json", {"levels": shown, "scales": scales, "problems": problems}
    )


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The rows kept, and those received: to tell an excluded staff member from an unknown one."""
    names = [f"{name}.parquet" for name in study.declared.exports]
    return tuple(workspace.build / stage / name for stage in ("screen", "ingest") for name in names)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """One frame a level, the results, and the scores as CSV and SPSS file."""
    frames = [workspace.build / "score" / f"{level}.parquet" for level in study.levels]
    others = [workspace.build / name for name in ("score/score.json", "scores.csv", "scores.sav")]
    return (*frames, *others)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """Levels, scales and keys; titles and wording, which label the scores."""
    told = study.declared
    parts = {"id", "version", "title", "items", "response_sets", "facets", "scoring", "safety_items"}
    return {
        "title": told.title,
        "small_cell": told.small_cell,
        "levels": {name: level.model_dump(mode="json") for name, level in told.levels.items()},
        "exports": {
            name: [export.level, export.kind, export.file, dict(export.links)]
            for name, export in told.exports.items()
        },
        "scales": {
            name: scale.model_dump(mode="json", exclude={"columns"}) for name, scale in told.scales.items()
        },
        "covariates": {name: [one.export, one.title] for name, one in told.covariates.items()},
        "instruments": {
            name: instrument.model_dump(mode="json", include=parts)
            for name, instrument in study.instruments.items()
        },
    }


def score_scale(study: LoadedStudy, scale: str, frame: pd.DataFrame) -> ScoredScale:
    """Key and score one scale over the rows of its export."""
    if study.declared.scales[scale].score is not None:
        return _ready(study, scale, frame)
    key, share = Key.of(study, scale), _minimum(study, scale)
    keyed = _keyed(study, key, frame)
    scores = _scores(key.instrument, share, {scale: key.items}, keyed)
    parts = {name: facet.items for name, facet in key.instrument.facets.items()}
    facets = _scores(key.instrument, share, parts, keyed).add_prefix(f"{scale}.")
    check = _checked(keyed)
    result = _result(study, key, scores[scale], facets) | {
        "reversed": key.turned,
        "already_reversed": key.already,
        "printed_reversed": [item.id for item in key.instrument.items if item.printed_reversed],
        "reverse_check": {"items": _check_rows(check, key), "problems": problems_of(key, check)},
    }
    return ScoredScale(keyed.add_prefix(f"{scale}."), scores, facets, result)


def _scales_of(study: LoadedStudy, export: str) -> tuple[str, ...]:
    return tuple(name for name, scale in study.declared.scales.items() if scale.export == export)


def _ready(study: LoadedStudy, scale: str, frame: pd.DataFrame) -> ScoredScale:
    instrument = study.instruments.get(scale)
    scores, nothing = frame[[scale]].astype(float), frame[[]]
    result: dict[str, Any] = {
        "instrument": instrument.id if instrument else None,
        "version": instrument.version if instrument else None,
        "level": study.level_of(scale),
        "items": [],
        "rule": "ready",
        "rule_in_words": "the export holds the score; it is taken as it is",
        "minimum_answered": None,
        "needed": None,
        "scored": int(scores[scale].notna().sum()),
        "not_scored": int(scores[scale].isna().sum()),
        "facets": {},
        "reversed": [],
        "already_reversed": [],
        "printed_reversed": [],
        "reverse_check": {"items": [], "problems": []},
    }
    return ScoredScale(nothing, scores, nothing, result)


def _keyed(study: LoadedStudy, key: Key, frame: pd.DataFrame) -> pd.DataFrame:
    from pipeline.psychometrics.scoring import ScoringError, key_items

    names = {f"{key.scale}.{item}": item for item in key.items}
    answers = frame.set_index("_row")[list(names)].rename(columns=names)
    codes = {item: key.instrument.responses(item) for item in key.turned}
    ranges = {item: (float(min(each)), float(max(each))) for item, each in codes.items()}
    try:
        return key_items(answers, ranges).set_axis(frame.index)
    except ScoringError as error:
        raise StudyError.of(
            _file(study, study.declared.scales[key.scale].export), f"{key.scale}: {error}"
        ) from error


def _minimum(study: LoadedStudy, scale: str) -> float:
    share = study.instruments[scale].scoring.minimum_answered
    if share is None:
        raise StudyError.of(
            f"data/{study.id}/study.yaml",
            f"{scale}: its instrument gives no rule for how many items have to be answered",
            f"declare it: scales.{scale}.codebook.minimum_answered",
        )
    return share


def _scores(
    instrument: Instrument, share: float, parts: Mapping[str, Sequence[str]], keyed: pd.DataFrame
) -> pd.DataFrame:
    import pandas as pd

    from pipeline.psychometrics.scoring import scale_score

    rule = instrument.scoring
    scores = {
        name: scale_score(keyed[list(items)], share, rule.rule, rule.factor, rule.offset)
        for name, items in parts.items()
    }
    return pd.DataFrame(scores, index=keyed.index)


def _checked(keyed: pd.DataFrame) -> ReverseCheck:
    from pipeline.psychometrics.scoring import check_reversal

    return check_reversal(keyed)


def _result(study: LoadedStudy, key: Key, total: pd.Series[float], facets: pd.DataFrame) -> dict[str, Any]:
    from pipeline.psychometrics.scoring import answers_needed

    share = _minimum(study, key.scale)
    return {
        "instrument": key.instrument.id,
        "version": key.instrument.version,
        "level": study.level_of(key.scale),
        "items": key.items,
        "rule": key.instrument.scoring.rule,
        "rule_in_words": _in_words(key.instrument),
        "minimum_answered": share,
        "needed": answers_needed(len(key.items), share),
        "scored": int(total.notna().sum()),
        "not_scored": int(total.isna().sum()),
        "facets": {
            name: {
                "title": facet.title,
                "items": facet.items,
                "needed": answers_needed(len(facet.items), share),
                "scored": int(facets[f"{key.scale}.{name}"].notna().sum()),
                "not_scored": int(facets[f"{key.scale}.{name}"].isna().sum()),
            }
            for name, facet in key.instrument.facets.items()
        },
    }


def _in_words(instrument: Instrument) -> str:
    scoring = instrument.scoring
    if scoring.rule == "sum":
        return "sum; where answers are missing, the mean of the answered items times the number of items"
    if scoring.rule == "scaled":
        return f"mean of the answered items x {scoring.factor:g} + {scoring.offset:g}"
    return "mean of the answered items"


def _check_rows(check: ReverseCheck, key: Key) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in row.items()} | {"reversed": row["item"] in key.turned}
        for row in check.frame.to_dict("records")
    ]


def _table(
    study: LoadedStudy, export: str, frame: pd.DataFrame, scored: Sequence[ScoredScale]
) -> pd.DataFrame:
    """The export's rows with keyed items, then scores, facet scores and covariates."""
    import pandas as pd

    around = [name for name in frame if str(name).startswith("_")]
    covariates = [name for name, one in study.declared.covariates.items() if one.export == export]
    items, scores = [one.items for one in scored], [one.scores for one in scored]
    facets = [one.facets for one in scored]
    return pd.concat([frame[around], *items, *scores, *facets, frame[covariates]], axis="columns")


def _linked(
    study: LoadedStudy, workspace: Workspace, tables: Sequence[Table]
) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, Mapping[str, Any]]]:
    try:
        gathered = [
            gather(
                level,
                [table for table in tables if _export_level(study, table.export) == level],
                study.above(level),
                _received(study, workspace, level),
                lowest=level == study.levels[0],
            )
            for level in study.levels
        ]
        linked = link(gathered, {level: _noun(study, level) for level in study.levels})
    except LinkingError as error:
        raise StudyError.of(f"data/{study.id}/study.yaml", str(error)) from error
    return linked.frames, linked.results


def _without_small(study: LoadedStudy, told: Mapping[str, Any]) -> dict[str, Any]:
    """What was linked, without the sizes of small clusters."""
    threshold = study.declared.small_cell
    sizes = {upper: cluster_sizes(each, threshold) for upper, each in told["cluster_sizes"].items()}
    return {**told, "cluster_sizes": sizes}


def _export_level(study: LoadedStudy, export: str) -> str:
    return study.declared.exports[export].level


def _received(study: LoadedStudy, workspace: Workspace, level: str) -> frozenset[str]:
    """Ids in the surveys of a level before screening."""
    surveys = [
        name
        for name, export in study.declared.exports.items()
        if export.level == level and export.kind == "survey"
    ]
    frames = [read_frame(workspace.build / "ingest" / f"{name}.parquet") for name in surveys]
    return frozenset(str(each) for frame in frames for each in frame["_id"].dropna())


def _noun(study: LoadedStudy, level: str) -> Noun:
    return Noun(_uncapitalised(study.title(level)), _uncapitalised(study.plural(level)))


def _uncapitalised(words: str) -> str:
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def _file(study: LoadedStudy, export: str) -> str:
    return f"data/{study.id}/{study.declared.exports[export].file}"


def _refuse_useless_clusters(study: LoadedStudy, levels: Mapping[str, Mapping[str, Any]]) -> None:
    """Stop where nothing is left, nothing is linked, or the clusters are all the same or all different."""
    lowest, *higher = study.levels
    noun, rows = _noun(study, lowest), levels[lowest]["answered"] or levels[lowest]["rows"]
    if not rows:
        _refuse(study, lowest, f"no row of the {noun.many} is left after screening", "see screen.json")
    if not higher:
        return
    upper, sizes = _noun(study, higher[0]), levels[lowest]["cluster_sizes"][higher[0]]
    linked = levels[lowest]["linked"][higher[0]]
    why = "; ".join(f"{entry['reason']}: {entry['n']}" for entry in linked["unlinked"])
    if not linked["linked"]:
        hint = "compare the ids in both files; `correct` under the export maps ids as typed to ids as meant"
        _refuse(study, lowest, f"none of {rows} {noun.many} could be linked to {upper.a} ({why})", hint)
    hint = f"check the column that `links: {{{higher[0]}: ...}}` names"
    few = linked["linked"] <= 2
    if sizes["clusters"] == 1 and not few:
        message = f"the ids that link {noun.many} to {upper.a} are all the same ({linked['linked']} rows)"
        _refuse(study, lowest, message, hint)
    if sizes["max"] == 1 and not few:
        message = f"the ids that link {noun.many} to {upper.a} are all different ({linked['linked']} rows)"
        _refuse(study, lowest, message, hint)


def _refuse(study: LoadedStudy, level: str, message: str, hint: str) -> None:
    surveys = [name for name, export in study.declared.exports.items() if export.level == level]
    raise StudyError.of(_file(study, surveys[0]), message, hint)
