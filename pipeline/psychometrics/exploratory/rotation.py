"""Rotation of factor loadings by gradient projection, and promax.

`efa` and `schmid_leiman` call it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory import criteria
from pipeline.psychometrics.exploratory.criteria import Criterion

Floats = NDArray[np.float64]
Rotation = Literal["none", "varimax", "quartimax", "promax", "oblimin", "geomin", "target"]

ENOUGH = 1e-8


@dataclass(frozen=True)
class Rotated:
    """Pattern loadings and factor correlations (None for uncorrelated factors)."""

    loadings: Floats
    phi: Floats | None
    criterion: float
    converged: bool


@dataclass(frozen=True)
class RotationOptions:
    """What a rotation may be told.

    `kaiser`: rows are brought to unit length first; None is as in R's psych: yes for varimax and promax,
    no for the others. `orthogonal`: only for target. `starts`: random starts beside the unrotated one; the
    lowest criterion is kept.
    """

    kaiser: bool | None = None
    gamma: float = 0.0
    delta: float = 0.01
    power: float = 4.0
    target: Floats | None = None
    orthogonal: bool = False
    starts: int = 0
    seed: int = 1


def rotate(loadings: Floats, rotation: Rotation, options: RotationOptions | None = None) -> Rotated:
    """Rotate loadings (Jennrich, 2001, orthogonal; 2002, oblique)."""
    options = options or RotationOptions()
    if rotation not in get_args(Rotation):
        raise PsychometricsError(
            f"no rotation is called '{rotation}': choose from {', '.join(get_args(Rotation))}"
        )
    if rotation == "none" or loadings.shape[1] == 1:
        return Rotated(loadings, None, 0.0, converged=True)
    kaiser = rotation in ("varimax", "promax") if options.kaiser is None else options.kaiser
    lengths = np.sqrt(np.sum(loadings**2, axis=1, keepdims=True)) if kaiser else np.ones((len(loadings), 1))
    if lengths.min() <= 0:
        raise PsychometricsError("an item has no loading on any factor: leave it out")
    unit = loadings / lengths
    found = _promax(unit, options) if rotation == "promax" else _lowest(unit, rotation, options)
    return Rotated(found.loadings * lengths, found.phi, found.criterion, found.converged)


def _criterion(
    rotation: Rotation, options: RotationOptions, shape: tuple[int, ...]
) -> tuple[Criterion, bool]:
    """The criterion and whether factors stay uncorrelated."""
    if rotation == "varimax":
        return criteria.varimax, True
    if rotation == "quartimax":
        return criteria.quartimax, True
    if rotation == "oblimin":
        return criteria.oblimin(options.gamma), False
    if rotation == "geomin":
        return criteria.geomin(options.delta), False
    if options.target is None or options.target.shape != shape:
        raise PsychometricsError(
            f"a target rotation needs a target of {shape[0]} items by {shape[1]} factors"
        )
    return criteria.target(options.target), options.orthogonal


def _lowest(unit: Floats, rotation: Rotation, options: RotationOptions) -> Rotated:
    criterion, orthogonal = _criterion(rotation, options, unit.shape)
    project = _orthogonal if orthogonal else _oblique
    rng = np.random.default_rng(options.seed)
    size = unit.shape[1]
    first = _towards(unit, options.target) if rotation == "target" else np.eye(size)
    turns = [first] + [np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in range(options.starts)]
    found = [project(unit, criterion, turn) for turn in turns]
    best = min(each.criterion for each in found)
    return next(each for each in found if each.criterion <= best + 1e-9)


def _towards(unit: Floats, wanted: Floats | None) -> Floats:
    """The orthogonal rotation closest to a target, its free cells taken as zero (Schonemann, 1966)."""
    if wanted is None:
        return np.eye(unit.shape[1])
    left, _, right = np.linalg.svd(unit.T @ np.nan_to_num(wanted))
    return np.asarray(left @ right)


def _orthogonal(unit: Floats, criterion: Criterion, turn: Floats, most: int = 5000) -> Rotated:
    value, slope = criterion(unit @ turn)
    step, small = 1.0, False
    for _ in range(most):
        gradient = unit.T @ slope
        inner = turn.T @ gradient
        direction = gradient - turn @ (inner + inner.T) / 2
        size = float(np.sum(direction**2))
        small = size < ENOUGH**2
        if small:
            break
        step *= 2
        for _ in range(30):
            left, _, right = np.linalg.svd(turn - step * direction)
            tried = left @ right
            new, new_slope = criterion(unit @ tried)
            if new <= value - 0.5 * size * step:
                break
            step /= 2
        else:
            break
        turn, value, slope = tried, new, new_slope
    return Rotated(unit @ turn, None, value, small or size < 1e-12)


def _oblique(unit: Floats, criterion: Criterion, turn: Floats, most: int = 5000) -> Rotated:
    inverse = np.linalg.inv(turn)
    pattern = unit @ inverse.T
    value, slope = criterion(pattern)
    step, small = 1.0, False
    for _ in range(most):
        gradient = -(pattern.T @ slope @ inverse).T
        direction = gradient - turn * np.sum(turn * gradient, axis=0)
        size = float(np.sum(direction**2))
        small = size < ENOUGH**2
        if small:
            break
        step *= 2
        for _ in range(30):
            tried = turn - step * direction
            tried = tried / np.sqrt(np.sum(tried**2, axis=0))
            inverse = np.linalg.inv(tried)
            new, new_slope = criterion(unit @ inverse.T)
            if new <= value - 0.5 * size * step:
                break
            step /= 2
        else:
            break
        turn, value, slope, pattern = tried, new, new_slope, unit @ inverse.T
    return Rotated(pattern, turn.T @ turn, value, small or size < 1e-12)


def _promax(unit: Floats, options: RotationOptions) -> Rotated:
    """Varimax loadings raised to a power are the target of an oblique one (Hendrickson & White, 1964)."""
    start = _lowest(unit, "varimax", options)
    aim = start.loadings * np.abs(start.loadings) ** (options.power - 1)
    turn = np.linalg.lstsq(start.loadings, aim, rcond=None)[0]
    turn = turn * np.sqrt(np.diag(np.linalg.inv(turn.T @ turn)))
    inverse = np.linalg.inv(turn)
    return Rotated(start.loadings @ turn, inverse @ inverse.T, start.criterion, start.converged)
