"""A folder to hand to others: metadata, codebook, licences, results and, where the study allows, its rows.

The command line calls `bundle` after the plan has run. An evaluator starts the report from the folder
(`stages/unbundle`), without the raw exports.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.stages import codebook, deidentified, packaging, scored
from pipeline.stages.artefacts import Workspace, read_json, refusals_told, write_json
from pipeline.stages.lock import lock_file
from pipeline.stages.results import NOT_IN_RESULTS, made
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

MATERIALS = Path("materials")
BEFORE_SCORES = ("screen", "score")
PERSONAL = {"exports": {"__all__": {"correct"}}}


def bundle(study: LoadedStudy, workspace: Workspace) -> Path:
    """Write the share folder of a study that has been run; an earlier one is replaced once it is whole."""
    folder = workspace.reports / "bundle"
    partial = folder.with_name(".bundle.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with refusals_told(folder):
            partial.mkdir(parents=True)
            _fill(study, workspace, partial)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _fill(study: LoadedStudy, workspace: Workspace, folder: Path) -> None:
    rows = deidentified.without_ids(study, scored.read_frames(study, workspace))
    shared = study.declared.share.data
    alike = deidentified.anonymity(study, rows)
    telling = deidentified.safety_scores(study, rows) if shared else []
    if shared:
        (folder / "data").mkdir()
        for level, frame in rows.items():
            deidentified.write_rows(frame, folder / packaging.data_file(study, level))
    _write_materials(study, workspace, folder / MATERIALS)
    _write_documents(study, workspace, folder)
    found = codebook.columns(study, rows)
    _write(folder / "codebook.csv", codebook.as_csv(found))
    _write(folder / "codebook.json", codebook.as_json(found))
    privacy = {"shared": shared, "k_anonymity": alike, "safety_scores": telling}
    write_json(folder / "privacy.json", privacy)
    kept_back = [name for level in study.levels for name in deidentified.left_out(study, level)]
    _write(folder / "README.md", packaging.readme(study, privacy, kept_back))
    write_json(folder / "dataset_description.json", packaging.psych_ds(study, found if shared else ()))
    package = packaging.data_package(study, found, _facts(folder), _keyed(rows))
    write_json(folder / "datapackage.json", package)


def _write_materials(study: LoadedStudy, workspace: Workspace, folder: Path) -> None:
    """What the later stages need besides the rows, with nothing in it that only the exports should hold."""
    own = folder / "data" / study.id
    own.mkdir(parents=True)
    _write(own / "study.yaml", _yaml(study))
    if lock_file(workspace).exists():
        shutil.copyfile(lock_file(workspace), own / "lock.json")
    (folder / "instruments").mkdir()
    for scale in study.declared.scales.values():
        if scale.instrument is not None:
            name = f"{scale.instrument}.yaml"
            shutil.copyfile(workspace.instruments / name, folder / "instruments" / name)
    for name in study.declared.exports:
        told = read_json(workspace.build / "ingest" / f"{name}.json")
        kept = {key: value for key, value in told.items() if key not in NOT_IN_RESULTS}
        write_json(folder / "results" / "ingest" / f"{name}.json", kept)
    for stage in BEFORE_SCORES:
        told = read_json(workspace.build / stage / f"{stage}.json")
        write_json(folder / "results" / stage / f"{stage}.json", told)


def _write_documents(study: LoadedStudy, workspace: Workspace, folder: Path) -> None:
    shutil.copyfile(workspace.reports / "results.json", folder / "results.json")
    write_json(folder / "version.json", made() | {"commit": _commit()})
    lock = Path(__file__).resolve().parents[2] / "requirements.lock"
    shutil.copyfile(lock, folder / "requirements.lock")
    _write(folder / "LICENCES.md", packaging.licences(study))
    # JSON is YAML: a title with a colon or a quote needs no rules of its own
    _write(
        folder / "CITATION.cff", json.dumps(packaging.citation(study), indent=2, ensure_ascii=False) + "\n"
    )


def _yaml(study: LoadedStudy) -> str:
    """The study as declared, without comments and without ids as somebody typed them."""
    from ruamel.yaml import YAML

    told = study.declared.model_dump(mode="json", exclude_unset=True, exclude=PERSONAL)
    out = StringIO()
    yaml = YAML()
    yaml.width = 100
    yaml.dump(told, out)
    return out.getvalue()


def _keyed(rows: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    return tuple(level for level, frame in rows.items() if not frame["id"].duplicated().any())


def _facts(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of every file but the data package itself, rows first."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    order = sorted(shown, key=lambda path: (not path.startswith("data/"), path))
    return {
        path: {"bytes": len(shown[path]), "hash": f"sha256:{hashlib.sha256(shown[path]).hexdigest()}"}
        for path in order
    }


def _commit() -> str | None:
    """The commit of the code that runs, or None outside of a checkout."""
    where = Path(__file__).resolve().parent
    try:
        told = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=where, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return told.stdout.strip() or None


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
