"""How often the tests of mediation find what is there, and what is not: docs/calibration.md and its picture.

The command line calls `calibrate`; it reads nothing. Everything but the time it takes follows from the seed
and the number of replications.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import __version__
from pipeline.declaration import StudyError
from pipeline.stages.artefacts import write_whole

if TYPE_CHECKING:
    from pipeline.mediation.calibration import Rates, Trial

REPLICATIONS = 1000
SEED = 20261123
TEAMS, STAFF, CLIENTS = (40, 100), 6, 6
SLOPES = (0.0, 0.5)
PAGE, PICTURE = Path("docs") / "calibration.md", Path("docs") / "pictures" / "calibration.png"
# The same design in lavaan 0.6, 200 replications, errors by staff: joint test, Monte Carlo interval.
LAVAAN = {
    (40, 0.0): (0.04, 0.04),
    (100, 0.0): (0.05, 0.06),
    (40, 0.5): (0.39, 0.37),
    (100, 0.5): (0.80, 0.81),
}
Tell = Callable[[int], None]


def calibrate(
    root: Path,
    replications: int = REPLICATIONS,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    tell: Tell | None = None,
) -> tuple[Path, ...]:
    """Run all trials and write the page; returns the files written. `tell` hears of replications done."""
    from pipeline.compute import ComputeError, Place, replicate
    from pipeline.mediation.calibration import analyse, rates

    if replications < 2:
        raise StudyError.of("--replications", f"{replications} is too few to take a share of", "at least 2")
    try:
        place = Place(workers, cluster)
        found = [
            rates(trial, replicate(partial(analyse, trial), replications, SEED + number, place, tell=tell))
            for number, trial in enumerate(trials())
        ]
    except ComputeError as error:
        raise StudyError.of("--cluster" if cluster else "--workers", str(error)) from error
    _draw(root / PICTURE, found)
    text = page(found, replications)
    write_whole(root / PAGE, lambda partial: partial.write_text(text, encoding="utf-8"))
    return root / PAGE, root / PICTURE


def trials() -> tuple[Trial, ...]:
    """Each design with and without mediation between staff."""
    from pipeline.mediation.calibration import Trial

    return tuple(Trial(teams, STAFF, CLIENTS, slope) for slope in SLOPES for teams in TEAMS)


def page(found: Sequence[Rates], replications: int) -> str:
    """The page as Markdown."""
    return (
        "\n\n".join(
            [
                "# Calibration: does the analysis find what is there, and only that?",
                _opening(replications),
                "![Share of samples in which each analysis finds mediation between staff]"
                f"({PICTURE.relative_to('docs').as_posix()})",
                "## How often each analysis finds mediation between staff",
                _rejections(found),
                _reading(found),
                "## How often intervals hold the true indirect effect",
                _coverage(found),
                _conservatism(found),
                "## How the samples are made",
                _design(found),
                "## How this page was made",
                _making(found, replications),
            ]
        )
        + "\n"
    )


def _opening(replications: int) -> str:
    return (
        "Clients sit within staff, staff within teams. In the samples below, clients of one worker who are "
        "better allied fare better (.28). In one half of the trials nothing of that kind holds between "
        "staff: a worker whose clients are better allied has no better outcomes than that. In the other "
        f"half it does (.50). {replications:,} samples a trial; the path is support -> alliance -> outcome, "
        "with support -> outcome beside it, and support is rated by staff."
    )


def _rejections(found: Sequence[Rates]) -> str:
    from pipeline.mediation.calibration import (
        BOOTSTRAP,
        CLIENTS_FLAT,
        DELTA,
        JOINT,
        MONTE_CARLO,
        SLOPE,
        STAFF_MEANS,
        TWO_LEVEL,
    )

    columns = [(CLIENTS_FLAT, JOINT), (STAFF_MEANS, JOINT)]
    columns += [(TWO_LEVEL, test) for test in (SLOPE, JOINT, MONTE_CARLO, BOOTSTRAP, DELTA)]
    head = ["clients, flat: joint", "staff means: joint", "**two-level**: slope b", "joint", "Monte Carlo"]
    head += ["bootstrap of teams", "delta", "lavaan: joint, Monte Carlo"]
    rows = [
        [_truth(one), one.trial.label, *(_share(one.rejected[key], one.n) for key in columns), _lavaan(one)]
        for one in found
    ]
    return _table(["between staff", "teams x staff x clients", *head], rows)


def _reading(found: Sequence[Rates]) -> str:
    return (
        "Share of samples, plus or minus its Monte Carlo error. *Joint*: the slopes support -> alliance and "
        "alliance -> outcome are both significant. *Slope b*: alliance -> outcome alone. *Monte Carlo* and "
        "*bootstrap*: the interval of the indirect effect leaves zero out. *Delta*: Sobel's test. All at 5 %. "
        "Errors are robust to teams, in all analyses. The last column is the same design in lavaan 0.6 (200 "
        "samples, errors by staff).\n\n"
        f"With no mediation between staff, the flat analysis of clients finds it in {_range(found, 0)} of "
        f"samples and the analysis of staff means in {_range(found, 1)}, whether it is there or not: both take "
        "the slope within for one between. The two-level model tells them apart, and its rate of false alarms "
        f"is {_range(found, 2)} by the joint test. That has a price: where there is mediation, "
        f"{found[-2].trial.label} samples rarely suffice to find it."
    )


def _range(found: Sequence[Rates], which: int) -> str:
    """Least and largest rate of the joint test without mediation, in per cent."""
    from pipeline.mediation.calibration import JOINT, METHODS

    shares = [one.rejected[METHODS[which], JOINT] for one in found if one.trial.between == 0]
    low, high = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _coverage(found: Sequence[Rates]) -> str:
    from pipeline.mediation.calibration import INTERVALS

    rows = [
        [
            _truth(one),
            one.trial.label,
            f"{one.trial.indirect:.4f}",
            *(_share(one.covered[name], one.n) for name in INTERVALS),
            *(f"{one.missed_below[name]:.3f} / {one.missed_above[name]:.3f}" for name in INTERVALS[:2]),
        ]
        for one in found
    ]
    head = ["between staff", "design", "true effect", "Monte Carlo", "bootstrap of teams"]
    head += [
        "Monte Carlo, errors by staff",
        "Monte Carlo: above / below the truth",
        "bootstrap: above / below",
    ]
    return _table(head, rows)


def _conservatism(found: Sequence[Rates]) -> str:
    from pipeline.mediation.calibration import BOOTSTRAP, DELTA, MONTE_CARLO, TWO_LEVEL

    zero = [one for one in found if one.trial.between == 0]
    told = [
        f"{name} {', '.join(f'{100 * one.rejected[TWO_LEVEL, test]:.1f} %' for one in zero)}"
        for name, test in (("Monte Carlo", MONTE_CARLO), ("bootstrap", BOOTSTRAP), ("delta", DELTA))
    ]
    return (
        f"At zero a 95 % interval should leave zero out in 5 % of samples. It does so in ({zero[0].trial.label}, "
        f"{zero[1].trial.label}): {'; '.join(told)}. The distribution of a product of two uncertain slopes is "
        "why: near zero such intervals are conservative, the delta method's most."
    )


def _design(found: Sequence[Rates]) -> str:
    from pipeline.mediation.calibration import design

    last = found[-1].trial
    told = " ".join((design.__doc__ or "").split("\n\n")[1].split())
    return (
        f"{told}\n\nThe two-level model has staff as its clusters and no teams, so that its between part holds "
        f"the team parts too. Their alliance and outcome do not go together, which makes the slope b that it "
        f"estimates {last.slopes[1]:.3f} where {last.planted:.3f} is planted among staff parts; intervals are "
        f"held against {last.slopes[0]:.3f} x {last.slopes[1]:.3f} = {last.indirect:.4f}. Estimates of b were "
        f"{_means(found)} on average."
    )


def _means(found: Sequence[Rates]) -> str:
    return ", ".join(f"{one.mean_slope:.3f} ({_truth(one)}, {one.trial.label})" for one in found)


def _making(found: Sequence[Rates], replications: int) -> str:
    from pipeline.mediation.calibration import DRAWS, RESAMPLES

    failed, negative = sum(one.failed for one in found), sum(one.negative for one in found)
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "pandas"))
    return (
        f"`make calibrate` (`python -m pipeline calibrate --replications {replications}`), seed {SEED}; "
        f"{DRAWS:,} Monte Carlo draws and {RESAMPLES} bootstrap resamples of whole teams a sample. "
        f"Of {replications * len(found):,} fits {failed} did not converge and {negative} had a negative "
        f"variance between staff. survey-pipeline {__version__}, Python {platform.python_version()}, {libraries}. "
        "The numbers do not depend on how many processes share the work."
    )


def _truth(one: Rates) -> str:
    return "none" if one.trial.between == 0 else f"{one.trial.between:.2f}"


def _lavaan(one: Rates) -> str:
    known = LAVAAN[one.trial.teams, one.trial.between]
    return ", ".join(f"{share:.2f}" for share in known)


def _share(share: float, n: int) -> str:
    from pipeline.mediation.calibration import monte_carlo_error

    return f"{share:.3f} ± {monte_carlo_error(share, n):.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _draw(path: Path, found: Sequence[Rates]) -> None:
    from pipeline.mediation.calibration import CLIENTS_FLAT, JOINT, MONTE_CARLO, STAFF_MEANS, TWO_LEVEL
    from pipeline.reporting.figures.rates import Panel, Rate, draw_rates

    shown = {
        "Clients, flat": (CLIENTS_FLAT, JOINT),
        "Staff means": (STAFF_MEANS, JOINT),
        "Two-level": (TWO_LEVEL, MONTE_CARLO),
    }
    titles = {0.0: "No mediation between staff", 0.5: "Mediation between staff"}
    panels = [
        Panel(
            title,
            tuple(
                Rate(name, one.trial.label, one.rejected[key], one.n)
                for name, key in shown.items()
                for one in found
                if one.trial.between == between
            ),
            0.05 if between == 0 else None,
        )
        for between, title in titles.items()
    ]
    plot = draw_rates(panels, "Share of samples in which mediation is found")
    write_whole(path, lambda partial: partial.write_bytes(plot.png))
