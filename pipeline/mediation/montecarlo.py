"""Draws of the slopes from their sampling distribution, and intervals from draws.

`effects` uses it for every product of slopes. Numbers in, numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import PathModel, Slope


@dataclass(frozen=True)
class Interval:
    """Percentile interval and the p-value that belongs to it.

    p is twice the smaller share of draws on either side of zero; with no draw beyond zero all that can be
    said is p < 1/draws, and `is_bound` is True.
    """

    lower: float
    upper: float
    pvalue: float
    is_bound: bool


def draw_slopes(model: PathModel, draws: int, seed: int) -> dict[Slope, NDArray[np.float64]]:
    """Draws of every slope, by (predictor, outcome, level).

    Normal around the estimates with the joint covariance, where one model holds all equations, and otherwise
    with each equation's own; equations are then independent, as their errors are in a recursive model with
    complete rows. Each equation has its own stream (PCG64, seeded by `seed` and the outcome's
    name), so that its draws do not depend on which routes or other equations are asked for.
    """
    drawn: dict[Slope, NDArray[np.float64]] = {}
    for outcome, equation in model.equations.items():
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *outcome.encode()])))
        noise = stream.standard_normal((draws, len(equation.slopes)))
        if model.joint is None:
            noise = noise @ _root(equation.cov)
        for index, (predictor, level) in enumerate(equation.slopes):
            drawn[predictor, outcome, level] = noise[:, index]
    slopes = list(drawn)
    if model.joint is not None:
        mixed = np.column_stack(list(drawn.values())) @ _root(model.joint.loc[slopes, slopes].to_numpy(float))
        drawn = dict(zip(slopes, mixed.T, strict=True))
    centre = {
        (predictor, outcome, level): value
        for outcome, equation in model.equations.items()
        for (predictor, level), value in zip(equation.slopes, equation.estimates, strict=True)
    }
    return {slope: values + centre[slope] for slope, values in drawn.items()}


def _root(cov: Floats) -> Floats:
    """The symmetric root of the correlations, times the errors: no order and no units of slopes matter."""
    errors = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(errors, errors))
    root: Floats = vectors @ np.diag(np.sqrt(np.maximum(values, 0.0))) @ vectors.T * errors
    return root


def percentile_interval(sample: Floats, confidence: float) -> Interval:
    """Percentile interval by quantiles of type 7 (Hyndman & Fan, 1996; MacKinnon et al., 2004)."""
    lower, upper = np.quantile(sample, [(1 - confidence) / 2, (1 + confidence) / 2], method="linear")
    pvalue = min(1.0, 2 * float(min(np.mean(sample <= 0), np.mean(sample >= 0))))
    floor = 1 / len(sample)
    return Interval(float(lower), float(upper), max(pvalue, floor), pvalue < floor)


def density(sample: Floats, points: int = 101) -> dict[str, list[Any]]:
    """Kernel density of draws over their central 99.8 %, for a figure."""
    from scipy.stats import gaussian_kde

    low, high = np.quantile(sample, [0.001, 0.999])
    x = np.linspace(low, high, points)
    return {"x": x.tolist(), "y": gaussian_kde(sample)(x).tolist()}
