"""Congruence of two variables: polynomial regression and its response surface, clustered rows or not.

`stages/congruence` calls `fit_surface`. Numbers and frames in, a frozen result out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.likelihood import Codes, Floats
from pipeline.mediation.model import reference
from pipeline.mediation.rows import FLAT, WITHIN

if TYPE_CHECKING:
    import pandas as pd

TERMS = ("b1", "b2", "b3", "b4", "b5")
COMBINATIONS: Mapping[str, tuple[int, ...]] = {
    "a1": (1, 1, 0, 0, 0),
    "a2": (0, 0, 1, 1, 1),
    "a3": (1, -1, 0, 0, 0),
    "a4": (0, 0, 1, -1, 1),
    "a5": (0, 0, 1, 0, -1),
}
DISCREPANT = 0.5


@dataclass(frozen=True)
class Surface:
    """z = b0 + b1 x + b2 y + b3 x^2 + b4 xy + b5 y^2 and what it says along two lines.

    `level` is within (x and y count from the means of their cluster, and so does z) or flat (x and y count
    from `centre`). `coefficients` (b1 to b5) and `surface` (a1 to a5) have name, est, se, t, df, pvalue,
    ci_lower, ci_upper. a1 and a2: slope and curve along the line of congruence, x = y; a3 and a4: along that
    of incongruence, x = -y; a5: b3 - b5. `errors` names the level that errors are robust to. `hull` are the
    corners of the smallest convex area that holds the cells (x, y) with enough people, so that it shows
    nobody's scores; empty where there is no such cell. `stationary` is the point where the
    surface is level, None where it has none. `r2_linear` is that of x and y alone.
    """

    level: str
    centre: float
    n: int
    clusters: int
    errors: str | None
    intercept: float
    coefficients: pd.DataFrame
    surface: pd.DataFrame
    r2: float
    r2_linear: float
    stationary: tuple[float, float] | None
    hull: tuple[tuple[float, float], ...]
    cov: Floats = field(repr=False)


def fit_surface(
    scores: pd.DataFrame,
    centre: float,
    clusters: pd.Series | None = None,
    *,
    robust: pd.Series | None = None,
    confidence: float = 0.95,
    smallest_cell: int = 5,
) -> Surface:
    """Least squares of the third column on the polynomial of the first two (Edwards & Parry, 1993).

    With `clusters` the surface is the one within them: scores count from cluster means, the squares and the
    product are made of these deviations, and all terms count from their cluster means once more, so that
    nothing that differs between clusters enters (Giesselmann & Schmidt-Catran, 2022). A decomposition of the
    raw squares and product would mix levels. Without, scores count from `centre`, the midpoint that both
    share. Errors are robust to the units of `robust`, or of `clusters` without it (CR1: G / (G - 1) times
    (n - 1) / (n - k); t on G - 1 degrees of freedom); without either, those of least squares. Complete rows.
    The area that holds data is made of cells with at least `smallest_cell` people.
    """
    outcome = str(scores.columns[2])
    known = np.array(scores.notna().all(axis=1), dtype=bool)
    for ids in (clusters, robust):
        known &= True if ids is None else ids.notna().to_numpy()
    x, y, z = scores[known].to_numpy(float).T
    codes = None if clusters is None else _codes(clusters[known])
    units = codes if robust is None else _codes(robust[known])
    _refuse(scores, (x, y, z), codes, units)
    x, y = (x - centre, y - centre) if codes is None else (_within(x, codes), _within(y, codes))
    terms = np.column_stack([x, y, x**2, x * y, y**2])
    if codes is not None:
        z, terms = _within(z, codes), np.column_stack([_within(term, codes) for term in terms.T])
    design = np.column_stack([np.ones(len(z)), terms]) if codes is None else terms
    b, residual = _least_squares(design, z, outcome)
    absorbed = 0 if codes is None else int(codes.max()) + 1
    cov, freedom = _covariance(design, residual, units, absorbed)
    slopes, cov = b[-5:], cov[-5:, -5:]
    linear = design[:, : design.shape[1] - 3]
    return Surface(
        level=FLAT if codes is None else WITHIN,
        centre=centre if codes is None else 0.0,
        n=len(z),
        clusters=0 if units is None else int(units.max()) + 1,
        errors=None if units is None else str((clusters if robust is None else robust).name),  # type: ignore[union-attr]
        intercept=float(b[0]) if codes is None else 0.0,
        coefficients=_table(dict(zip(TERMS, np.eye(5), strict=True)), slopes, cov, (freedom, confidence)),
        surface=_table(
            {k: np.array(v, float) for k, v in COMBINATIONS.items()}, slopes, cov, (freedom, confidence)
        ),
        r2=_explained(z, residual),
        r2_linear=_explained(z, z - linear @ np.linalg.lstsq(linear, z, rcond=None)[0]),
        stationary=_stationary(slopes),
        hull=_hull(*_cells(x, y, smallest_cell)),
        cov=cov,
    )


def discrepancies(first: pd.Series, second: pd.Series) -> dict[str, float]:
    """Shares of people whose two standardized scores differ by more than half a standard deviation.

    Shanock et al. (2010): with few discrepant cases in a direction the surface says little there.
    """
    both = first.notna() & second.notna()
    x, y = ((one[both] - one[both].mean()) / one[both].std(ddof=1) for one in (first, second))
    gap = (x - y).to_numpy(float)
    return {
        "n": int(both.sum()),
        "first_higher": float((gap > DISCREPANT).mean()),
        "agree": float((np.abs(gap) <= DISCREPANT).mean()),
        "second_higher": float((gap < -DISCREPANT).mean()),
    }


def _codes(ids: pd.Series) -> Codes:
    import pandas as pd

    return np.asarray(pd.factorize(ids)[0], dtype=np.intp)


def _within(values: Floats, codes: Codes) -> Floats:
    means = np.bincount(codes, weights=values) / np.bincount(codes)
    found: Floats = values - means[codes]
    return found


def _refuse(
    scores: pd.DataFrame, values: tuple[Floats, ...], codes: Codes | None, units: Codes | None
) -> None:
    names = [str(name) for name in scores.columns]
    free = len(values[0]) - (0 if codes is None else int(codes.max()) + 1 if len(codes) else 0)
    if free < 12:
        raise MediationError(
            f"the surface of '{names[2]}' over '{names[0]}' and '{names[1]}' has five slopes and only {free} "
            f"complete rows to estimate them{'' if codes is None else ' within clusters'}: collect more"
        )
    if units is not None and int(units.max()) < 1:
        raise MediationError("all rows lie in one cluster, so errors cannot be made robust to clusters")
    for name, x in zip(names, values, strict=True):
        own = x if codes is None else _within(x, codes)
        if float(own.std()) <= 1e-9 * max(1.0, float(np.abs(x).max())):
            raise MediationError(f"'{name}' does not vary{'' if codes is None else ' within clusters'}")


def _least_squares(design: Floats, z: Floats, outcome: str) -> tuple[Floats, Floats]:
    lengths = np.linalg.norm(design, axis=0)
    if np.any(lengths == 0) or np.linalg.svd(design / lengths, compute_uv=False)[-1] < 1e-7:
        raise MediationError(
            f"the terms of the surface of '{outcome}' are linear combinations of each other: the two "
            f"predictors hardly differ, or take too few values"
        )
    b = np.asarray(np.linalg.lstsq(design, z, rcond=None)[0], dtype=np.float64)
    return b, z - design @ b


def _covariance(design: Floats, residual: Floats, units: Codes | None, absorbed: int) -> tuple[Floats, int]:
    """Covariance of the coefficients, and the degrees of freedom of their t."""
    n, k = design.shape
    bread = np.linalg.inv(design.T @ design)
    if units is None:
        freedom = n - k - absorbed
        return bread * float(residual @ residual) / freedom, freedom
    scores = np.zeros((int(units.max()) + 1, k))
    np.add.at(scores, units, design * residual[:, None])
    count = len(scores)
    factor = count / (count - 1) * (n - 1) / (n - k)
    return factor * bread @ scores.T @ scores @ bread, count - 1


def _table(
    weights: Mapping[str, Floats], slopes: Floats, cov: Floats, how: tuple[int, float]
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([_row(name, row, slopes, cov, how) for name, row in weights.items()])


def _row(name: str, row: Floats, slopes: Floats, cov: Floats, how: tuple[int, float]) -> dict[str, Any]:
    est, se = float(row @ slopes), float(np.sqrt(row @ cov @ row))
    critical, tail = reference(est / se, *how)
    return {
        "name": name,
        "est": est,
        "se": se,
        "t": est / se,
        "df": how[0],
        "pvalue": tail,
        "ci_lower": est - critical * se,
        "ci_upper": est + critical * se,
    }


def _explained(z: Floats, residual: Floats) -> float:
    return float(1 - residual @ residual / ((z - z.mean()) @ (z - z.mean())))


def _stationary(b: Floats) -> tuple[float, float] | None:
    """Where both partial slopes are zero (Edwards & Parry, 1993, equations 3 and 4)."""
    curve = np.array([[2 * b[2], b[3]], [b[3], 2 * b[4]]])
    if abs(np.linalg.det(curve)) < 1e-12:
        return None
    x, y = np.linalg.solve(curve, -b[:2])
    return float(x), float(y)


def _cells(x: Floats, y: Floats, smallest: int) -> tuple[Floats, Floats]:
    """Corners of the cells, half a standard deviation wide, that hold at least so many people."""
    side = DISCREPANT * float(np.sqrt((x.var() + y.var()) / 2))
    cells, people = np.unique(np.floor(np.column_stack([x, y]) / side), axis=0, return_counts=True)
    corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    kept = (cells[people >= smallest][:, None, :] + corners).reshape(-1, 2) * side
    return kept[:, 0], kept[:, 1]


def _hull(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    """Corners of the convex hull, anticlockwise (Andrew, 1979)."""
    points = sorted({(float(a), float(b)) for a, b in zip(x, y, strict=True)})

    def half(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        found: list[tuple[float, float]] = []
        for point in ordered:
            while len(found) > 1 and _turn(found[-2], found[-1], point) <= 0:
                found.pop()
            found.append(point)
        return found[:-1]

    return tuple(half(points) + half(points[::-1]))


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
