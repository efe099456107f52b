"""results.json: what the stages found, with what made it, and nothing that identifies anybody.

`stages/report` writes it and lays the report out from it alone. Input hashes are of files without keyed ids,
so that two keys give the same results.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.stages import lock
from pipeline.stages.artefacts import Workspace, read_json
from pipeline.stages.resampled import PLACES
from pipeline.study import LoadedStudy

LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "semopy",
    "pyarrow",
    "pyreadstat",
    "matplotlib",
    "typst",
    "python-docx",
)
STAGES = ("screen", "score", "validate", "model")
READS = {"score": "screen", "validate": "score", "model": "score"}
NOT_IN_RESULTS = frozenset({"columns", "labels", "id_proposals", "delimiter"})


def collect(study: LoadedStudy, workspace: Workspace) -> dict[str, Any]:
    """Gather the results of every stage."""
    ingested = _ingested(study, workspace)
    files = [one for told in ingested.values() for one in told.get("versions") or [told]]
    exports = {one["file"]: one["sha256"] for one in files}
    found = {name: read_json(_file(workspace, name)) for name in STAGES}
    found["validate"] = _without_withheld_wording(study, found["validate"])
    stages: dict[str, Any] = {
        "ingest": {"inputs": exports, "options": {}, "seed": None, "results": {"exports": ingested}}
    }
    from_exports = [workspace.build / "ingest" / f"{name}.json" for name in ingested]
    for name in STAGES:
        read = [_file(workspace, READS[name])] if name in READS else from_exports
        stages[name] = {
            "inputs": {_shown(workspace, path): _hash(path) for path in read},
            "options": _options(study, name, found[name]),
            "seed": study.declared.seed if name in PLACES else None,
            "resampled": list(PLACES.get(name, ())),
            "results": found[name],
        }
    return {
        "study": study.id,
        "title": study.declared.title,
        "synthetic": study.declared.synthetic,
        "made": made(),
        "declared": describe(study),
        "lock": lock.told(study, workspace),
        "stages": stages,
        "derived": derive(ingested, found),
    }


def result_files(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The JSON files that `collect` reads."""
    ingested = tuple(workspace.build / "ingest" / f"{name}.json" for name in study.declared.exports)
    return (*ingested, *(_file(workspace, name) for name in STAGES))


def made() -> dict[str, Any]:
    """Versions of the pipeline, Python and the libraries that compute."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"pipeline": __version__, "python": platform.python_version(), "libraries": versions}


def describe(study: LoadedStudy) -> dict[str, Any]:
    """The declarations that the report tells."""
    told = study.declared
    return {
        "question": told.question,
        "design": told.design,
        "author": told.report.author,
        "ids": told.ids,
        "small_cell": told.small_cell,
        "waves": _waves(study),
        "levels": [
            {"name": name, "title": study.title(name), "plural": study.plural(name), "within": level.within}
            for name, level in told.levels.items()
        ],
        "edges": [list(edge) for edge in study.edges],
        "variables": _variables(study),
        "instruments": {name: _instrument(study, name) for name in told.scales if name in study.instruments},
        "hypotheses": [one.model_dump(mode="json") for one in told.hypotheses],
    }


def derive(ingested: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Sums that the report prints and no stage wrote: by export, by level, by code."""
    return {
        "excluded": {
            name: sum(entry["n"] for entry in export["excluded"])
            for name, export in found["screen"]["exports"].items()
        },
        "unlinked": {
            level: {
                upper: sum(entry["n"] for entry in links["unlinked"])
                for upper, links in (units.get("linked") or {}).items()
            }
            for level, units in found["score"]["levels"].items()
        },
        "missing_codes": [row for name, export in ingested.items() for row in _missing_codes(name, export)],
        "recodings": [row for name, export in ingested.items() for row in _recodings(name, export)],
        "id_corrections": [
            {"export": name, **row} for name, export in ingested.items() for row in export["id_corrections"]
        ],
    }


def _file(workspace: Workspace, stage: str) -> Path:
    return workspace.build / stage / f"{stage}.json"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _shown(workspace: Workspace, path: Path) -> str:
    return path.relative_to(workspace.build).as_posix()


