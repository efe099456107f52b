"""fit.bootstrap: resample the rows or clusters of a fit, refit the model in every resample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.resampling import Resampling
from pipeline.sem.bootstrap.result import Bootstrap
from pipeline.sem.bootstrap.units import Units
from pipeline.sem.bootstrap.values import Values
from pipeline.sem.errors import DataError, ModelError

if TYPE_CHECKING:
    from pipeline.sem.result import Fit


def bootstrap(
    fit: Fit,
    draws: int = 5000,
    seed: int = 1,
    unit: str | Sequence[Any] | Array | None = None,
    indices: Any = None,
    *,
    workers: int | None = None,
) -> Bootstrap:
    """Resample a fit; `indices` (resamples x units, from 0; a table a group) replace the random ones."""
    if draws < 1:
        raise ModelError(f"draws={draws}: at least one resample is needed")
    if not fit.converged:
        raise DataError("the model did not converge in the sample itself; there is nothing to resample")
    rows = fit.rows_needed("the bootstrap")
    resampling = Resampling(fit.solution, fit.method, rows, Units.of(rows, _column(fit, unit)), workers)
    if indices is None:
        values = resampling.by_seed(draws, seed)
    else:
        values = resampling.by_indices(resampling.units.check(indices))
    return Bootstrap(_names(fit), values, Values.of_sample(fit.solution), resampling)


def _column(fit: Fit, unit: str | Sequence[Any] | Array | None) -> Sequence[Any] | Array | None:
    """Return the values of a column of the fitted data, or the values given in its place."""
    if not isinstance(unit, str):
        return unit
    frame = fit.source
    if isinstance(frame, str | Path):
        import pandas as pd

        frame = pd.read_parquet(frame, columns=[unit])
    if frame is None or unit not in frame.columns:
        raise DataError(
            f"the data have no column '{unit}'; unit= names the column that says which rows belong together"
        )
    return frame[unit].to_numpy()


def _names(fit: Fit) -> tuple[str, ...]:
    defined = [definition.name for definition in fit.table.definitions]
    return tuple(dict.fromkeys([*fit.parameter_names, *defined]))
