"""How often do tests of mediation between staff find it where there is none, and where there is some?

Samples come from `design`; three analyses meet each one: the two-level model with latent means of staff (the
pipeline's own), and two that are common and wrong here, on clients as if each told something new about staff
and on the observed means of staff, both with errors robust to teams (Lüdtke et al., 2008; Preacher, Zyphur &
Zhang, 2010).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.calibration.bootstrap import indirect_draws
from pipeline.mediation.calibration.design import ALLIANCE, OUTCOME, STAFF, SUPPORT, TEAM, Trial, sample
from pipeline.mediation.design import Design
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_rows import CLUSTER, UNIT, LatentRows, latent_rows
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.montecarlo import percentile_interval

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE, DRAWS, RESAMPLES = 0.95, 5000, 500
GRAPH = PathGraph.of([(SUPPORT, ALLIANCE), (ALLIANCE, OUTCOME), (SUPPORT, OUTCOME)])
CLIENT = "client"
LEVELS = Design((CLIENT, STAFF, TEAM), {SUPPORT: STAFF, ALLIANCE: CLIENT, OUTCOME: CLIENT})
CLIENTS_FLAT, STAFF_MEANS, TWO_LEVEL = "clients, flat", "staff means", "two-level, latent means"
METHODS = (CLIENTS_FLAT, STAFF_MEANS, TWO_LEVEL)
SLOPE, JOINT, DELTA = "slope", "joint", "delta"
MONTE_CARLO, BOOTSTRAP, BY_STAFF = "monte carlo", "bootstrap", "monte carlo, errors by staff"
INTERVALS = (MONTE_CARLO, BOOTSTRAP, BY_STAFF)


@dataclass(frozen=True)
class Replication:
    """What the analyses say of one sample.

    `rejects` is by (method, test); `intervals` are those of the indirect effect in the two-level model;
    `estimate` is that effect, `slope` alliance -> outcome between staff; `negative`: a between variance was
    estimated below zero; without `converged` there is nothing else.
    """

    converged: bool
    negative: bool = False
    estimate: float = float("nan")
    slope: float = float("nan")
    rejects: Mapping[tuple[str, str], bool] | None = None
    intervals: Mapping[str, tuple[float, float]] | None = None


def analyse(trial: Trial, generator: np.random.Generator) -> Replication:
    """Draw one sample and put every analysis to it."""
    from pipeline import sem

    frame = sample(trial, generator)
    rows = two_level_rows(frame)
    robust, plain = (
        sem.fit(rows.syntax, rows.frame, estimator=estimator, cluster=CLUSTER, robust_unit=unit)
        for estimator, unit in (("MLR", UNIT), ("ML", None))
    )
    if not robust.converged:
        return Replication(False)
    slopes = [_name(rows, ALLIANCE, SUPPORT), _name(rows, OUTCOME, ALLIANCE)]
    est = dict(zip(robust.parameter_names, robust.theta, strict=True))
    centre = np.array([est[name] for name in slopes])
    covs = [fit.vcov.loc[slopes, slopes].to_numpy(float) for fit in (robust, plain)]
    noise = generator.standard_normal((DRAWS, 2))
    by_team, by_staff = (_monte_carlo(centre, cov, noise) for cov in covs)
    resampled = percentile_interval(indirect_draws(frame, RESAMPLES, generator), CONFIDENCE)
    intervals = {MONTE_CARLO: by_team, BOOTSTRAP: (resampled.lower, resampled.upper), BY_STAFF: by_staff}
    variances = [
        est[f"{rows.names.token(name)}~~{rows.names.token(name)}.l2"] for name in (ALLIANCE, OUTCOME)
    ]
    found = {name: not low <= 0 <= high for name, (low, high) in intervals.items()}
    rejects = {(TWO_LEVEL, test): one for test, one in (_tests(centre, covs[0]) | found).items()}
    return Replication(
        converged=True,
        negative=min(variances) < 0,
        estimate=float(centre.prod()),
        slope=float(centre[1]),
        rejects=rejects | _single_level(frame),
        intervals=intervals,
    )


def two_level_rows(frame: pd.DataFrame) -> LatentRows:
    """The rows and the model that `fit_latent_means` takes for this path."""
    clients = frame[[ALLIANCE, OUTCOME, STAFF, TEAM]].assign(id=range(len(frame)))
    staff = frame.groupby(STAFF, sort=False)[[SUPPORT, TEAM]].first().reset_index(names="id")
    return latent_rows(GRAPH, {CLIENT: clients, STAFF: staff}, LEVELS, {}, listwise=True)


@dataclass(frozen=True)
class Rates:
    """Shares of replications in one trial, each with `n` behind it.

    `rejected` by (method, test); `covered` by interval: the true indirect effect between staff;
    `missed_below` and `missed_above`: the interval lies wholly above or below it.
    """

    trial: Trial
    n: int
    failed: int
    negative: int
    mean_slope: float
    rejected: Mapping[tuple[str, str], float]
    covered: Mapping[str, float]
    missed_below: Mapping[str, float]
    missed_above: Mapping[str, float]


def rates(trial: Trial, replications: Sequence[Replication]) -> Rates:
    """Count over the replications that converged."""
    used = [one for one in replications if one.rejects is not None and one.intervals is not None]
    tests = [one.rejects for one in used if one.rejects is not None]
    ends = {name: np.array([one.intervals[name] for one in used if one.intervals]) for name in INTERVALS}
    true = trial.indirect
    return Rates(
        trial=trial,
        n=len(used),
        failed=len(replications) - len(used),
        negative=sum(one.negative for one in used),
        mean_slope=float(np.mean([one.slope for one in used])),
        rejected={key: float(np.mean([one[key] for one in tests])) for key in tests[0]},
        covered={name: float(np.mean((low <= true) & (true <= high))) for name, (low, high) in _ends(ends)},
        missed_below={name: float(np.mean(low > true)) for name, (low, _) in _ends(ends)},
        missed_above={name: float(np.mean(high < true)) for name, (_, high) in _ends(ends)},
    )


def monte_carlo_error(share: float, n: int) -> float:
    """Standard error of a share of n replications."""
    return float(np.sqrt(share * (1 - share) / n))


def _ends(ends: Mapping[str, Floats]) -> list[tuple[str, Floats]]:
    return [(name, pairs.T) for name, pairs in ends.items()]


def _name(rows: LatentRows, outcome: str, predictor: str) -> str:
    return f"{rows.names.token(outcome)}~{rows.names.token(predictor)}.l2"


def _tests(slopes: Floats, cov: Floats) -> dict[str, bool]:
    """Wald test of the slope b, joint significance of a and b, and Sobel's test of their product."""
    from scipy.stats import norm

    critical = float(norm.ppf((1 + CONFIDENCE) / 2))
    first, second = np.abs(slopes) / np.sqrt(np.diag(cov)) > critical
    gradient = slopes[::-1]
    error = float(np.sqrt(gradient @ cov @ gradient))
    return {
        SLOPE: bool(second),
        JOINT: bool(first and second),
        DELTA: bool(abs(slopes.prod()) > critical * error),
    }


