"""Bootstrap draws of a path model's slopes, and intervals of effects from them.

The stages call `resample` on a fitted model; `effects` takes the draws. Rows are resampled in a single-level
model; whole clusters, or the units above them, in a two-level one (van der Leeden, Meijer & Busing, 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import PathModel, Slope

if TYPE_CHECKING:
    from pipeline.sem.bootstrap import Bootstrap

Combine = Callable[[Mapping[Slope, Any]], Any]


@dataclass(frozen=True, eq=False)
class Resamples:
    """Draws of every slope, NaN in resamples without a solution.

    `level` names the units that were drawn, `units` counts them. `usable` is the share of resamples that
    converged; improper ones (a negative variance) are among them and counted. `reason` says why intervals
    are withheld, `caution` what few units do to them; both are empty otherwise.
    """

    slopes: Mapping[Slope, Floats]
    estimates: Mapping[Slope, float]
    level: str
    units: int
    seed: int | None
    boot: Bootstrap
    names: Mapping[Slope, str]

    @property
    def draws(self) -> int:
        """Number of resamples."""
        return len(self.boot.status)

    @property
    def usable(self) -> float:
        """Share of resamples with a solution."""
        return 1 - self.boot.failed / self.draws

    @property
    def inadmissible(self) -> int:
        """Number of resamples with an improper solution."""
        return self.boot.inadmissible

    @cached_property
    def reason(self) -> str:
        """Why no interval can be given; empty where one can."""
        from pipeline.sem.bootstrap.intervals import withheld

        slope, drawn = next(iter(self.slopes.items()))
        return withheld(drawn, self.estimates[slope], "percentile", None)

    @property
    def caution(self) -> str:
        """What few units mean for the intervals; empty where there are enough."""
        return few_units(self.level, self.units) or ""

    def interval(self, combine: Combine, kind: str, confidence: float) -> tuple[float, float]:
        """Ends of an interval (percentile, bc or bca) of what `combine` makes of slopes; NaN if withheld."""
        from pipeline.sem.bootstrap.intervals import ends, withheld

        drawn, estimate = np.asarray(combine(self.slopes)), float(combine(self.estimates))
        jackknife = np.asarray(combine(self.without_each)) if kind == "bca" else None
        if withheld(drawn, estimate, kind, jackknife):
            return float("nan"), float("nan")
        lower, upper = ends(drawn[np.isfinite(drawn)], estimate, kind, confidence, jackknife)
        return float(lower), float(upper)

    def se(self, combine: Combine) -> float:
        """Standard deviation of the draws."""
        drawn = np.asarray(combine(self.slopes))
        return float(drawn[np.isfinite(drawn)].std(ddof=1))

    @cached_property
    def without_each(self) -> dict[Slope, Floats]:
        """Slopes without each unit in turn."""
        return {slope: np.asarray(self.boot.jackknife.of(name)) for slope, name in self.names.items()}


def resample(
    model: PathModel, draws: int, seed: int, *, level: str | None = None, indices: Any = None
) -> Resamples:
    """Refit the model in resamples of its units; `indices` (resamples x units, from 0) replace random ones.

    The units are those of the highest level that the model knows (two-level) or its rows (single-level);
    `level` names another one, whose units are then drawn as a whole.
    """
    from pipeline.sem.errors import DataError, ModelError

    if model.refit is None:
        raise MediationError(
            f"the {model.kind} model is fitted equation by equation and cannot be resampled as a whole"
        )
    chosen = model.refit.default if level is None else level
    if chosen not in model.refit.units:
        known = ", ".join(model.refit.units)
        raise MediationError(f"the rows of the model do not say to which {chosen} they belong ({known})")
    unit = model.refit.units[chosen]
    try:
        boot = model.refit.fit.bootstrap(draws=draws, seed=seed, unit=unit, indices=indices)
    except (DataError, ModelError) as error:
        raise MediationError(f"the bootstrap of units of the level {chosen}: {error}") from error
    names = model.refit.names
    return Resamples(
        slopes={slope: np.asarray(boot.of(name)) for slope, name in names.items()},
        estimates={slope: float(boot.original.of(name)[0]) for slope, name in names.items()},
        level=chosen,
        units=boot.resampling.units.count,
        seed=seed if indices is None else None,
        boot=boot,
        names=names,
    )


def few_units(level: str, units: int) -> str | None:
    """The caution that goes with intervals that rest on few resampled units (Cameron et al., 2008)."""
    if units >= 50:
        return None
    limit = 30 if units < 30 else 50
    consequence = (
        "bootstrap intervals tend to be too narrow; read them as provisional, beside the Monte Carlo interval"
        if units < 30
        else "bootstrap intervals can be somewhat too narrow"
    )
    told = f"the bootstrap draws only {units} units of the level {level} (fewer than {limit})"
    return f"{told}: {consequence}"
