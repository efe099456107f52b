"""The task graph of a study: which stage reads and writes what, and what is out of date.

The command line calls `run` and `status`. pytask compares content hashes of each stage's inputs,
of the part of the declarations that the stage reads, and of every module that its code imports.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from pipeline.stages.artefacts import (
    Workspace,
    check_temporary_folder,
    read_json,
    refusals_told,
    unreadable_record,
    write_json,
    write_whole,
)
from pipeline.stages.identity import key_warnings
from pipeline.stages.locking import alone
from pipeline.stages.results import collect
from pipeline.stages.unbundle import unbundle
from pipeline.study import LoadedStudy, load_study

STAGES = ("ingest", "screen", "score", "validate", "model", "report")
CONFIG = "# Makes this folder the place where pytask keeps its records.\n[tool.pytask.ini_options]\n"
PACKAGE = Path(__file__).resolve().parent
IMPORT = re.compile(
    r"^\s*(?:from|import)\s+(pipeline[\w.]*)(?:\s+import\s+(\([^)]*\)|[^\n]+))?", re.MULTILINE
)
NAME = re.compile(r"\w+")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class StageStatus:
    """A stage and why it would run again; no reasons where it is up to date."""

    name: str
    reasons: tuple[str, ...]


def run(study: LoadedStudy, workspace: Workspace, tell: Tell) -> None:
    """Bring a study up to date, stage by stage, telling what each took.

    A stage that fails leaves what it had written before. Its exception is raised here.
    """
    started = time.monotonic()
    with refusals_told(workspace.build), alone(workspace):
        session = _build(study, workspace, tell)
        for done in session.execution_reports:
            if done.exc_info and isinstance(done.exc_info[1], Exception) and done.outcome.name == "FAIL":
                raise done.exc_info[1]
    _check(session, workspace)
    ran = sum(done.outcome.name == "SUCCESS" for done in session.execution_reports)
    seconds = time.monotonic() - started
    tell(
        f"{ran} of {len(STAGES)} stages run in {seconds:.1f} s." if ran else f"Up to date ({seconds:.1f} s)."
    )


def rerun(root: Path, study: str, tell: Tell) -> dict[str, Any]:
    """The results of a study, made from its exports in a temporary copy of what it is declared with.

    Nothing that an earlier run left is seen, and nothing is left behind.
    """
    with TemporaryDirectory(prefix="survey-pipeline-") as folder:
        clean = Path(folder)
        for name in (f"data/{study}", "instruments"):
            shutil.copytree(root / name, clean / name)
        loaded, workspace = load_study(clean, study), Workspace(clean, study)
        for name in STAGES[:-1]:
            started = time.monotonic()
            getattr(import_module(f"pipeline.stages.{name}"), name)(loaded, workspace)
            tell(f"  {name:<9}{time.monotonic() - started:5.1f} s")
        file = clean / "results.json"
        write_json(file, collect(loaded, workspace))
        return read_json(file)


def run_bundle(folder: Path, below: Path, tell: Tell) -> tuple[LoadedStudy, Workspace]:
    """Run the stages after scoring on the de-identified rows of a share folder, laid out under `below`."""
    loaded, workspace = unbundle(folder, below)
    for name in STAGES[STAGES.index("score") + 1 :]:
        started = time.monotonic()
        getattr(import_module(f"pipeline.stages.{name}"), name)(loaded, workspace)
        tell(f"  {name:<9}{time.monotonic() - started:5.1f} s")
    return loaded, workspace


def status(study: LoadedStudy, workspace: Workspace) -> tuple[StageStatus, ...]:
    """Say of each stage whether it is up to date, and if not, why."""
    session = _build(study, workspace, tell=None)
    reasons = {
        done.task.attributes["stage"]: _reasons(done.task, workspace) for done in session.execution_reports
    }
    return tuple(StageStatus(name, reasons.get(name, ())) for name in STAGES)


def reports(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The rendered reports, in the order of the study's formats."""
    return tuple(workspace.reports / f"report.{name}" for name in study.declared.report.formats)


