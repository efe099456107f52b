"""Marginal maximum likelihood of the graded response model: EM, then Newton.

`graded_response` calls `maximise` with answers that are coded and sorted into patterns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.irt.cumulative_logit import TINY, expand, probabilities, start_intercepts

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

CHUNK = 400
CONVERGED = 1e-12
RUNAWAY = 25.0


@dataclass(frozen=True)
class Answers:
    """Distinct rows of codes 0, 1, ... (-1: no answer), how often each came, categories by item."""

    codes: Codes
    weights: Floats
    categories: tuple[int, ...]

    def counts(self, item: int) -> Floats:
        """How often each category of an item was chosen."""
        known = self.codes[:, item] >= 0
        codes, often = self.codes[known, item], self.weights[known]
        return np.bincount(codes, weights=often, minlength=self.categories[item]).astype(float)


@dataclass(frozen=True)
class Parameters:
    """Slope and intercepts by item; P(y >= k) = logistic(slope theta + intercept_k)."""

    slopes: Floats
    intercepts: tuple[Floats, ...]
    equal_slopes: bool

    @property
    def free(self) -> Floats:
        """Free values: intercepts item by item, then the slopes (one if they are equal)."""
        return np.concatenate([*self.intercepts, self.slopes[:1] if self.equal_slopes else self.slopes])

    def moved(self, step: Floats) -> Parameters:
        """The parameters after a step of the free values."""
        values = self.free + step
        ends = np.cumsum([len(each) for each in self.intercepts])
        slopes = values[ends[-1] :]
        return replace(
            self,
            slopes=np.repeat(slopes, len(self.slopes)) if self.equal_slopes else slopes,
            intercepts=tuple(np.split(values[: ends[-1]], ends[:-1])),
        )

    @property
    def ordered(self) -> bool:
        """Whether the intercepts of every item fall."""
        return all(bool(np.all(np.diff(each) < 0)) for each in self.intercepts)

    def places(self) -> Iterator[Codes]:
        """Positions of each item's intercepts and slope among the free values."""
        start, cuts = 0, sum(len(each) for each in self.intercepts)
        for item, each in enumerate(self.intercepts):
            slope = cuts if self.equal_slopes else cuts + item
            yield np.append(np.arange(start, start + len(each)), slope)
            start += len(each)


@dataclass(frozen=True)
class Grid:
    """Quadrature points of a standard normal trait and their weights."""

    points: Floats
    weights: Floats

    @classmethod
    def normal(cls, count: int, width: float) -> Grid:
        """Equally spaced points within `width` standard deviations, weighted by the density."""
        points = np.linspace(-width, width, count)
        density = np.exp(-(points**2) / 2)
        return cls(points, density / density.sum())


@dataclass(frozen=True)
class Maximum:
    """Parameters at the maximum, their information matrix, log-likelihood, EM steps and Newton steps."""

    parameters: Parameters
    information: Floats
    loglik: float
    em_steps: int
    newton_steps: int
    converged: bool


def start(answers: Answers, *, equal_slopes: bool) -> Parameters:
    """Slopes of 1, intercepts from the shares of the categories."""
    items = range(len(answers.categories))
    cuts = tuple(1.2 * start_intercepts(answers.counts(item)) for item in items)
    return Parameters(np.ones(len(answers.categories)), cuts, equal_slopes)


def maximise(answers: Answers, parameters: Parameters, grid: Grid, most: int = 1000) -> Maximum:
    """EM (Bock & Aitkin, 1981) until it is near, then Newton on the observed information (Louis, 1982).

    A slope beyond RUNAWAY has no maximum to go to, and ends the search.
    """
    em = newton = 0
    near = 0.05
    while em < most and np.abs(parameters.slopes).max() < RUNAWAY:
        moved = np.inf
        while moved > near and em < most and np.abs(parameters.slopes).max() < RUNAWAY:
            parameters, moved = _em_step(answers, parameters, grid)
            em += 1
        for _ in range(20):
            loglik, gradient, information = expand_marginal(answers, parameters, grid)
            step: Floats = np.asarray(np.linalg.solve(information, gradient), dtype=float)
            decrement = float(gradient @ step)
            if abs(decrement) < CONVERGED and np.linalg.eigvalsh(information)[0] > 0:
                return Maximum(parameters, information, loglik, em, newton, converged=True)
            tried = parameters.moved(step)
            if decrement < 0 or not tried.ordered or log_likelihood(answers, tried, grid) < loglik:
                break
            parameters, newton = tried, newton + 1
        near = max(near / 5, 1e-6)
    loglik, _, information = expand_marginal(answers, parameters, grid)
    return Maximum(parameters, information, loglik, em, newton, converged=False)


def log_likelihood(answers: Answers, parameters: Parameters, grid: Grid) -> float:
    """Sum over persons of the log of the likelihood averaged over the trait."""
    return _posterior(answers, parameters, grid)[1]


def posterior(answers: Answers, parameters: Parameters, grid: Grid) -> Floats:
    """Distribution of the trait over the grid for each pattern of answers."""
    return _posterior(answers, parameters, grid)[0]


