"""A share folder turned back into a study whose later stages can run.

`plan.run_bundle` calls it. The folder comes from somebody else: only the files that a bundle holds are
taken, none through a link, and whatever is wrong with them is told.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pipeline.declaration import StudyError
from pipeline.stages import deidentified, packaging
from pipeline.stages.artefacts import Workspace, write_frame, write_whole
from pipeline.stages.bundle import BEFORE_SCORES, MATERIALS
from pipeline.study import LoadedStudy, load_study

LARGEST = 2_000_000_000
MAKE = "make bundle STUDY=<study> writes such a folder"


def unbundle(folder: Path, below: Path) -> tuple[LoadedStudy, Workspace]:
    """Lay out the study of a bundle under `below/<study>`, scored; an earlier layout is replaced."""
    study_id = _study_of(folder)
    root = below / study_id
    shutil.rmtree(root, ignore_errors=True)
    for source, place in _declared(folder, study_id):
        _copy(folder, source, root / place)
    study, workspace = load_study(root, study_id), Workspace(root, study_id)
    if not study.declared.share.data:
        raise StudyError.of(
            folder.name,
            f"the bundle of '{study_id}' holds no rows: the study does not allow them to be shared",
            "its results.json and codebook can be read; for the report ask its author for the rows",
        )
    for source in _found_before(study):
        _copy(folder, MATERIALS / "results" / source, workspace.build / source)
    for level in study.levels:
        _lay_rows(study, level, folder, workspace)
    return study, workspace


def _study_of(folder: Path) -> str:
    """The one study that a bundle holds."""
    there = sorted(path.parent.name for path in (folder / MATERIALS / "data").glob("*/study.yaml"))
    if len(there) != 1 or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", there[0]):
        raise StudyError.of(
            str(folder), "this folder is no bundle: it has no materials/data/<study>/study.yaml", MAKE
        )
    return there[0]


def _declared(folder: Path, study_id: str) -> Iterator[tuple[Path, Path]]:
    """Study, lock and instruments: where they lie in the bundle and in the layout."""
    own = Path("data") / study_id
    yield MATERIALS / own / "study.yaml", own / "study.yaml"
    if (folder / MATERIALS / own / "lock.json").exists():
        yield MATERIALS / own / "lock.json", own / "lock.json"
    for path in sorted((folder / MATERIALS / "instruments").glob("*.yaml")):
        yield MATERIALS / "instruments" / path.name, Path("instruments") / path.name


def _found_before(study: LoadedStudy) -> Iterator[Path]:
    """Results of the stages before the rows."""
    yield from (Path("ingest") / f"{name}.json" for name in study.declared.exports)
    yield from (Path(stage) / f"{stage}.json" for stage in BEFORE_SCORES)


def _copy(folder: Path, source: Path, target: Path) -> None:
    _check(folder, source)
    write_whole(target, partial(shutil.copyfile, folder / source))


def _check(folder: Path, source: Path) -> None:
    """A file of the bundle is there, lies in it, and is of a size that can be read."""
    path, shown = folder / source, source.as_posix()
    if not path.is_file():
        raise StudyError.of(shown, "the bundle lacks this file", "copy the folder again, whole")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StudyError.of(shown, "this file is a link out of the bundle", "ask for a bundle without links")
    if path.stat().st_size > LARGEST:
        raise StudyError.of(shown, f"the file is larger than {LARGEST:,} bytes", "ask for a smaller bundle")


def _lay_rows(study: LoadedStudy, level: str, folder: Path, workspace: Workspace) -> None:
    source = Path(packaging.data_file(study, level))
    _check(folder, source)
    try:
        frame = deidentified.read_rows(study, level, folder / source)
    except ValueError as error:
        message = f"these are no scored rows of the level '{level}' ({error})"
        raise StudyError.of(source.as_posix(), message, "copy the folder again, whole") from error
    write_frame(workspace.build / "score" / f"{level}.parquet", frame)