def warn_of_tracked_data(study: LoadedStudy, workspace: Workspace) -> tuple[str, ...]:
    """Name raw exports, artefacts and the key of a study with private ids that git tracks."""
    if study.declared.ids == "public":
        return ()
    keys = key_warnings(study.id)
    folders = [
        (workspace.declared / "exports").relative_to(workspace.root).as_posix(),
        workspace.build.relative_to(workspace.root).as_posix(),
    ]
    command = ["git", "ls-files", "--", *folders]
    try:
        listed = subprocess.run(command, cwd=workspace.root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return keys
    return keys + tuple(
        f"{path} is tracked by git, and so shared with whoever gets the repository. "
        f"To keep the file and stop tracking it: git rm --cached '{path}'"
        for path in listed.stdout.splitlines()
    )


def code_of(module: str) -> tuple[Path, ...]:
    """Source files of the project that a module reaches by imports, itself included."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if path is not None and name not in found:
            found[name] = path
            waiting += [name.rpartition(".")[0], *_imports(path)]
    return tuple(sorted(set(found.values())))


def _check(session: Any, workspace: Workspace) -> None:
    """Raise where the plan could not be made; where its record could not be opened, the disk is at fault."""
    if session.exit_code.name == "CONFIGURATION_FAILED":
        raise unreadable_record(workspace)
    if session.exit_code:
        raise RuntimeError(f"the plan of {workspace.study} could not be made: {session.exit_code!r}")


def _build(study: LoadedStudy, workspace: Workspace, tell: Tell | None) -> Any:
    check_temporary_folder()
    import pytask

    config = workspace.build / "pytask.toml"
    if not config.exists() or config.read_bytes() != CONFIG.encode():
        write_whole(config, lambda partial: partial.write_text(CONFIG, encoding="utf-8"))
    tasks = [_task(name, study, workspace, tell) for name in STAGES]
    pytask.console.quiet = True
    return pytask.build(
        tasks=tasks,
        config=config,
        paths=[workspace.build],
        capture="no",
        verbose=0,
        show_traceback=False,
        dry_run=tell is None,
        explain=tell is None,
    )


def _task(name: str, study: LoadedStudy, workspace: Workspace, tell: Tell | None) -> Any:
    import pytask

    stage = import_module(f"pipeline.stages.{name}")
    needed = stage.inputs(study, workspace)
    absent = [path for path in needed if workspace.build not in path.parents and not path.is_file()]
    declared = {**stage.declared(study), "missing files": [path.name for path in absent]}
    task = pytask.task(
        name=name,
        kwargs={
            "depends_on": [path for path in needed if path not in absent],
            "declared": _nodes(declared),
            "code": _code(stage.__name__),
            "produces": list(stage.outputs(study, workspace)),
        },
    )(_runner(name, stage, study, workspace, tell))
    task.pytask_meta.attributes["stage"] = name
    return task


def _runner(
    name: str, stage: ModuleType, study: LoadedStudy, workspace: Workspace, tell: Tell | None
) -> Callable[..., None]:
    def run_stage(depends_on: object, declared: object, code: object, produces: object) -> None:  # noqa: ARG001
        started = time.monotonic()
        getattr(stage, name)(study, workspace)
        if tell is not None:
            tell(f"  {name:<9}{time.monotonic() - started:5.1f} s")

    return run_stage


def _code(module: str) -> dict[str, Any]:
    """One node a room: the digest of what a stage uses of it."""
    import pytask

    rooms: dict[str, hashlib._Hash] = {}
    for path in code_of(module):
        room = path.relative_to(PACKAGE).parts[0]
        rooms.setdefault(room, hashlib.sha256()).update(path.read_bytes())
    return {room: pytask.PythonNode(value=digest.hexdigest(), hash=True) for room, digest in rooms.items()}


def _nodes(declared: Mapping[str, object]) -> dict[str, Any]:
    import pytask

    return {
        key: pytask.PythonNode(value=json.dumps(value, sort_keys=True, default=str), hash=True)
        for key, value in declared.items()
    }


def _reasons(task: Any, workspace: Workspace) -> tuple[str, ...]:
    explanation = task.attributes.get("explanation")
    if explanation is None:
        return ()
    return tuple(_reason(found, workspace) for found in explanation.reasons)


def _reason(found: Any, workspace: Workspace) -> str:
    where = _place(str(found.node_name), workspace)
    told = {
        "changed": f"{where} has changed",
        "missing": f"{where} is missing",
        "not_in_db": f"{where} is new",
        "first_run": "it has not been run yet",
        "cascade": f"{where} will be run first",
    }
    return told.get(found.reason, f"{where}: {found.reason}")


def _place(node: str, workspace: Workspace) -> str:
    if "::declared::" in node:
        return f"{node.rpartition('::')[2]} (study.yaml or an instrument)"
    if "::code::" in node:
        return f"pipeline/{node.rpartition('::')[2]}"
    if "::" in node:
        return node.rpartition("::")[2]
    return node.removeprefix(f"{workspace.root.as_posix()}/").removeprefix(f"{workspace.root.name}/")


def _source(module: str) -> Path | None:
    if module != PACKAGE.name and not module.startswith(PACKAGE.name + "."):
        return None
    path = PACKAGE.parent.joinpath(*module.split("."))
    candidates = (path / "__init__.py", path.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Modules of the project that a source names in its imports (which are absolute throughout)."""
    found: list[str] = []
    for origin, names in IMPORT.findall(path.read_text(encoding="utf-8")):
        found += [origin, *(f"{origin}.{name}" for name in NAME.findall(names))]
    return tuple(found)