def expand_marginal(answers: Answers, parameters: Parameters, grid: Grid) -> tuple[float, Floats, Floats]:
    """Marginal log-likelihood, its gradient and its observed information.

    Information = expected complete information - covariance of the complete score given the answers, summed
    over persons (Louis, 1982).
    """
    weights, loglik = _posterior(answers, parameters, grid)
    size = len(parameters.free)
    gradient, information = np.zeros(size), np.zeros((size, size))
    scores = []
    for item, place in enumerate(parameters.places()):
        found = _expand_item(answers, parameters, grid, weights, item)
        gradient[place] += found[0]
        information[np.ix_(place, place)] -= found[1]
        scores.append(_item_scores(parameters, grid, item))
    information -= _missing_information(answers, parameters, weights, scores)
    return loglik, gradient, information


def _posterior(answers: Answers, parameters: Parameters, grid: Grid) -> tuple[Floats, float]:
    joint = np.tile(np.log(grid.weights), (len(answers.codes), 1))
    for item, cuts in enumerate(parameters.intercepts):
        logs = np.log(np.maximum(probabilities(cuts, parameters.slopes[item] * grid.points), TINY))
        joint += np.vstack([logs.T, np.zeros(len(grid.points))])[answers.codes[:, item]]
    highest = joint.max(axis=1, keepdims=True)
    likelihood = np.exp(joint - highest)
    total = likelihood.sum(axis=1, keepdims=True)
    loglik = float(answers.weights @ (np.log(total) + highest)[:, 0])
    return np.asarray(likelihood / total), loglik


def _em_step(answers: Answers, parameters: Parameters, grid: Grid) -> tuple[Parameters, float]:
    """Expected counts, then one safeguarded Newton step of all items at once."""
    weights, _ = _posterior(answers, parameters, grid)
    counts = [_expected_counts(answers, weights, item) for item in range(len(parameters.slopes))]
    before = parameters.free
    for _ in range(3):
        value, gradient, hessian = _complete(parameters, grid, counts)
        step: Floats = np.asarray(np.linalg.solve(-hessian, gradient), dtype=float)
        size = 1.0
        while size > 1e-6:
            tried = parameters.moved(size * step)
            if tried.ordered and _complete(tried, grid, counts)[0] >= value - 1e-9:
                parameters = tried
                break
            size /= 2
        if np.abs(size * step).max() < 1e-4:
            break
    return parameters, float(np.abs(parameters.free - before).max())


def _complete(parameters: Parameters, grid: Grid, counts: list[Floats]) -> tuple[float, Floats, Floats]:
    size = len(parameters.free)
    value, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
    for item, place in enumerate(parameters.places()):
        cuts, slope = parameters.intercepts[item], parameters.slopes[item : item + 1]
        found = expand(cuts, slope, grid.points[:, None], counts[item])
        value += found.value
        gradient[place] += found.gradient
        hessian[np.ix_(place, place)] += found.hessian
    return value, gradient, hessian


def _expected_counts(answers: Answers, weights: Floats, item: int) -> Floats:
    """Expected number of each answer at each point of the grid."""
    chosen = answers.codes[:, item][:, None] == np.arange(answers.categories[item])
    return np.asarray(weights.T @ (chosen * answers.weights[:, None]))


def _expand_item(
    answers: Answers, parameters: Parameters, grid: Grid, weights: Floats, item: int
) -> tuple[Floats, Floats]:
    counts = _expected_counts(answers, weights, item)
    cuts, slope = parameters.intercepts[item], parameters.slopes[item : item + 1]
    found = expand(cuts, slope, grid.points[:, None], counts)
    return found.gradient, found.hessian


def _item_scores(parameters: Parameters, grid: Grid, item: int) -> Floats:
    """Score of one answer: categories (and none, last) by points by the item's parameters."""
    cuts, slope = parameters.intercepts[item], parameters.slopes[item]
    p = np.maximum(probabilities(cuts, slope * grid.points), TINY)
    at_least = np.cumsum(p[:, ::-1], axis=1)[:, ::-1][:, 1:]
    density = at_least * (1 - at_least)
    scores = np.zeros((p.shape[1] + 1, len(grid.points), len(cuts) + 1))
    for cut in range(len(cuts)):
        scores[cut + 1, :, cut] = density[:, cut] / p[:, cut + 1]
        scores[cut, :, cut] = -density[:, cut] / p[:, cut]
    scores[:, :, -1] = scores[:, :, :-1].sum(axis=2) * grid.points
    return scores


def _missing_information(
    answers: Answers, parameters: Parameters, weights: Floats, scores: list[Floats]
) -> Floats:
    """Covariance of the complete score given the answers, summed over persons in chunks."""
    size, points = len(parameters.free), weights.shape[1]
    total = np.zeros((size, size))
    for begin in range(0, len(weights), CHUNK):
        part = slice(begin, begin + CHUNK)
        codes, chance = answers.codes[part], weights[part]
        score = np.zeros((len(codes), points, size))
        for item, place in enumerate(parameters.places()):
            score[:, :, place] += scores[item][codes[:, item]]
        mean = np.einsum("nq,nqp->np", chance, score)
        apart = (score - mean[:, None, :]) * np.sqrt(chance * answers.weights[part][:, None])[:, :, None]
        flat = apart.reshape(-1, size)
        total += flat.T @ flat
    return total
