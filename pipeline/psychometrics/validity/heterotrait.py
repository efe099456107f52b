"""HTMT: do scales correlate with each other less than their own items do?

The validate stage calls it for every pair of scales.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.moments import Missing, covariances
from pipeline.psychometrics.resampling import resampled_covariances, resampled_pairwise

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Kind = Literal["htmt", "htmt2"]


@dataclass(frozen=True)
class Heterotrait:
    """`frame`: scale, with, est, ci_lower, ci_upper (percentiles; NaN without draws), one row a pair."""

    kind: Kind
    absolute: bool
    n: int
    draws: int
    usable: int
    confidence: float
    seed: int
    frame: pd.DataFrame

    @property
    def matrix(self) -> pd.DataFrame:
        """The ratios as a symmetric matrix with ones in the diagonal."""
        import pandas as pd

        names = list(dict.fromkeys([*self.frame["scale"], *self.frame["with"]]))
        found = pd.DataFrame(np.eye(len(names)), names, names)
        for one, other, value in zip(self.frame["scale"], self.frame["with"], self.frame["est"], strict=True):
            found.loc[one, other] = found.loc[other, one] = value
        return found


@dataclass(frozen=True)
class _Asked:
    """Where each scale's items stand, and which ratio is wanted."""

    places: list[NDArray[np.intp]]
    kind: Kind
    absolute: bool

    def ratios(self, covs: Floats) -> Floats:
        """Ratios of every pair of scales for a stack of covariance matrices."""
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.sqrt(np.diagonal(covs, axis1=1, axis2=2))
            r = covs / (spread[:, :, None] * spread[:, None, :])
            r = np.abs(r) if self.absolute else r
            own = []
            for group in self.places:
                lower = np.tril_indices(len(group), -1)
                own.append(self._mean(r[:, group[lower[0]], group[lower[1]]]))
            columns = []
            for one, other in combinations(range(len(self.places)), 2):
                between = r[:, self.places[one][:, None], self.places[other]].reshape(len(r), -1)
                columns.append(self._mean(between) / np.sqrt(own[one] * own[other]))
        return np.column_stack(columns)

    def _mean(self, values: Floats) -> Floats:
        return np.asarray(
            np.exp(np.log(values).mean(axis=1)) if self.kind == "htmt2" else values.mean(axis=1)
        )


def htmt(
    items: pd.DataFrame,
    scales: Mapping[str, Sequence[str]],
    kind: Kind = "htmt",
    *,
    absolute: bool = True,
    n: int | None = None,
    missing: Missing = "complete",
    clusters: pd.Series | None = None,
    draws: int = 0,
    confidence: float = 0.95,
    seed: int = 1,
) -> Heterotrait:
    """Mean correlation between two scales' items over the geometric mean of those within the scales.

    htmt: arithmetic means (Henseler, Ringle & Sarstedt, 2015); htmt2: geometric means (Roemer, Schuberth &
    Henseler, 2021), of absolute correlations. Below .85 or .90 scales are called distinct. `draws` resamples
    give percentile limits (type 7): of complete rows, or with `missing` pairwise of all rows, each
    correlation from the rows that have both; given `clusters`, of whole clusters (then always pairwise).
    Given `n`, `items` is a correlation matrix.
    """
    import pandas as pd

    if kind not in ("htmt", "htmt2"):
        raise PsychometricsError(f"kind is 'htmt' or 'htmt2', not '{kind}'")
    if kind == "htmt2" and not absolute:
        raise PsychometricsError("a geometric mean needs absolute correlations")
    asked = _Asked(_places(items, scales), kind, absolute)
    names = [item for group in scales.values() for item in group]
    if n is None:
        cov, rows = covariances(items[names], missing)
    elif draws:
        raise PsychometricsError("a correlation matrix cannot be resampled: give the answers, or no draws")
    else:
        cov, rows = items.loc[names, names].to_numpy(float), n
    values = asked.ratios(cov[None])[0]
    batches = _resamples(items[names], missing, clusters, draws, seed)
    resampled = np.vstack([np.empty((0, len(values))), *(asked.ratios(covs) for covs in batches)])
    usable = resampled[np.isfinite(resampled).all(axis=1)]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    limits = np.quantile(usable, tails, axis=0) if len(usable) else np.full((2, len(values)), np.nan)
    frame = pd.DataFrame(combinations(scales, 2), columns=["scale", "with"]).assign(
        est=values, ci_lower=limits[0], ci_upper=limits[1]
    )
    return Heterotrait(kind, absolute, rows, draws, len(usable), confidence, seed, frame)


def _resamples(
    items: pd.DataFrame, missing: Missing, clusters: pd.Series | None, draws: int, seed: int
) -> Iterator[Floats]:
    import pandas as pd

    if not draws:
        return iter(())
    if clusters is None and missing == "complete":
        return resampled_covariances(items.dropna().to_numpy(float), draws, seed)
    known = items.notna().any(axis=1) & (True if clusters is None else clusters.notna())
    used = items[known].to_numpy(float)
    units = np.arange(len(used)) if clusters is None else pd.factorize(clusters[known])[0]
    return resampled_pairwise(used, units.astype(np.intp), draws, seed)


def _places(items: pd.DataFrame, scales: Mapping[str, Sequence[str]]) -> list[NDArray[np.intp]]:
    if len(scales) < 2:
        raise PsychometricsError("at least two scales are needed to be told apart")
    for name, group in scales.items():
        absent = [item for item in group if item not in items.columns]
        if absent or len(group) < 2:
            what = f"has no column {', '.join(absent)}" if absent else "has fewer than two items"
            raise PsychometricsError(f"scale {name} {what}")
    sizes = np.cumsum([0, *(len(group) for group in scales.values())])
    return [np.arange(start, end) for start, end in pairwise(sizes)]
