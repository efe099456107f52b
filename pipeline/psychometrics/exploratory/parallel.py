"""Parallel analysis: how many components or factors exceed those of data without any.

The validate stage calls it to choose the number of factors. A thousand replicates of 25 items take
about a second: matrices are drawn from their sampling distribution and worked on all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.correlation_matrix import (
    CorrelationMatrix,
    Kind,
    correlation_matrix,
    squared_multiple_correlations,
)
from pipeline.psychometrics.exploratory.one_factor import one_factor_loadings
from pipeline.psychometrics.exploratory.scree import eigenvalues, reduced
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Communalities = Literal["one factor", "smc"]
Progress = Callable[[int, int], None]

BATCH = 250


@dataclass(frozen=True)
class ParallelAnalysis:
    """Eigenvalues beside those of random data.

    `frame`: number, component, component_mean, component_limit, factor, factor_mean, factor_limit; limit is
    the percentile asked for. `components` and `factors` count those above the limit before the first that is
    not; `components_mean` and `factors_mean` those above the mean.
    """

    components: int
    factors: int
    components_mean: int
    factors_mean: int
    replicates: int
    percentile: float
    data: str
    communalities: Communalities
    seed: int
    n: int
    frame: pd.DataFrame


def parallel_analysis(
    items: pd.DataFrame,
    replicates: int = 1000,
    *,
    percentile: float = 95,
    data: Literal["normal", "permuted"] = "normal",
    communalities: Communalities = "one factor",
    n: int | None = None,
    missing: Missing = "complete",
    correlations: Kind = "pearson",
    seed: int = 1,
    progress: Progress | None = None,
) -> ParallelAnalysis:
    """Horn (1965); percentile rule by Glorfeld (1995).

    Random data: `normal`, independent normal items, whose correlation matrices are drawn from the Wishart
    distribution without making the rows (Smith & Hocking, 1972); `permuted`, each item's own answers in
    random order (Buja & Eyuboglu, 1992). Factors: eigenvalues of the reduced matrix, with communalities of
    one minimum residual factor as R's psych takes them, or squared multiple correlations (`smc`; Humphreys &
    Montanelli, 1975), which point to more factors. Given `n`, `items` is a correlation matrix. `progress`
    is told how many replicates of how many are done. With polychoric `correlations` those of the items stand
    beside those of their answers in random order, since chance makes polychorics larger than Pearson's
    (Garrido, Abad & Ponsoda, 2013): `data` has to be `permuted`.
    """
    if communalities not in ("one factor", "smc") or data not in ("normal", "permuted"):
        raise PsychometricsError("data is 'normal' or 'permuted', communalities 'one factor' or 'smc'")
    if data == "permuted" and n is not None:
        raise PsychometricsError("a correlation matrix has no answers to permute: use data='normal'")
    if correlations == "polychoric" and data != "permuted":
        raise PsychometricsError("polychoric correlations stand beside permuted answers: data='permuted'")
    found = correlation_matrix(items, n, missing, correlations)
    draw = _drawing(items, found, data, missing, correlations)
    whole, common = [], []
    for number, count in _batches(replicates):
        rng = np.random.default_rng([seed, number])
        random = _eigenvalues(draw(count, rng), communalities)
        whole.append(random[0])
        common.append(random[1])
        if progress is not None:
            progress(min((number + 1) * BATCH, replicates), replicates)
    observed = _eigenvalues(found.values[None], communalities)
    component = _against(observed[0][0], np.concatenate(whole), percentile)
    factor = _against(observed[1][0], np.concatenate(common), percentile)
    return ParallelAnalysis(
        components=component[1],
        factors=factor[1],
        components_mean=component[2],
        factors_mean=factor[2],
        replicates=replicates,
        percentile=percentile,
        data=data,
        communalities=communalities,
        seed=seed,
        n=found.n,
        frame=_frame(component[0], factor[0]),
    )


def _eigenvalues(drawn: Floats, communalities: Communalities) -> tuple[Floats, Floats]:
    """Eigenvalues of a stack of correlation matrices, whole and reduced."""
    if communalities == "one factor":
        shared = one_factor_loadings(drawn) ** 2
    else:
        shared = squared_multiple_correlations(drawn)
    return eigenvalues(drawn), eigenvalues(reduced(drawn, shared))


def _drawing(
    items: pd.DataFrame, found: CorrelationMatrix, data: str, missing: Missing, kind: Kind
) -> Callable[[int, np.random.Generator], Floats]:
    """What draws a number of correlation matrices of items that have nothing in common."""
    if data == "normal":
        return partial(_wishart, found.n, len(found.names))
    if kind == "pearson":
        return partial(_permuted, items.dropna().to_numpy(float))
    used = items.dropna(how="any" if missing == "complete" else "all")
    return partial(_permuted_polychorics, used.to_numpy(float))


def _batches(replicates: int) -> Iterator[tuple[int, int]]:
    if replicates < 20:
        raise PsychometricsError(f"{replicates} replicates give no 95th percentile: ask for 100 or more")
    for number, start in enumerate(range(0, replicates, BATCH)):
        yield number, min(BATCH, replicates - start)


def _wishart(n: int, p: int, count: int, rng: np.random.Generator) -> Floats:
    """Correlation matrices of n independent normal rows: Bartlett's triangular decomposition."""
    roots = np.tril(rng.standard_normal((count, p, p)), -1)
    places = np.arange(p)
    roots[:, places, places] = np.sqrt(rng.chisquare(n - 1 - places, (count, p)))
    roots /= np.linalg.norm(roots, axis=2, keepdims=True)
    return np.asarray(roots @ roots.transpose(0, 2, 1))


