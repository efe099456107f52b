"""Which estimator a factor model of answers takes: answers as numbers (MLR) or as ordered categories (WLSMV).

`estimators_beside` calls it before it fits both; it knows answers, never a study.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.sem.ordinal import Tables

if TYPE_CHECKING:
    import pandas as pd

Estimator = Literal["MLR", "WLSMV"]
Asked = Literal["auto", "MLR", "WLSMV"]

ENOUGH_CATEGORIES = 5
MOST_CATEGORIES = 7
LARGEST_SKEW = 1.0
FEWEST_ROWS = 200
MOST_EMPTY = 0.25


@dataclass(frozen=True)
class EstimatorChoice:
    """The estimator, why, and what that rests on.

    `categories` and `most` are the fewest and the most answers that an item has in use; `skew` is the
    largest in size (bias-adjusted, G1), that of `skewed`; `empty` is the share of cells without a row over
    the tables of all pairs of items (None where an item has more than seven answers); `n` counts rows with
    an answer.
    """

    asked: Asked
    used: Estimator
    reason: str
    categories: int
    most: int
    skew: float
    skewed: str
    empty: float | None
    n: int


def choose_estimator(items: pd.DataFrame, asked: Asked = "auto") -> EstimatorChoice:
    """Choose by categories, skew, empty cells and rows; `MLR` and `WLSMV` are taken as they are asked for.

    With five to seven answers and little skew, robust maximum likelihood recovers loadings and their errors
    about as well as categorical least squares; with fewer answers or skewed ones it underestimates loadings
    (Rhemtulla, Brosseau-Liard & Savalei, 2012). Skew within one in size distorts little (Muthen & Kaplan,
    1985). Categorical least squares needs some 200 rows (Flora & Curran, 2004), and tables that are not
    full of holes, which bias polychoric correlations (Savalei, 2011). That a quarter of empty cells is too
    many is a rule of this pipeline: no published one is known to us.
    """
    if asked not in ("auto", "MLR", "WLSMV"):
        raise PsychometricsError(f"estimator is 'auto', 'MLR' or 'WLSMV', not '{asked}'")
    answered = items[items.notna().any(axis=1)]
    counts, skew = answered.nunique(), answered.skew().fillna(0.0)
    if answered.empty:
        raise PsychometricsError("no row has an answer")
    worst = str(skew.abs().idxmax())
    found = EstimatorChoice(
        asked, "MLR", "it is declared", int(counts.min()), int(counts.max()), float(skew[worst]), worst,
        _empty(answered), len(answered),
    )  # fmt: skip
    used, reason = _decided(found) if asked == "auto" else (asked, found.reason)
    return replace(found, used=used, reason=reason)


def _decided(found: EstimatorChoice) -> tuple[Estimator, str]:
    if found.most > MOST_CATEGORIES:
        return "MLR", (
            f"an item has {found.most} answers in use, and more than {MOST_CATEGORIES} count as numbers"
        )
    why = _asking_for_categories(found)
    if why is None:
        return "MLR", (
            f"every item has {ENOUGH_CATEGORIES} or more answers in use and none is skewed by more than "
            f"{LARGEST_SKEW:.0f} in size"
        )
    if found.n < FEWEST_ROWS:
        return "MLR", f"{why}, but {found.n} rows are fewer than the {FEWEST_ROWS} that WLSMV needs"
    if found.empty is not None and found.empty > MOST_EMPTY:
        return "MLR", (
            f"{why}, but {found.empty:.0%} of the cells of the tables of two items are empty (more than "
            f"{MOST_EMPTY:.0%}), which biases polychoric correlations"
        )
    return "WLSMV", why


def _asking_for_categories(found: EstimatorChoice) -> str | None:
    if found.categories < ENOUGH_CATEGORIES:
        return f"an item has only {found.categories} answers in use (fewer than {ENOUGH_CATEGORIES})"
    if abs(found.skew) > LARGEST_SKEW:
        limit = f"{found.skew:.2f}, more than {LARGEST_SKEW:.0f} in size"
        return f"the answers to {found.skewed} are skewed ({limit})"
    return None


def _empty(answered: pd.DataFrame) -> float | None:
    """Share of empty cells over all tables of two items; None where there is nothing to count."""
    counts = answered.nunique().to_numpy()
    if counts.max() > MOST_CATEGORIES or len(counts) < 2:
        return None
    codes = np.column_stack([np.unique(own[own.notna()]).searchsorted(own) for _, own in answered.items()])
    tables = Tables.of(np.where(answered.isna(), -1, codes).astype(np.intp), counts.tolist())
    owner = np.repeat(np.arange(len(counts)), counts)
    apart = owner[:, None] != owner[None, :]
    return float((tables.burt[apart] == 0).mean())
