"""Item response models: graded response, and the two-parameter logistic for items with two answers.

The validate stage calls `grm` for scales that are long enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.irt.cumulative_logit import TINY, probabilities, slopes_of_logit
from pipeline.psychometrics.irt.marginal import (
    Answers,
    Grid,
    Maximum,
    Parameters,
    maximise,
    posterior,
    start,
)

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GradedResponse:
    """Graded response model of keyed items, trait standard normal.

    `frame`, by item: slope a, intercepts d1, d2, ... and thresholds b1 = -d1 / a, ..., their standard errors
    (a_se, d1_se, ..., b1_se, ...; from the observed information). `categories`: the answers of each item in
    order; answers that nobody gave have no threshold. Without convergence all numbers are withheld.
    """

    frame: pd.DataFrame
    categories: dict[str, tuple[float, ...]]
    loglik: float
    npar: int
    n: int
    equal_slopes: bool
    converged: bool
    parameters: Parameters
    grid: Grid
    warnings: tuple[str, ...]

    @property
    def aic(self) -> float:
        """-2 logL + 2 parameters."""
        return -2 * self.loglik + 2 * self.npar

    @property
    def bic(self) -> float:
        """-2 logL + ln(n) parameters."""
        return float(-2 * self.loglik + np.log(self.n) * self.npar)

    def information(self, theta: Floats | None = None) -> pd.DataFrame:
        """Information of each item and of the test (Samejima, 1969), and the standard error 1 / sqrt(test).

        Item: a^2 sum of (F_k (1 - F_k) - F_k+1 (1 - F_k+1))^2 / P_k; `theta` from -3 to 3 by default.
        """
        import pandas as pd

        self._refuse_unfinished()
        points = np.linspace(-3, 3, 61) if theta is None else np.asarray(theta, dtype=float)
        columns = {}
        for item, name in enumerate(self.categories):
            slope, cuts = self.parameters.slopes[item], self.parameters.intercepts[item]
            density = slopes_of_logit(cuts, slope * points)
            steps = -np.diff(density, axis=1, prepend=0.0, append=0.0)
            p = np.maximum(probabilities(cuts, slope * points), TINY)
            columns[name] = slope**2 * np.sum(steps**2 / p, axis=1)
        frame = pd.DataFrame(columns, index=pd.Index(points, name="theta"))
        test = frame.sum(axis="columns")
        return frame.assign(test=test, se=1 / np.sqrt(test))

    def eap(self, items: pd.DataFrame) -> pd.DataFrame:
        """Expected a posteriori scores and their standard deviations (Bock & Mislevy, 1982), by row.

        A row without any answer has none.
        """
        import pandas as pd

        self._refuse_unfinished()
        codes = _codes(items[list(self.categories)], self.categories)
        answers = Answers(codes, np.ones(len(codes)), tuple(len(each) for each in self.categories.values()))
        chance, points = posterior(answers, self.parameters, self.grid), self.grid.points
        mean = chance @ points
        spread = np.sqrt(np.maximum(chance @ points**2 - mean**2, 0.0))
        answered = (codes >= 0).any(axis=1)
        frame = pd.DataFrame({"eap": mean, "se": spread}, index=items.index)
        return frame.where(pd.Series(answered, items.index), np.nan)

    def _refuse_unfinished(self) -> None:
        if not self.converged:
            raise PsychometricsError(f"the model has no solution to work with: {self.warnings[-1]}")


def grm(
    items: pd.DataFrame,
    *,
    equal_slopes: bool = False,
    weights: pd.Series | None = None,
    points: int = 61,
    width: float = 6.0,
) -> GradedResponse:
    """P(y >= k) = 1 / (1 + exp(-(a theta + d_k))) (Samejima, 1969); two answers: the 2PL (Birnbaum, 1968).

    Marginal maximum likelihood (Bock & Aitkin, 1981) over `points` equally spaced points within `width`
    standard deviations. Missing answers are left out of a person's likelihood. `equal_slopes`: one slope for
    all items (1PL). `weights`: how often each row came.
    """
    counts = np.ones(len(items)) if weights is None else weights.to_numpy(float)
    known = items.notna().any(axis="columns").to_numpy() & (counts > 0)
    used, counts = items[known], counts[known]
    categories = {str(name): tuple(sorted(used[name].dropna().unique())) for name in used.columns}
    _refuse(used, categories)
    rows, members = np.unique(_codes(used, categories), axis=0, return_inverse=True)
    answers = Answers(
        rows.astype(np.intp),
        np.bincount(members.ravel(), weights=counts).astype(float),
        tuple(len(each) for each in categories.values()),
    )
    grid = Grid.normal(points, width)
    found = maximise(answers, start(answers, equal_slopes=equal_slopes), grid)
    return _lay_out(_facing_up(found), categories, grid, float(counts.sum()))


def two_parameter(items: pd.DataFrame, *, weights: pd.Series | None = None) -> GradedResponse:
    """The two-parameter logistic model (Birnbaum, 1968), `grm` of items with two answers."""
    many = [str(name) for name in items.columns if items[name].nunique() > 2]
    if many:
        raise PsychometricsError(f"item {many[0]} has more than two answers: use the graded response model")
    return grm(items, weights=weights)


def _codes(items: pd.DataFrame, categories: dict[str, tuple[float, ...]]) -> NDArray[np.intp]:
    import pandas as pd

    columns = []
    for name, answers in categories.items():
        place = pd.Index(answers).get_indexer(pd.Index(items[name]))
        if (place[items[name].notna().to_numpy()] < 0).any():
            raise PsychometricsError(f"item {name} has an answer that the model has not seen")
        columns.append(place)
    return np.column_stack(columns).astype(np.intp)


def _refuse(used: pd.DataFrame, categories: dict[str, tuple[float, ...]]) -> None:
    if len(categories) < 3:
        raise PsychometricsError(f"{len(categories)} items: an item response model needs three or more")
    for name, answers in categories.items():
        if len(answers) < 2:
            raise PsychometricsError(f"every row gives the same answer to {name}: leave it out")
        if len(answers) > 20:
            raise PsychometricsError(
                f"item {name} has {len(answers)} different answers: these models are for items with a few"
            )
    if len(used) < 10:
        raise PsychometricsError(f"only {len(used)} rows answer the items")


def _facing_up(found: Maximum) -> Maximum:
    """The trait turned so that the slopes add up to a positive number."""
    if found.parameters.slopes.sum() >= 0:
        return found
    cuts = sum(len(each) for each in found.parameters.intercepts)
    free = found.parameters.free
    turn = np.where(np.arange(len(free)) < cuts, 1.0, -1.0)
    turned = found.parameters.moved((turn - 1) * free)
    information = found.information * np.outer(turn, turn)
    return Maximum(
        turned, information, found.loglik, found.em_steps, found.newton_steps, converged=found.converged
    )


def _lay_out(
    found: Maximum, categories: dict[str, tuple[float, ...]], grid: Grid, n: float
) -> GradedResponse:
    import pandas as pd

    size = len(found.parameters.free)
    cov = np.linalg.inv(found.information) if found.converged else np.full((size, size), np.nan)
    rows = {}
    for item, place in enumerate(found.parameters.places()):
        cuts, slope = found.parameters.intercepts[item], found.parameters.slopes[item]
        part = cov[np.ix_(place, place)]
        row = {"a": slope, "a_se": np.sqrt(part[-1, -1])}
        for k, cut in enumerate(cuts):
            by = np.array([-1 / slope, cut / slope**2])
            pair = part[np.ix_([k, -1], [k, -1])]
            row |= {f"d{k + 1}": cut, f"d{k + 1}_se": np.sqrt(pair[0, 0])}
            row |= {f"b{k + 1}": -cut / slope, f"b{k + 1}_se": np.sqrt(by @ pair @ by)}
        rows[list(categories)[item]] = row
    frame = pd.DataFrame.from_dict(rows, orient="index")
    return GradedResponse(
        frame=frame if found.converged else frame * np.nan,
        categories=categories,
        loglik=found.loglik if found.converged else float("nan"),
        npar=size,
        n=round(n),
        equal_slopes=found.parameters.equal_slopes,
        converged=found.converged,
        parameters=found.parameters,
        grid=grid,
        warnings=_warnings(found, frame),
    )


def _warnings(found: Maximum, frame: pd.DataFrame) -> tuple[str, ...]:
    told = [
        f"item {name} has a slope of {slope:.2f}: look whether its key is turned round"
        for name, slope in frame["a"].items()
        if slope < 0
    ]
    told += [
        f"item {name} has a slope of {slope:.1f}: it nearly decides the trait alone; look for a twin item"
        for name, slope in frame["a"].items()
        if slope > 8
    ]
    if not found.converged:
        told.append("the model did not converge: join rare answers, or leave out items that hardly relate")
    return tuple(told)
