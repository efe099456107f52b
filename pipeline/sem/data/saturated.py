"""Means and covariances of the saturated model with missing answers, by EM on the patterns' moments.

E step by regression of the missing on the answered variables of each pattern; M step by the completed moments
(Dempster, Laird & Rubin, 1977; Little & Rubin, 2002, 11.2). Two steps are extrapolated by SQUAREM
(Varadhan & Roland, 2008, scheme S3), so that convergence to 1e-10 costs few passes.
"""

from __future__ import annotations

import numpy as np

from pipeline.sem.arrays import Array, unvech, vech
from pipeline.sem.data.moments import GroupMoments

_TOLERANCE = 1e-10
_MAXIMUM = 2000


def saturated(group: GroupMoments) -> tuple[Array, Array]:
    """Return the maximum-likelihood means and covariances of a group."""
    mean, covariance = group.pooled()
    if group.complete:
        return mean, covariance
    scale = np.sqrt(np.diag(covariance))
    state = np.concatenate([mean / scale, vech(np.eye(len(mean)))])
    steps = _Step(group, scale)
    for _ in range(_MAXIMUM):
        first = steps(state)
        second = steps(first)
        move, bend = first - state, second - 2 * first + state
        if np.abs(second - first).max() < _TOLERANCE:
            state = second
            break
        state = _leap(steps, state, move, bend, second)
    p = len(mean)
    return state[:p] * scale, unvech(state[p:]) * np.outer(scale, scale)


def _leap(steps: _Step, state: Array, move: Array, bend: Array, second: Array) -> Array:
    length = -np.sqrt(float(move @ move) / max(float(bend @ bend), 1e-300))
    if length > -1:
        return second
    candidate = state - 2 * length * move + length**2 * bend
    try:
        moved = steps(candidate)
        return moved if steps.fit(moved) <= steps.fit(second) else second
    except np.linalg.LinAlgError:
        return second


class _Step:
    """One EM step on (mean, vech Sigma) in the metric of the answered variables' deviations."""

    def __init__(self, group: GroupMoments, scale: Array) -> None:
        self.masks = group.masks
        self.fractions = group.weights / group.weights.sum()
        self.means = group.means / scale
        self.covariances = group.covariances / np.outer(scale, scale)
        self.p = len(scale)

    def __call__(self, state: Array) -> Array:
        mu, sigma = state[: self.p], unvech(state[self.p :])
        P, d = self._inverse(sigma), (self.means - mu) * self.masks
        slopes = sigma @ P
        answered = self.covariances + d[:, :, None] * d[:, None, :]
        completed = slopes @ answered @ np.swapaxes(slopes, 1, 2) + sigma - slopes @ sigma
        shift = np.einsum("k,kij,kj->i", self.fractions, slopes, d)
        second = np.einsum("k,kij->ij", self.fractions, completed)
        return np.concatenate([mu + shift, vech(second - np.outer(shift, shift))])

    def fit(self, state: Array) -> float:
        """Minus twice the log-likelihood a row, without constants."""
        mu, sigma = state[: self.p], unvech(state[self.p :])
        np.linalg.cholesky(sigma)
        P, d = self._inverse(sigma), (self.means - mu) * self.masks
        answered = self.covariances + d[:, :, None] * d[:, None, :]
        determinants = np.linalg.slogdet(self._padded(sigma))[1]
        return float(self.fractions @ (determinants + (P * answered).sum((1, 2))))

    def _padded(self, sigma: Array) -> Array:
        out: Array = sigma * self.masks[:, :, None] * self.masks[:, None, :]
        at = np.arange(self.p)
        out[:, at, at] += 1 - self.masks
        return out

    def _inverse(self, sigma: Array) -> Array:
        out: Array = np.linalg.inv(self._padded(sigma)) * self.masks[:, :, None] * self.masks[:, None, :]
        return out
