"""Second step of the two, row by row: pairs with a continuous variable, and items given covariates.

Polyserial correlations (Olsson, Drasgow & Dorans, 1982), Pearson's given the margins, and polychorics whose
limits differ by row. Each is the root of its score; the scores by the parameters of both margins are what the
asymptotic covariance needs (Muthen, 1984).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pipeline.sem.arrays import Array
from pipeline.sem.ordinal.bivariate import bivariate_cdf, bivariate_density, density
from pipeline.sem.ordinal.margins import Margin
from pipeline.sem.ordinal.polychoric import safe_step

BOUND = 0.995
_LOST = 1.5e-8
_SMALLEST = 1e-13
_STEPS = 100


@dataclass(frozen=True, eq=False)
class PairScores:
    """Each row's score by the correlation and by the parameters of both margins."""

    by_r: Array
    by_first: Array
    by_second: Array


def correlate(first: Margin, second: Margin) -> float:
    """Return the correlation of two variables given the covariates, by maximum likelihood."""
    if not first.ordered and not second.ordered and bool((first.answered & second.answered).all()):
        return float(np.mean(first.residual * second.residual))
    if first.ordered and second.ordered:
        return _newton(first, second)
    return _root(lambda r: float(pair_scores(first, second, r).by_r.sum()))


def pair_scores(first: Margin, second: Margin, r: float) -> PairScores:
    """Return the scores of every row at a correlation."""
    if first.ordered and second.ordered:
        return _both_ordered(first, second, r)
    if first.ordered:
        other = _mixed(second, first, r)
        return PairScores(other.by_r, other.by_second, other.by_first)
    return _mixed(first, second, r) if second.ordered else _both_continuous(first, second, r)


def pair_influence(first: Margin, second: Margin, r: float) -> Array:
    """Return (N s - A21 z) / sum s^2 of every row, z being the influence on both margins."""
    scores = pair_scores(first, second, r)
    s = scores.by_r
    drift = first.influence @ (s @ scores.by_first) + second.influence @ (s @ scores.by_second)
    out: Array = (len(s) * s - drift) / float(s @ s)
    return out


def _newton(first: Margin, second: Margin) -> float:
    """Return the polychoric given covariates by Newton steps from the correlation of codes."""
    answered = first.answered & second.answered
    corners = _corners(first, second, answered)
    r = float(np.clip(np.corrcoef(first.codes[answered], second.codes[answered])[0, 1], -0.9, 0.9))
    for _ in range(_STEPS):
        rho, rest = np.asarray(r), 1 - r * r
        p, slope, bend = np.zeros((3, int(answered.sum())))
        for h, k, sign in corners:
            line = bivariate_density(h, k, rho)
            p = p + sign * bivariate_cdf(h, k, rho)
            slope = slope + sign * line
            bend = bend + sign * line * (r / rest + (h * k * (1 + r * r) - r * (h * h + k * k)) / rest**2)
        inverse = 1 / np.maximum(p, _SMALLEST)
        score = slope * inverse
        squares = (score**2).sum()
        step = float(safe_step(rho, score.sum(), (bend * inverse).sum() - squares, -squares))
        r = float(np.clip(r + step, -BOUND, BOUND))
        if abs(step) < 1e-13 or abs(r) == BOUND:
            break
    return r


def _corners(first: Margin, second: Margin, rows: Array) -> list[tuple[Array, Array, int]]:
    """The four corners of each row's rectangle with their signs."""
    u1, l1, u2, l2 = first.upper[rows], first.lower[rows], second.upper[rows], second.lower[rows]
    return [(u1, u2, 1), (l1, u2, -1), (u1, l2, -1), (l1, l2, 1)]


def _root(score: Callable[[float], float]) -> float:
    """Return where the score changes sign; a bound where it never does."""
    from scipy.optimize import brentq

    low, high = score(-BOUND), score(BOUND)
    if low <= 0 or high >= 0:
        return -BOUND if low <= 0 else BOUND
    return float(brentq(score, -BOUND, BOUND, xtol=1e-13, rtol=1e-14))


def _both_ordered(first: Margin, second: Margin, r: float) -> PairScores:
    """Derivatives of ln P(l1 < X < u1, l2 < Y < u2) by r and by the four limits."""
    answered = first.answered & second.answered
    u1, l1, u2, l2 = first.upper, first.lower, second.upper, second.lower
    corners = _corners(first, second, np.full(len(u1), fill_value=True))
    rho = np.asarray(r)
    p = sum(sign * bivariate_cdf(h, k, rho) for h, k, sign in corners)
    inverse = np.where(answered & (p > _LOST), 1 / np.maximum(p, 1e-300), 0.0)
    by_r = inverse * sum(sign * bivariate_density(h, k, rho) for h, k, sign in corners)
    inner = np.sqrt(1 - r * r)

    def edge(h: Array, above: Array, below: Array) -> Array:
        out: Array = density(h) * (ndtr((above - r * h) / inner) - ndtr((below - r * h) / inner)) * inverse
        return out

    return PairScores(
        by_r,
        first.chain(edge(u1, u2, l2), -edge(l1, u2, l2)),
        second.chain(edge(u2, u1, l1), -edge(l2, u1, l1)),
    )


def _mixed(first: Margin, second: Margin, r: float) -> PairScores:
    """A continuous and an ordered variable: ln phi(Z) + ln { Phi(u*) - Phi(l*) }, u* = (u - r Z) / R."""
    answered = first.answered & second.answered
    Z, inner = np.where(answered, first.residual, 0.0), np.sqrt(1 - r * r)
    u, low = second.upper, second.lower
    up, down = density((u - r * Z) / inner), density((low - r * Z) / inner)
    p = ndtr((u - r * Z) / inner) - ndtr((low - r * Z) / inner)
    inverse = answered / np.maximum(p, np.finfo(float).eps)
    by_r = inverse / inner**3 * (up * (u * r - Z) - down * (low * r - Z))
    deviation = np.sqrt(first.variance)
    shift = inverse * r / inner * (up - down)
    by_mean = answered * (Z + shift) / deviation
    by_variance = answered * (Z * Z - 1 + shift * Z) / (2 * first.variance)
    return PairScores(
        by_r,
        np.column_stack([by_mean, by_mean[:, None] * first.X, by_variance]),
        second.chain(up * inverse / inner, -down * inverse / inner),
    )


def _both_continuous(first: Margin, second: Margin, r: float) -> PairScores:
    """Two continuous variables with standardized residuals x and y."""
    answered = first.answered & second.answered
    x, y = np.where(answered, first.residual, 0.0), np.where(answered, second.residual, 0.0)
    rest = 1 - r * r
    by_r = answered * (r / rest + x * y / rest - (x * x - 2 * r * x * y + y * y) * r / rest**2)

    def own(margin: Margin, a: Array, b: Array) -> Array:
        by_mean = (a - r * b) / (rest * np.sqrt(margin.variance))
        by_variance = answered * ((a * a - r * a * b) / rest - 1) / (2 * margin.variance)
        return np.column_stack([by_mean, by_mean[:, None] * margin.X, by_variance])

    return PairScores(by_r, own(first, x, y), own(second, y, x))
