"""What is planted in the demonstration data: the one table that the generator, truth.json and tests read.

Three orthogonal parts make up every variable: team, staff and client (staff-rated variables have no client
part). `SHARES` gives the variances of the parts; they add up to 1, so every true score has variance 1 and
a share is an intraclass correlation.

What a planted number of `PATHS` means:

*within* (client level). The client part of the outcome, in standard deviations of that part, a standard
deviation of the client part of the predictor. Alliance has client share .90 and functioning .93: .20 is
an unstandardized slope of .20 * sqrt(.93 / .90) on the true scores.

*between* (staff level). Standard deviations of the outcome's staff part a standard deviation of the
predictor. For a predictor that staff rate themselves that is its whole standard deviation, 1; for one that
clients rate it is that of its staff part. So alliance's staff part, standardized, is .30 leader support +
.20 co-worker support + residual, and the unstandardized slopes are .30 * sqrt(.08) and .20 * sqrt(.08). The
correlation of leader and co-worker support is .42, of leader support and a client's alliance .109.
The team parts follow the *same unstandardized slope*: so "between staff" has one value whether or not an
analysis separates teams. What the predictors leave of a part's variance is residual.

*associations* (`autonomy`, `leader_trust`). Drawn as a regression with the shares of the variable that they
go with, so that .3 and .6 are the correlations of each part and of the whole.

Moderation: within clients, belonging's slope on functioning rises by .10 (standardized as above) for each
standard deviation of case complexity. Complexity is an observed rating from 1 to 5, the same in every
team, without an effect of its own; it enters in standard deviations of `COMPLEXITY`.

Every path that is not in the table is zero, leader support -> belonging and -> functioning among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Stratum = Literal["team", "staff", "client"]
STRATA: tuple[Stratum, ...] = ("team", "staff", "client")

SEED = 20261123
TEAMS = 60
STAFF_PER_TEAM = 8
CLIENTS_PER_STAFF = 8


@dataclass(frozen=True)
class Shares:
    """Variances of a variable's parts; they add up to 1."""

    team: float
    staff: float
    client: float = 0.0

    def of(self, stratum: Stratum) -> float:
        """The variance of one part."""
        return float(getattr(self, stratum))

    @property
    def reference(self) -> float:
        """The variance that planted between-staff numbers count in: all of it, or the staff part's."""
        return self.staff if self.client else 1.0


@dataclass(frozen=True)
class Path:
    """One planted number; see the module's docstring for its meaning."""

    outcome: str
    predictor: str
    within: float | None
    between: float


SHARES: Mapping[str, Shares] = MappingProxyType(
    {
        "leader_support": Shares(team=0.13, staff=0.87),
        "leader_trust": Shares(team=0.13, staff=0.87),
        "coworker_support": Shares(team=0.05, staff=0.95),
        "alliance": Shares(team=0.02, staff=0.08, client=0.90),
        "belonging": Shares(team=0.02, staff=0.06, client=0.92),
        "autonomy": Shares(team=0.02, staff=0.06, client=0.92),
        "functioning": Shares(team=0.02, staff=0.05, client=0.93),
    }
)

PATHS: tuple[Path, ...] = (
    Path("leader_trust", "leader_support", within=None, between=0.60),
    Path("coworker_support", "leader_support", within=None, between=0.42),
    Path("alliance", "leader_support", within=None, between=0.30),
    Path("alliance", "coworker_support", within=None, between=0.20),
    Path("belonging", "alliance", within=0.30, between=0.40),
    Path("autonomy", "belonging", within=0.30, between=0.30),
    Path("functioning", "alliance", within=0.20, between=0.20),
    Path("functioning", "belonging", within=0.30, between=0.35),
)

MODERATION = 0.10
COMPLEXITY: Mapping[int, float] = MappingProxyType({1: 0.12, 2: 0.24, 3: 0.30, 4: 0.22, 5: 0.12})


