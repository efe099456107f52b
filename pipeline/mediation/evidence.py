"""What stands beside an effect: delta error, Monte Carlo and bootstrap intervals, joint significance.

`effects` and `comparisons` ask it for every row that they lay out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.montecarlo import percentile_interval
from pipeline.mediation.quantities import Effect
from pipeline.mediation.resamples import Combine, Resamples

INTERVAL = ["ci_lower", "ci_upper", "pvalue", "pvalue_is_bound", "interval"]
BOOTSTRAP = ["boot_se", "boot_lower", "boot_upper", "bc_lower", "bc_upper"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fitted model with Monte Carlo draws of its slopes and, where there are any, bootstrap draws."""

    model: PathModel
    drawn: Mapping[Slope, Floats]
    resamples: Resamples | None
    confidence: float

    @cached_property
    def slopes(self) -> dict[Slope, dict[str, Any]]:
        """Rows of the model by slope."""
        return self.model.slopes()

    @cached_property
    def estimates(self) -> dict[Slope, float]:
        """Estimates by slope."""
        return {slope: float(row["est"]) for slope, row in self.slopes.items()}

    @property
    def columns(self) -> list[str]:
        """Columns of `intervals`."""
        return INTERVAL + (BOOTSTRAP if self.resamples is not None else [])

    def intervals(self, combine: Combine) -> dict[str, Any]:
        """Monte Carlo interval with its p, and bootstrap intervals: percentile and bias-corrected."""
        found = percentile_interval(combine(self.drawn), self.confidence)
        told = {
            "ci_lower": found.lower,
            "ci_upper": found.upper,
            "pvalue": found.pvalue,
            "pvalue_is_bound": found.is_bound,
            "interval": "monte carlo",
        }
        return told | self.bootstrapped(combine)

    def bootstrapped(self, combine: Combine) -> dict[str, Any]:
        """The bootstrap's part of `intervals`; nothing without resamples."""
        if self.resamples is None:
            return {}
        lower, upper = self.resamples.interval(combine, "percentile", self.confidence)
        bc_lower, bc_upper = self.resamples.interval(combine, "bc", self.confidence)
        se = self.resamples.se(combine) if np.isfinite(lower) else float("nan")
        values = dict(zip(BOOTSTRAP, (se, lower, upper, bc_lower, bc_upper), strict=True))
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    def single(self, slope: Slope) -> dict[str, Any]:
        """The slope's own interval and p, with bootstrap intervals."""
        row = self.slopes[slope]
        own = {name: row[name] for name in ("ci_lower", "ci_upper", "pvalue")}
        told = own | {"pvalue_is_bound": False, "interval": "wald"}
        return told | self.bootstrapped(lambda values: values[slope])

    def joint(self, effect: Effect) -> float:
        """Largest p of the slopes along a route.

        All slopes are significant together where it is below alpha: the test of joint significance
        (MacKinnon et al., 2002; Yzerbyt et al., 2018).
        """
        return max(float(self.slopes[slope]["pvalue"]) for slope in effect.products[0][1])

    def delta(self, effect: Effect) -> float:
        """Delta-method standard error (Sobel, 1982), jointly or equation by equation."""
        gradient = effect.gradient(self.estimates)
        joint = self.model.joint
        if joint is not None:
            asked = [slope for slope in gradient if slope in joint.index]
            whole = np.array([gradient[slope] for slope in asked])
            return float(np.sqrt(whole @ joint.loc[asked, asked].to_numpy(float) @ whole))
        variance = 0.0
        for outcome, equation in self.model.equations.items():
            weights = np.array([gradient.get((name, outcome, level), 0.0) for name, level in equation.slopes])
            variance += float(weights @ equation.cov @ weights)
        return float(np.sqrt(variance))