def _ingested(study: LoadedStudy, workspace: Workspace) -> dict[str, dict[str, Any]]:
    """What ingest says of each export, without column texts and without ids that nobody corrected."""
    read = {name: read_json(workspace.build / "ingest" / f"{name}.json") for name in study.declared.exports}
    return {
        name: {key: value for key, value in told.items() if key not in NOT_IN_RESULTS}
        for name, told in read.items()
    }


def _options(study: LoadedStudy, stage: str, found: Mapping[str, Any]) -> dict[str, Any]:
    if stage == "screen":
        return study.declared.screening.model_dump(mode="json")
    options: dict[str, Any] = found.get("options") or {}
    return options


def _waves(study: LoadedStudy) -> list[str]:
    """Waves in which variables of the path were measured."""
    names = dict.fromkeys(name for edge in study.edges for name in edge)
    exports = (study.declared.exports[study.declared.scales[name].export] for name in names)
    return list(dict.fromkeys(export.wave for export in exports if export.wave))


def _variables(study: LoadedStudy) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, scale in study.declared.scales.items():
        kind = "score" if scale.score is not None else "items"
        found[name] = {"title": study.title(name), "level": study.level_of(name), "kind": kind}
    for name in study.declared.covariates:
        found[name] = {"title": study.title(name), "level": study.level_of(name), "kind": "covariate"}
    return found


def _instrument(study: LoadedStudy, scale: str) -> dict[str, Any]:
    instrument = study.instruments[scale]
    shipped = instrument.licence.wording_may_be_shipped
    responses = instrument.responses(instrument.item_ids[0])
    codebook = study.declared.scales[scale].codebook
    return {
        "id": instrument.id,
        "version": instrument.version,
        "title": instrument.title,
        "construct": instrument.construct_,
        "respondent": instrument.respondent,
        "recall": instrument.recall,
        "source": instrument.source.model_dump(mode="json"),
        "licence": instrument.licence.model_dump(mode="json"),
        "scoring": instrument.scoring.model_dump(mode="json"),
        "responses": {str(code): label for code, label in responses.items()},
        "items": {
            item.id: {"number": item.number, "reverse": item.reverse, "text": item.text if shipped else None}
            for item in sorted(instrument.items, key=lambda item: item.number)
        },
        "facets": {name: facet.title for name, facet in instrument.facets.items()},
        "adaptation": instrument.adaptation.model_dump(mode="json") if instrument.adaptation else None,
        "codebook": codebook.source if codebook else None,
    }


def _without_withheld_wording(study: LoadedStudy, found: dict[str, Any]) -> dict[str, Any]:
    """Take out the wording of items whose licence does not let it be shown."""
    for scale, instrument in study.instruments.items():
        if not instrument.licence.wording_may_be_shipped:
            for rows in _item_lists(found, scale):
                for row in rows:
                    row["text"] = None
    return found


def _item_lists(found: Mapping[str, Any], scale: str) -> list[list[dict[str, Any]]]:
    facets = (found.get("facets") or {}).get(scale) or {}
    return [found["items"].get(scale) or [], *(facet.get("items") or [] for facet in facets.values())]


def _missing_codes(name: str, export: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Counts by code over all columns of an export; counts withheld add nothing."""
    sums: dict[tuple[str, str | None], int] = {}
    for codes in export["missing_codes"].values():
        for code, told in codes.items():
            key = str(code), told["label"]
            if told["n"] is not None:
                sums[key] = sums.get(key, 0) + int(told["n"])
    return [{"export": name, "code": code, "label": label, "n": n} for (code, label), n in sums.items()]


def _recodings(name: str, export: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Counts by scale and rule: what answer became what value; counts withheld add nothing."""
    sums: dict[tuple[str, str, str, str], int] = {}
    for told in export["recodings"]:
        scale = str(told["column"]).partition(".")[0]
        key = scale, str(told["rule"]), str(told["from"]), str(told["to"])
        if told["n"] is not None:
            sums[key] = sums.get(key, 0) + int(told["n"])
    return [
        {"export": name, "variable": variable, "rule": rule, "from": old, "to": new, "n": n}
        for (variable, rule, old, new), n in sums.items()
    ]
