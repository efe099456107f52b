"""The command line: thin, no statistics. Each command is one call into the plan, a stage or a declaration.

`__main__` calls `main`. Exit status 0, 1 (the study or its data are at fault) or 2 (usage).
Heavy libraries are imported inside the commands, so that `--help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
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
        app(arguments, exit_on_error=False, print_error=True)
    except CycloptsError:
        return 2
    except Exception as problem:
        if not _is_for_the_user(problem):
            raise
        print(problem, file=sys.stderr)
        return 1
    return 0


@app.command
def report(study: str = "demo") -> None:
    """Run a study from its exports to its report; only what is out of date is done again.

    Args:
        study: A folder in data/.
    """
    from pipeline import plan
    from pipeline.stages.artefacts import Workspace
    from pipeline.study import load_study

    workspace = Workspace(ROOT, study)
    loaded = load_study(ROOT, study)
    for warning in plan.warn_of_tracked_data(loaded, workspace):
        print(f"Warning: {warning}", file=sys.stderr)
    plan.run(loaded, workspace, tell=lambda line: print(line, file=sys.stderr, flush=True))
    for path in plan.reports(loaded, workspace):
        print(path.relative_to(ROOT).as_posix())


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
