"""The command line: thin, no statistics. Each command is one call into the plan, a stage or a declaration.

`__main__` calls `main`. Exit status 0, 1 (the study or its data are at fault) or 2 (usage); `verify` has its
own. Heavy libraries are imported inside the commands, so that `--help` stays quick.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cyclopts import App, CycloptsError

ROOT = Path(__file__).resolve().parent.parent

app = App(
    name="python -m pipeline",
    help="From survey exports to a report. Studies lie in data/, instruments in instruments/.",
    version_flags=[],
    result_action="return_value",
)
instrument_app = App(name="instrument", help="Check or adapt an instrument definition.")
app.command(instrument_app)


def main(arguments: list[str]) -> int:
    """Run one command; a mistake of the user's is a message, never a traceback."""
    try:
        status = app(arguments, exit_on_error=False, print_error=True)
    except CycloptsError:
        return 2
    except Exception as problem:
        if not _is_for_the_user(problem):
            raise
        print(problem, file=sys.stderr)
        return 1
    return status if isinstance(status, int) else 0


@app.command
def report(study: str = "demo", *, bundle: Path | None = None) -> None:
    """Run a study from its exports to its report; only what is out of date is done again.

    Args:
        study: A folder in data/.
        bundle: A share folder: start from its de-identified rows instead.
    """
    from pipeline import plan
    from pipeline.exports.memory import announced
    from pipeline.stages import ingest
    from pipeline.stages.artefacts import Workspace
    from pipeline.stages.report import unshown
    from pipeline.study import load_study

    if bundle is not None:
        loaded, workspace = plan.run_bundle(bundle, ROOT / "build" / "bundle", tell=_say)
    else:
        loaded, workspace = load_study(ROOT, study), Workspace(ROOT, study)
        for warning in plan.warn_of_tracked_data(loaded, workspace):
            print(f"Warning: {warning}", file=sys.stderr)
        _warn([announced(path) for path in ingest.inputs(loaded, workspace)])
        plan.run(loaded, workspace, tell=_say)
    _warn([unshown(workspace)])
    for path in plan.reports(loaded, workspace):
        print(path.relative_to(ROOT).as_posix())


@app.command
def bundle(study: str = "demo") -> None:
    """Write a folder to share: metadata, codebook, licences, results and, where the study allows, its rows.

    Args:
        study: A folder in data/.
    """
    from pipeline import plan
    from pipeline.stages import bundle as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    loaded, workspace = load_study(ROOT, study), Workspace(ROOT, study)
    plan.run(loaded, workspace, tell=_say)
    print(stage.bundle(loaded, workspace).relative_to(ROOT).as_posix())


@app.command
def status(study: str = "demo") -> None:
    """Say which stages of a study are out of date, and why.

    Args:
        study: A folder in data/.
    """
    from pipeline import plan
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    for stage in plan.status(load_study(ROOT, study), Workspace(ROOT, study)):
        print(f"{stage.name:<9}{'out of date' if stage.reasons else 'up to date'}")
        for reason in stage.reasons:
            print(f"         - {reason}")


@app.command
def lock(study: str = "demo", *, again: bool = False) -> None:
    """Freeze model, hypotheses, instruments, rules, options and seed; the report lists what changes later.

    Args:
        study: A folder in data/.
        again: Lock anew; the earlier lock stays on record.
    """
    from datetime import UTC, datetime

    from pipeline.stages import lock as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    today = datetime.now(UTC).date()
    written = stage.lock(load_study(ROOT, study), Workspace(ROOT, study), today, again=again)
    print(f"{written.relative_to(ROOT).as_posix()}: commit it, so that its date can be shown.")


@app.command
def verify(study: str = "demo") -> int:
    """Run a study anew in a clean place and compare its results with the committed record.

    Exit status 0: the same. 1: something moved that matters. 2: the study could not be run or compared.

    Args:
        study: A folder in data/.
    """
    from pipeline import plan
    from pipeline.stages import verify as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    try:
        record = stage.read_record(load_study(ROOT, study), Workspace(ROOT, study))
        found = plan.rerun(ROOT, study, tell=_say)
    except Exception as problem:
        if not _is_for_the_user(problem):
            traceback.print_exc()
        else:
            print(problem, file=sys.stderr)
        return 2
    comparison = stage.compare(record, found)
    print("\n".join(stage.lines(comparison)))
    return 0 if comparison.is_same else 1


@app.command
def record(study: str = "demo") -> None:
    """Run a study anew in a clean place and keep its results as the record that `verify` compares with.

    Args:
        study: A folder in data/.
    """
    from pipeline import plan
    from pipeline.stages import verify as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    load_study(ROOT, study)
    written = stage.write_record(Workspace(ROOT, study), plan.rerun(ROOT, study, tell=_say))
    print(f"{written.relative_to(ROOT).as_posix()}: commit it, so that others can compare with it.")