def _permuted(answers: Floats, count: int, rng: np.random.Generator) -> Floats:
    standard = (answers - answers.mean(axis=0)) / (answers.std(axis=0) * np.sqrt(len(answers)))
    mixed = (rng.permuted(standard, axis=0) for _ in range(count))
    return np.array([rows.T @ rows for rows in mixed])


def _against(values: Floats, random: Floats, percentile: float) -> tuple[tuple[Floats, ...], int, int]:
    mean, limit = random.mean(axis=0), np.percentile(random, percentile, axis=0)
    return (values, mean, limit), _leading(values > limit), _leading(values > mean)


def _leading(above: NDArray[np.bool_]) -> int:
    return int(np.argmin(above)) if not above.all() else len(above)


def _frame(component: tuple[Floats, ...], factor: tuple[Floats, ...]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Floats | NDArray[np.intp]] = {"number": np.arange(1, len(component[0]) + 1)}
    for name, found in (("component", component), ("factor", factor)):
        columns |= dict(zip((name, f"{name}_mean", f"{name}_limit"), found, strict=True))
    return pd.DataFrame(columns)


def _permuted_polychorics(answers: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Each item's given answers in random order; gaps stay where they are."""
    codes = np.full(answers.shape, -1, dtype=np.intp)
    for i, own in enumerate(answers.T):
        known = ~np.isnan(own)
        codes[known, i] = np.unique(own[known], return_inverse=True)[1].ravel()
    return np.array([_polychorics(_shuffled(codes, rng)) for _ in range(count)])


def _shuffled(codes: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    out = codes.copy()
    for own in out.T:
        own[own >= 0] = rng.permutation(own[own >= 0])
    return out


def _polychorics(codes: NDArray[np.intp]) -> Floats:
    from pipeline.sem.ordinal.polychoric import polychorics, thresholds_of
    from pipeline.sem.ordinal.statistics import symmetric_of
    from pipeline.sem.ordinal.tables import Tables

    tables = Tables.of(codes, (codes.max(axis=0) + 1).tolist())
    return symmetric_of(polychorics(tables.paired, thresholds_of(tables.margins)), codes.shape[1])
