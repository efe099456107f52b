"""A start for the saturated moments by accelerated EM: cheap passes that settle which directions vanish.

With the cluster effects as missing data, one step from (Sw, Sb) is
    Sw <- Sw - 2 Sw (dF/dSw) Sw,   Sb <- Sb - 2 (N / J) Sb (dF/dSb) Sb
(Lee & Poon, 1998, written by the gradient), and the means by generalised least squares. Steps are
extrapolated in Cholesky factors (SQUAREM; Varadhan & Roland, 2008), so that covariances remain covariances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.twolevel.likelihood import Complete, CompletePoint, Implied2
from pipeline.sem.twolevel.problem import Place2

_CYCLES = 40
_GAIN = 2e-6


@dataclass(frozen=True)
class Factors:
    """Cholesky factors of within and between covariances, and means, in the joint order."""

    within: Array
    between: Array
    mu: Array

    def implied(self, place: Place2) -> Implied2:
        """Return the moments."""
        between = np.zeros((place.size, place.size))
        between[np.ix_(place.between, place.between)] = self.between @ self.between.T
        return Implied2(self.within @ self.within.T, between, self.mu)

    def parts(self) -> tuple[Array, Array, Array]:
        """Return the three arrays."""
        return self.within, self.between, self.mu


def accelerated(likelihood: Complete, place: Place2, start: Factors) -> Factors:
    """Return factors near the maximum."""
    state = start
    value = likelihood.at(start.implied(place)).value
    for _ in range(_CYCLES):
        one = step(likelihood, place, state)
        two = step(likelihood, place, one)
        candidates = [(likelihood.at(two.implied(place)).value, two)]
        leap = _leap(state, one, two)
        try:
            candidates.append((likelihood.at(leap.implied(place)).value, leap))
        except np.linalg.LinAlgError:  # the leap left the region of covariances: the plain steps stand
            candidates = candidates[:1]
        reached, state = min(candidates, key=lambda pair: pair[0])
        gain, value = value - reached, reached
        if gain < _GAIN:
            break
    return state


def _leap(state: Factors, one: Factors, two: Factors) -> Factors:
    """Return x - 2 a r + a^2 v with r the first step, v the bend and a = -|r| / |v|."""
    triples = list(zip(state.parts(), one.parts(), two.parts(), strict=True))
    step2 = sum(float(((b - a) ** 2).sum()) for a, b, _ in triples)
    bend2 = sum(float(((c - 2 * b + a) ** 2).sum()) for a, b, c in triples)
    length = -max(1.0, np.sqrt(step2 / bend2)) if bend2 > 0 else -1.0
    moved = [a - 2 * length * (b - a) + length**2 * (c - 2 * b + a) for a, b, c in triples]
    return Factors(*moved)


def step(likelihood: Complete, place: Place2, at: Factors) -> Factors:
    """Return one step of EM."""
    point = likelihood.at(at.implied(place))
    within, between = at.within @ at.within.T, at.between @ at.between.T
    people, clusters = likelihood.moments.people, likelihood.moments.clusters
    by_between = point.by_between[np.ix_(place.between, place.between)]
    within = within - 2 * within @ point.by_within @ within
    between = between - 2 * people / clusters * between @ by_between @ between
    return Factors(_root(within), _root(between), at.mu + _mean_step(point))


def _mean_step(point: CompletePoint) -> Array:
    """Return the generalised least squares step of the means: one of Newton's."""
    weights = point.moments.counts @ point.per_size
    information = (point.T.T * weights) @ point.T / point.moments.people
    return -np.linalg.solve(information, point.by_mu)


def _root(matrix: Array) -> Array:
    """Return the Cholesky factor, of a matrix that rounding may have made barely indefinite."""
    matrix = (matrix + matrix.T) / 2
    return np.linalg.cholesky(matrix + 1e-14 * np.trace(matrix) * np.eye(len(matrix)))