def _monte_carlo(centre: Floats, cov: Floats, noise: Floats) -> tuple[float, float]:
    drawn = centre + noise @ np.linalg.cholesky(cov).T
    interval = percentile_interval(drawn.prod(axis=1), CONFIDENCE)
    return interval.lower, interval.upper


def _single_level(frame: pd.DataFrame) -> dict[tuple[str, str], bool]:
    means = frame.groupby(STAFF, sort=False).mean()
    found: dict[tuple[str, str], bool] = {}
    for method, rows in ((CLIENTS_FLAT, frame), (STAFF_MEANS, means)):
        tests = _tests(*regressions(rows))
        found |= {(method, test): tests[test] for test in (SLOPE, JOINT, DELTA)}
    return found


def regressions(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Slopes a and b by least squares and their errors, robust to teams (Liang & Zeger, 1986; CR1)."""
    teams = np.unique(rows[TEAM], return_inverse=True)[1]
    values = {name: rows[name].to_numpy(float) for name in (SUPPORT, ALLIANCE, OUTCOME)}
    ones = np.ones(len(rows))
    first = _robust(np.column_stack([ones, values[SUPPORT]]), values[ALLIANCE], teams)
    second = _robust(np.column_stack([ones, values[ALLIANCE], values[SUPPORT]]), values[OUTCOME], teams)
    return np.array([first[0], second[0]]), np.diag([first[1], second[1]])


def _robust(X: Floats, y: Floats, units: np.ndarray[tuple[int], np.dtype[np.intp]]) -> tuple[float, float]:
    """The slope of the second column and its variance."""
    bread = np.linalg.inv(X.T @ X)
    slopes = bread @ (X.T @ y)
    influence = X * (y - X @ slopes)[:, None]
    scores = np.stack([np.bincount(units, column) for column in influence.T], axis=1)
    n, k = X.shape
    scale = len(scores) / (len(scores) - 1) * (n - 1) / (n - k)
    cov = bread @ (scores.T @ scores) @ bread * scale
    return float(slopes[1]), float(cov[1, 1])
