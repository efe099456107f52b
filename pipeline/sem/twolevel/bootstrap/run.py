"""TwoLevelFit.bootstrap: draw clusters, or whole units above them, and refit the model in every resample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.compute import side_by_side
from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.result import Bootstrap
from pipeline.sem.bootstrap.units import Units, clusters, portions
from pipeline.sem.errors import DataError, ModelError
from pipeline.sem.twolevel.bootstrap.draws import ClusterTable, Draws2
from pipeline.sem.twolevel.bootstrap.incomplete import PatternTable
from pipeline.sem.twolevel.bootstrap.refit import Refitter2
from pipeline.sem.twolevel.bootstrap.values import Values2
from pipeline.sem.twolevel.data import ClusterRows
from pipeline.sem.twolevel.estimate import Solution2
from pipeline.sem.twolevel.inference import needed, unit_codes

if TYPE_CHECKING:
    from pipeline.sem.twolevel.result import TwoLevelFit

_COMPLETE, _INCOMPLETE, _LARGEST = 4_000_000, 8_000_000, 500


def bootstrap(
    fit: TwoLevelFit,
    draws: int = 5000,
    seed: int = 1,
    unit: str | Sequence[Any] | Array | None = None,
    indices: Any = None,
    *,
    workers: int | None = None,
) -> Bootstrap:
    """Resample clusters, in order of their first row; `indices` (resamples x units, from 0) replace draws."""
    if draws < 1:
        raise ModelError(f"draws={draws}: at least one resample is needed")
    if not fit.converged:
        raise DataError("the model did not converge in the sample itself; there is nothing to resample")
    groups = needed(fit.clusters).groups
    resampling = Resampling2(fit.solution, groups, fit.method.missing, _units(fit, groups, unit), workers)
    if indices is None:
        values = resampling.by_seed(draws, seed)
    else:
        values = resampling.by_indices(resampling.units.check(indices))
    defined = [definition.name for definition in fit.table.whole.definitions]
    names = tuple(dict.fromkeys([*fit.parameter_names, *defined]))
    return Bootstrap(names, values, Values2(fit.solution, fit.solution.state.theta[None]), resampling)


def _units(
    fit: TwoLevelFit, groups: Sequence[ClusterRows], unit: str | Sequence[Any] | Array | None
) -> Units:
    """Return the unit of every cluster: itself, or what a column above the clusters says."""
    if unit is None:
        labels = [np.array([f"{g}:{j}" for j in range(len(rows.z))]) for g, rows in enumerate(groups)]
        return clusters(labels)
    name = unit if isinstance(unit, str) else "unit="
    values = _column(fit, unit) if isinstance(unit, str) else np.asarray(unit, dtype=object)
    codes = unit_codes(groups, [values[rows.positions] for rows in groups], name)
    return clusters(list(codes))


def _column(fit: TwoLevelFit, name: str) -> Array:
    frame = fit.source
    if isinstance(frame, str | Path):
        import pandas as pd

        frame = pd.read_parquet(frame, columns=[name])
    if frame is None or name not in frame.columns:
        raise DataError(f"the data have no column '{name}'; unit= names the units that are drawn as a whole")
    if frame[name].isna().any():
        raise DataError(f"'{name}' is missing in some rows; every row needs its unit")
    return np.asarray(frame[name], dtype=object)


@dataclass(frozen=True, eq=False)
class Resampling2:
    """A fitted two-level model, its clusters, and the units that are drawn."""

    solution: Solution2
    groups: tuple[ClusterRows, ...]
    missing: str
    units: Units
    workers: int | None = None

    def by_seed(self, draws: int, seed: int) -> Values2:
        """Return the estimates of resamples drawn by batches, each with its own seed."""
        return self.collect(self.units.drawn(draws, seed))

    def by_indices(self, indices: tuple[Array, ...]) -> Values2:
        """Return the estimates of given resamples."""
        return self.collect(self.units.given(indices))

    def without_each(self) -> Values2:
        """Return the estimates without each unit in turn."""
        return self.collect(self.units.left_out())

    def collect(self, counts: Iterable[Array]) -> Values2:
        """Refit every batch on all cores, in portions long enough for threads, and join the draws."""
        parts = side_by_side(self._refitted, self._portions(counts), self.workers)
        return Values2(self.solution, np.concatenate(list(parts)))

    def _portions(self, counts: Iterable[Array]) -> Iterator[list[Array]]:
        """Cut what is drawn: how often each cluster stands in some resamples, group by group."""
        for drawn in portions(counts, min(self.portion, self.units.limit)):
            yield [drawn[:, owners] for owners in self.units.owners]

    def _refitted(self, counts: list[Array]) -> Array:
        if self.missing == "fiml":
            known = zip(self.patterns, counts, strict=True)
            return self.refitter.incomplete(Draws2(tuple(table.draw(own) for table, own in known)))
        return self.refitter(
            Draws2(tuple(table.draw(own) for table, own in zip(self.tables, counts, strict=True)))
        )

    @cached_property
    def portion(self) -> int:
        """Resamples that advance together."""
        if self.missing == "fiml":
            held = _INCOMPLETE // sum(table.moments.means.size for table in self.patterns)
        else:
            held = _COMPLETE // sum(len(g.z) * len(self.solution.sample.joint) for g in self.groups)
        return int(np.clip(held // 8, 4, _LARGEST))

    @cached_property
    def refitter(self) -> Refitter2:
        """The model, starting from the full sample's estimates."""
        return Refitter2(self.solution)

    @cached_property
    def tables(self) -> tuple[ClusterTable, ...]:
        """The clusters of every group in the internal metric."""
        return tuple(ClusterTable.of(group, self.solution.sample.scale) for group in self.groups)

    @cached_property
    def patterns(self) -> tuple[PatternTable, ...]:
        """The same where answers are missing."""
        return tuple(PatternTable.of(group, self.solution.sample.scale) for group in self.groups)
