"""What fit.bootstrap returns: draws of every parameter, how each draw ended, and intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.intervals import KINDS, Interval, ends, withheld
from pipeline.sem.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.bootstrap.units import Units


class Draws(Protocol):
    """Draws of the parameters, and of whatever follows from them."""

    @property
    def failed(self) -> Array:
        """Draws without a solution."""
        ...

    @property
    def inadmissible(self) -> Array:
        """Draws with an improper solution."""
        ...

    def of(self, name: str) -> Array:
        """Return the draws of a named quantity."""
        ...


class Source(Protocol):
    """Where draws come from."""

    @property
    def units(self) -> Units:
        """What is drawn."""
        ...

    def without_each(self) -> Draws:
        """Return the estimates without each unit in turn."""
        ...


CONVERGED, INADMISSIBLE, FAILED = "converged", "inadmissible", "failed"


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Draws of a fitted model. Failed ones are NaN and dropped from intervals; inadmissible ones are kept."""

    names: tuple[str, ...]
    values: Draws
    original: Draws
    resampling: Source

    @cached_property
    def draws(self) -> pd.DataFrame:
        """Free and defined parameters, a row each draw, failed ones NaN."""
        import pandas as pd

        return pd.DataFrame({name: self.of(name) for name in self.names})

    @cached_property
    def status(self) -> Array:
        """'converged', 'inadmissible' (converged to an improper solution) or 'failed', by draw."""
        return np.where(
            self.values.failed, FAILED, np.where(self.values.inadmissible, INADMISSIBLE, CONVERGED)
        )

    @property
    def failed(self) -> int:
        """Number of draws that did not converge."""
        return int((self.status == FAILED).sum())

    @property
    def inadmissible(self) -> int:
        """Number of draws with an improper solution."""
        return int((self.status == INADMISSIBLE).sum())

    def of(self, name: str) -> Array:
        """Return the draws of a label, a path, a defined or standardized value (names: bootstrap.values)."""
        return self.values.of(name)

    def interval(self, name: str, kind: str = "percentile", level: float = 0.95) -> Interval:
        """Return the interval of a quantity; it is withheld, with the reason, below 90 % usable draws."""
        if kind not in KINDS:
            raise ModelError(f"kind='{kind}' is not known; choose one of {', '.join(KINDS)}")
        if not 0 < level < 1:
            raise ModelError(f"level={level} must lie between 0 and 1")
        draws, estimate = self.of(name), float(self.original.of(name)[0])
        jackknife = self.jackknife.of(name) if kind == "bca" else None
        usable = draws[np.isfinite(draws)]
        reason = withheld(draws, estimate, kind, jackknife)
        lower, upper = (np.nan, np.nan) if reason else ends(usable, estimate, kind, level, jackknife)
        se = float(usable.std(ddof=1)) if len(usable) > 1 else np.nan
        return Interval(
            name, kind, level, estimate, se, float(lower), float(upper), len(usable), len(draws), reason
        )

    def intervals(self, kind: str = "percentile", level: float = 0.95) -> pd.DataFrame:
        """Return the intervals of all free and defined parameters."""
        import pandas as pd

        return pd.DataFrame([vars(self.interval(name, kind, level)) for name in self.names])

    @cached_property
    def jackknife(self) -> Draws:
        """The estimates without each unit in turn."""
        return self.resampling.without_each()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a researcher should know about these draws."""
        return tuple(self._told())

    def _told(self) -> Iterator[str]:
        total = len(self.status)
        if self.failed:
            yield f"{self.failed} of {total} resamples did not converge and were dropped"
        if self.inadmissible:
            yield (
                f"{self.inadmissible} of {total} resamples have a negative variance or an improper "
                "covariance matrix; they are kept, since dropping them would bias the interval"
            )