@app.command
def inspect(file: Path, *, json: bool = False) -> None:
    """Say what an export holds, what is wrong with it, and draft a study.yaml for it.

    Args:
        file: A file as the survey platform made it.
        json: Write JSON, for programs.
    """
    import json as notation

    from pipeline.exports.memory import announced, memory_needed
    from pipeline.stages import drafting, inspection

    _warn([announced(file)])
    needed = memory_needed(file) if file.is_file() else 0
    told = inspection.report(drafting.inspected(file, ROOT), ROOT / "instruments")
    print(
        notation.dumps(told, indent=1, ensure_ascii=False)
        if json
        else "\n".join(inspection.lines(told, needed))
    )


@app.command
def new(study: str, *files: Path) -> None:
    """Make a study from exports: copies them to data/STUDY/exports and drafts study.yaml.

    Args:
        study: Name of the new folder in data/; nothing that is there is overwritten.
        files: Exports as the survey platforms made them.
    """
    from pipeline.declaration import StudyError
    from pipeline.stages.drafting import new_study

    if not files:
        raise StudyError.of("data", "no file is named", "python -m pipeline new STUDY FILE...")
    for path in new_study(study, files, ROOT):
        print(path.relative_to(ROOT).as_posix())


@app.command
def simulate(study: str = "demo") -> None:
    """Make the synthetic exports of the demonstration again, to the byte.

    Args:
        study: The demonstration study.
    """
    from pipeline.stages import simulate as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    loaded, workspace = load_study(ROOT, study), Workspace(ROOT, study)
    stage.simulate(loaded, workspace)
    for path in stage.outputs(loaded, workspace):
        print(path.relative_to(ROOT).as_posix())


@app.command
def power(
    study: str = "demo", *, replications: int = 500, workers: int | None = None, cluster: str | None = None
) -> None:
    """Simulate the power that a study's design has for each indirect effect, beside the report's formula.

    Args:
        study: A folder in data/.
        replications: Samples an effect.
        workers: Processes; all cores where it is left out.
        cluster: Address of a Dask scheduler to run on instead (needs the extra [cluster]).
    """
    from pipeline.stages import power as stage
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    loaded, workspace = load_study(ROOT, study), Workspace(ROOT, study)
    with _progress("Samples") as begun:
        lines = stage.simulate(loaded, workspace, replications, workers=workers, cluster=cluster, begun=begun)
    print("\n".join(lines))


@app.command
def calibrate(*, replications: int = 1000, workers: int | None = None, cluster: str | None = None) -> None:
    """Check by simulation that tests and intervals hold what they promise; writes docs/calibration.md.

    Args:
        replications: Samples a trial; 1,000 take minutes.
        workers: Processes; all cores where it is left out.
        cluster: Address of a Dask scheduler to run on instead (needs the extra [cluster]).
    """
    from pipeline.stages import calibrate as stage

    with _progress("Samples") as begun:
        tell = begun(replications * len(stage.trials()))
        written = stage.calibrate(ROOT, replications, workers=workers, cluster=cluster, tell=tell)
    for path in written:
        print(path.relative_to(ROOT).as_posix())


@app.command
def benchmark(*, quick: bool = False) -> None:
    """Time the estimation core, beside lavaan where R has it, and draw what items, rows and clusters cost.

    Args:
        quick: Leave out what takes lavaan a minute.
    """
    import subprocess

    figure = ROOT / "build" / "benchmarks.svg"
    figure.parent.mkdir(exist_ok=True)
    options = [*(["--quick"] if quick else []), "--figure", str(figure)]
    subprocess.run([sys.executable, str(ROOT / "tests" / "benchmarks" / "run.py"), *options], check=True)
    print(figure.relative_to(ROOT).as_posix())


@instrument_app.command
def check(file: Path) -> None:
    """Name every mistake in an instrument definition at once.

    Args:
        file: A definition, such as instruments/belonging.yaml.
    """
    from pipeline.adaptation import check as check_instrument
    from pipeline.declaration import StudyError

    problems = check_instrument(file)
    if problems:
        raise StudyError(problems)
    print(f"{file}: no mistakes found.")


@instrument_app.command
def adapt(old: Path, new: Path) -> None:
    """Copy an instrument to adapt it, or record what was changed since it was copied.

    Args:
        old: The definition to start from.
        new: The adapted definition; run again after editing it to record each change.
    """
    from pipeline.adaptation import adapt as adapt_instrument

    print(f"{adapt_instrument(old, new)}: changes are recorded under `adaptation`.")


def _warn(lines: Iterable[str | None]) -> None:
    """Tell on stderr what there is to tell."""
    for line in filter(None, lines):
        print(line, file=sys.stderr)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """A bar on standard error: call what it gives with the number of steps, then that with each advance."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def begun(total: int) -> Callable[[int], None]:
            return partial(bar.advance, bar.add_task(what, total=total))

        yield begun


def _is_for_the_user(problem: Exception) -> bool:
    from pipeline.declaration import StudyError

    return isinstance(problem, StudyError)
