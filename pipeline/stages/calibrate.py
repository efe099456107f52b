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
REJECTIONS = (
    "Share of samples, plus or minus its Monte Carlo error, all tests at 5 %. Design: teams x staff a team x "
    "clients a worker. *Slope b*: alliance -> outcome between staff. *Joint*: the slopes support -> alliance "
    "and alliance -> outcome are both significant. *Monte Carlo*, *bootstrap*: the 95 % interval of the "
    "indirect effect leaves zero out. *Delta*: Sobel's test. Errors are robust to teams in all analyses. "
    "Last column: another program on samples of this design (lavaan 0.6, 200 samples, errors by staff)."
)
SAMPLES = """Every variable has variance 1.

- Staff rate leader support (share of teams .13) and co-worker support (.05), which correlate .42. Clients
  rate alliance (team .02, staff .08, client .90) and outcome (team .02, staff .05, client .93).
- Staff part of alliance, in its standard deviations: .30 leader support + .20 co-worker support + residual.
- Staff part of outcome: 0 or .50 times the staff part of alliance + residual.
- Client part of outcome: .28 times the client part of alliance + residual.
- Team parts of alliance and outcome are independent of everything.

Co-worker support is not part of the analyses. The sizes are those that the literature makes likely: alliance
and outcome r = .28 (Flückiger et al., 2018), staff share of outcome .05 (Johns et al., 2019), supervision and
worker outcomes r = .30 to .40 (Mor Barak et al., 2009)."""
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
    picture = PICTURE.relative_to("docs").as_posix()
    parts = [
        "# Calibration: does the analysis find what is there, and only that?",
        _opening(replications),
        f"![Share of samples in which each analysis finds mediation between staff]({picture})",
        "## How often each analysis finds mediation between staff",
        _rejections(found),
        REJECTIONS,
        _reading(found),
        "## How often intervals hold the true indirect effect",
        _coverage(found),
        _conservatism(found),
        "## How the samples are made",
        SAMPLES,
        _true_slope(found),
        "## How this page was made",
        _making(found, replications),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(replications: int) -> str:
    return (
        "Clients sit within staff, staff within teams. In all samples below, clients of one worker who are "
        "better allied fare better (.28). In half of the trials nothing of that kind holds between staff; in "
        f"the other half it does (.50). {replications:,} samples a trial. The path is support -> alliance -> "
        "outcome, with support -> outcome beside it; staff rate support, clients the rest."
    )


def _rejections(found: Sequence[Rates]) -> str:
    from pipeline.mediation import calibration as c

    tests = (c.SLOPE, c.JOINT, c.MONTE_CARLO, c.BOOTSTRAP, c.DELTA)
    columns = [(c.CLIENTS_FLAT, c.JOINT), (c.STAFF_MEANS, c.JOINT), *((c.TWO_LEVEL, test) for test in tests)]
    head = ["between staff", "design", "clients, flat: joint", "staff means: joint", "**two-level**: slope b"]
    head += ["joint", "Monte Carlo", "bootstrap of teams", "delta", "lavaan: joint, Monte Carlo"]
    rows = [
        [_truth(one), one.trial.label, *(_share(one.rejected[key], one.n) for key in columns), _lavaan(one)]
        for one in found
    ]
    return _table(head, rows)


def _reading(found: Sequence[Rates]) -> str:
    small = found[-2]
    return (
        f"With no mediation between staff, the flat analysis of clients reports it in {_range(found, 0)} of "
        f"samples and the analysis of staff means in {_range(found, 1)}: both take the slope within for one "
        f"between. The two-level model does so in {_range(found, 2)}. Telling the levels apart has a price: "
        f"where there is mediation, it is found in {_percent(small, 2)} of samples of {small.trial.label}."
    )


def _range(found: Sequence[Rates], which: int) -> str:
    """Rates of the joint test without mediation, by design."""
    return " and ".join(_percent(one, which) for one in found if one.trial.between == 0)


def _percent(one: Rates, which: int) -> str:
    from pipeline.mediation.calibration import JOINT, METHODS

    return f"{100 * one.rejected[METHODS[which], JOINT]:.0f} %"


def _coverage(found: Sequence[Rates]) -> str:
    from pipeline.mediation.calibration import INTERVALS

    rows = [
        [
            _truth(one),
            one.trial.label,
            f"{one.trial.indirect:.4f}",
            *(_share(one.covered[name], one.n) for name in INTERVALS),
            *(f"{one.missed_below[name]:.3f}, {one.missed_above[name]:.3f}" for name in INTERVALS[:2]),
        ]
        for one in found
    ]
    head = ["between staff", "design", "true effect", "Monte Carlo", "bootstrap of teams"]
    head += ["Monte Carlo, errors by staff", "Monte Carlo too high, too low", "bootstrap too high, too low"]
    return _table(head, rows)


def _conservatism(found: Sequence[Rates]) -> str:
    from pipeline.mediation import calibration as c

    zero = [one for one in found if one.trial.between == 0]
    named = (("Monte Carlo", c.MONTE_CARLO), ("bootstrap", c.BOOTSTRAP), ("delta method", c.DELTA))
    told = "; ".join(
        f"{name} {' and '.join(f'{100 * one.rejected[c.TWO_LEVEL, test]:.1f} %' for one in zero)}"
        for name, test in named
    )
    designs = " and ".join(one.trial.label for one in zero)
    return (
        f"*Too high*: the interval lies wholly above the true effect. Where the true effect is zero, a 95 % "
        f"interval should leave zero out in 5 % of samples. For {designs} it does so in: {told}. Less than "
        f"5 % is conservative: an effect that is there is then missed more often than need be."
    )


def _true_slope(found: Sequence[Rates]) -> str:
    last = found[-1].trial
    a, b = last.slopes
    means = ", ".join(f"{one.mean_slope:.3f} ({_truth(one)}, {one.trial.label})" for one in found)
    return (
        "The two-level model has staff as its clusters and no teams, so that its between part holds the team "
        "parts too. Those of alliance and outcome are independent, so the slope b that the model estimates "
        f"is {b:.3f} where {last.planted:.3f} is planted among staff parts. Intervals are held against the "
        f"effect that the model estimates, {a:.3f} x {b:.3f} = {last.indirect:.4f}. Average estimates "
        f"of b: {means}."
    )


def _making(found: Sequence[Rates], replications: int) -> str:
    from pipeline.mediation.calibration import DRAWS, RESAMPLES

    failed, negative = sum(one.failed for one in found), sum(one.negative for one in found)
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "pandas"))
    return (
        f"`make calibrate` (`python -m pipeline calibrate --replications {replications}`), seed {SEED}; "
        f"{DRAWS:,} Monte Carlo draws and {RESAMPLES} bootstrap resamples of whole teams a sample. "
        f"Of {replications * len(found):,} fits {failed} did not converge and {negative} had a negative "
        f"variance between staff. survey-pipeline {__version__}, Python {platform.python_version()}, "
        f"{libraries}. The numbers do not depend on how many processes share the work."
    )


def _truth(one: Rates) -> str:
    return "none" if one.trial.between == 0 else f"{one.trial.between:.2f}"


def _lavaan(one: Rates) -> str:
    return ", ".join(f"{share:.2f}" for share in LAVAAN[one.trial.teams, one.trial.between])


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
