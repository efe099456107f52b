"""The bivariate normal distribution, vectorised: every probability of a table of two items comes from here.

Plackett (1954): dPhi2(h, k; r) / dr = phi2(h, k; r). So Phi2 = Phi(h) Phi(k) + the integral of phi2 from 0
to r, taken by Gauss-Legendre after r = sin(t) (Drezner & Wesolowsky, 1990). Near |r| = 1 the integrand is
singular; there Genz (2004) integrates from r to the sign of r with the singular part taken out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from pipeline.sem.arrays import Array

FAR = 38.0
_NEAR_ONE = 0.925
_EDGES = ((0.0, 0.15, 5), (0.15, 0.3, 6), (0.3, 0.5, 8), (0.5, 0.75, 12), (0.75, _NEAR_ONE, 20))


def bivariate_cdf(h: Array, k: Array, r: Array) -> Array:
    """Return P(X < h, Y < k) for standard normal X and Y with correlation r; arguments broadcast."""
    h, k, r = np.broadcast_arrays(h, k, r)
    h, k = np.clip(h, -FAR, FAR), np.clip(k, -FAR, FAR)
    size = np.abs(r)
    out = np.empty(h.shape)
    for low, high, nodes in _EDGES:
        at = (size >= low) & (size < high)
        if at.any():
            out[at] = _by_arcsine(h[at], k[at], r[at], nodes)
    at = size >= _NEAR_ONE
    if at.any():
        out[at] = _near_one(h[at], k[at], r[at])
    return out


def cdf_on_grids(h: Array, k: Array, r: Array) -> Array:
    """Return the same for grids, pairs last: rows of h (a x pairs), columns k (b x pairs) and one r a pair.

    What depends on r alone is computed once a pair, and long inner loops make this several times faster.
    """
    h, k = np.clip(h, -FAR, FAR), np.clip(k, -FAR, FAR)
    size, out = np.abs(r), ndtr(h)[:, None] * ndtr(k)[None]
    for low, high, nodes in _EDGES:
        at = np.flatnonzero((size >= low) & (size < high))
        if len(at):
            out[:, :, at] += _above_independence(h[:, at], k[:, at], r[at], nodes)
    at = np.flatnonzero(size >= _NEAR_ONE)
    if len(at):
        out[:, :, at] = bivariate_cdf(h[:, None, at], k[None, :, at], r[at])
    return out


def _above_independence(h: Array, k: Array, r: Array, count: int) -> Array:
    angle = np.arcsin(r)
    half = (h * h)[:, None] / 2 + (k * k)[None] / 2
    product, total = h[:, None] * k[None], np.zeros(half.shape)
    part, away = np.empty(half.shape), np.empty(half.shape)
    for node, weight in zip(*_nodes(count), strict=True):
        sine = np.sin(angle * node)
        rest = 1 / (1 - sine * sine)
        np.multiply(product, sine * rest, out=part)
        np.multiply(half, rest, out=away)
        part -= away
        np.exp(part, out=part)
        part *= weight
        total += part
    total *= angle / (2 * np.pi)
    return total


def bivariate_density(h: Array, k: Array, r: Array) -> Array:
    """Return phi2(h, k; r), zero at infinite limits."""
    h, k = np.clip(h, -FAR, FAR), np.clip(k, -FAR, FAR)
    rest = 1 - r * r
    out: Array = np.exp(-(h * h - 2 * r * h * k + k * k) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    return out


def density(x: Array) -> Array:
    """Return phi(x)."""
    out: Array = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return out


@lru_cache(maxsize=8)
def _nodes(count: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2, w / 2


def _by_arcsine(h: Array, k: Array, r: Array, count: int) -> Array:
    """Phi(h) Phi(k) + 1/2pi int_0^asin(r) exp{ (hk sin t - (h^2 + k^2)/2) / cos^2 t } dt."""
    angle, half, product = np.arcsin(r), (h * h + k * k) / 2, h * k
    total = np.zeros(h.shape)
    for node, weight in zip(*_nodes(count), strict=True):
        sine = np.sin(angle * node)
        total += weight * np.exp((product * sine - half) / (1 - sine * sine))
    out: Array = ndtr(h) * ndtr(k) + angle * total / (2 * np.pi)
    return out


def _near_one(h: Array, k: Array, r: Array) -> Array:
    """Genz's BVND for |r| >= .925, with its upper-tail arguments -h, -k."""
    negative = r < 0
    x, y = -h, np.where(negative, k, -k)
    product = x * y
    a2 = (1 - r) * (1 + r)
    tail = np.where(a2 > 0, _correction(x, y, product, np.maximum(a2, 1e-300)), 0.0)
    above = tail + ndtr(-np.maximum(x, y))
    below = -tail + np.where(y > x, _strip(x, y), 0.0)
    return np.clip(np.where(negative, below, above), 0.0, 1.0)


def _strip(x: Array, y: Array) -> Array:
    """Phi(y) - Phi(x), from the tail where it keeps its digits."""
    return np.where(x < 0, ndtr(y) - ndtr(x), ndtr(-x) - ndtr(-y))


def _correction(x: Array, y: Array, product: Array, a2: Array) -> Array:
    """Minus the integral from |r| to 1: its expansion in sqrt(1 - r^2) and a 20-point remainder."""
    a, b2 = np.sqrt(a2), (x - y) ** 2
    c, d = (4 - product) / 8, (12 - product) / 16
    exponent = -(b2 / a2 + product) / 2
    out = np.where(
        exponent > -100,
        a * np.exp(exponent) * (1 - c * (b2 - a2) * (1 - d * b2 / 5) / 3 + c * d * a2 * a2 / 5), 0.0,
    )  # fmt: skip
    b = np.sqrt(b2)
    with np.errstate(over="ignore", invalid="ignore"):
        first = np.exp(-product / 2) * np.sqrt(2 * np.pi) * ndtr(-b / a) * b
        first = first * (1 - c * b2 * (1 - d * b2 / 5) / 3)
    out = out - np.where(product > -100, first, 0.0)
    return -(out + _remainder(a, b2, product, c, d)) / (2 * np.pi)


def _remainder(a: Array, b2: Array, product: Array, c: Array, d: Array) -> Array:
    out = np.zeros(a.shape)
    for node, weight in zip(*_nodes(20), strict=True):
        square = (a * node) ** 2
        root = np.sqrt(1 - square)
        exponent = -(b2 / square + product) / 2
        exact = np.exp(-product * square / (2 * (1 + root) ** 2)) / root
        series = 1 + c * square * (1 + d * square)
        with np.errstate(over="ignore", invalid="ignore"):
            part = a * weight * np.exp(exponent) * (exact - series)
        out += np.where(exponent > -100, part, 0.0)
    return out