def implied_paths(clients_per_staff: float = CLIENTS_PER_STAFF) -> pd.DataFrame:
    """Slopes on the true scores that a random-intercept model with cluster-mean centring estimates.

    Columns: outcome, predictor, level, planted (the number of the table), latent and manifest, both
    unstandardized. `latent` is the slope between the parts themselves: what a model with latent cluster
    means estimates. `manifest` is what one with observed means of `clients_per_staff` clients estimates:
    a mean of n clients has variance B + W / n, so with between and within covariances Sb and Sw its slope
    is (Sb + Sw / n)^-1 (Sb + Sw / n)_xy (Lüdtke et al., 2008); with one predictor it lies between the two
    latent slopes. Within clusters, and where staff rate the predictors, latent and manifest agree. Scores
    made of items are attenuated further, by their reliability.
    """
    rows = []
    for outcome in dict.fromkeys(path.outcome for path in PATHS):
        manifest = _manifest_between(outcome, clients_per_staff)
        for path in predictors(outcome):
            key = {"outcome": path.outcome, "predictor": path.predictor}
            if path.within is not None:
                value = slope(path, "client")
                rows.append(
                    {**key, "level": "within", "planted": path.within, "latent": value, "manifest": value}
                )
            value = slope(path, "staff")
            rows.append(
                {
                    **key,
                    "level": "between",
                    "planted": path.between,
                    "latent": value,
                    "manifest": manifest[path.predictor],
                }
            )
    return pd.DataFrame(rows)


def implied_effect(route: str, level: str, clients_per_staff: float = CLIENTS_PER_STAFF) -> dict[str, float]:
    """The effect along `a -> b -> c` at a level, latent and manifest: the product of its slopes."""
    rows = implied_paths(clients_per_staff).to_dict("records")
    slopes = {(row["predictor"], row["outcome"], row["level"]): row for row in rows}
    steps = [name.strip() for name in route.split("->")]
    found = [slopes[source, target, level] for source, target in pairwise(steps)]
    return {kind: math.prod(float(row[kind]) for row in found) for kind in ("latent", "manifest")}


def predictors(outcome: str) -> tuple[Path, ...]:
    """The planted paths into a variable."""
    return tuple(path for path in PATHS if path.outcome == outcome)


def slope(path: Path, stratum: Stratum) -> float:
    """The unstandardized slope of a path in one part."""
    outcome, predictor = SHARES[path.outcome], SHARES[path.predictor]
    if stratum == "client":
        return (path.within or 0.0) * float(np.sqrt(outcome.client / (predictor.client or 1.0)))
    return path.between * float(np.sqrt(outcome.reference / predictor.reference))


def moderation() -> float:
    """The unstandardized slope of belonging's client part x standardized complexity on functioning."""
    return MODERATION * float(np.sqrt(SHARES["functioning"].client / SHARES["belonging"].client))


@cache
def residual(outcome: str, stratum: Stratum) -> float:
    """The variance that the predictors leave of a part."""
    paths = predictors(outcome)
    slopes = np.array([slope(path, stratum) for path in paths])
    matrix = _covariances(stratum)[np.ix_(_places(paths), _places(paths))]
    rest = SHARES[outcome].of(stratum) - float(slopes @ matrix @ slopes)
    if outcome == "functioning" and stratum == "client":
        rest -= moderation() ** 2 * SHARES["belonging"].client
    return rest


def covariances(stratum: Stratum) -> pd.DataFrame:
    """The model-implied covariances of one part of all variables."""
    return pd.DataFrame(_covariances(stratum).copy(), index=list(SHARES), columns=list(SHARES))


def complexity_scale() -> tuple[float, float]:
    """Mean and standard deviation of the complexity rating."""
    values, weights = np.array(list(COMPLEXITY)), np.array(list(COMPLEXITY.values()))
    mean = float(values @ weights)
    return mean, float(np.sqrt(((values - mean) ** 2) @ weights))


@cache
def _covariances(stratum: Stratum) -> npt.NDArray[np.float64]:
    """Variable by variable: with those before it through its predictors, with itself its share."""
    matrix = np.zeros((len(SHARES), len(SHARES)))
    for place, (name, shares) in enumerate(SHARES.items()):
        paths = predictors(name)
        slopes = np.array([slope(path, stratum) for path in paths])
        matrix[place, :place] = matrix[:place, place] = slopes @ matrix[_places(paths), :place]
        matrix[place, place] = shares.of(stratum)
    return matrix


def _places(paths: Sequence[Path]) -> list[int]:
    return [list(SHARES).index(path.predictor) for path in paths]


def _manifest_between(outcome: str, clients: float) -> dict[str, float]:
    means = _covariances("team") + _covariances("staff") + _covariances("client") / clients
    paths = predictors(outcome)
    places = _places(paths)
    slopes = np.linalg.solve(means[np.ix_(places, places)], means[places, list(SHARES).index(outcome)])
    return {path.predictor: float(value) for path, value in zip(paths, slopes, strict=True)}
