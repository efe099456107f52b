"""Fit measures of a factor model, as the reports show them.

`factor` calls it with what `sem` measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Read = Literal["robust", "scaled", "plain"]
"""Which column of tests and indices: the scaled test with robust indices, all scaled, or all uncorrected."""


@dataclass(frozen=True)
class FitMeasures:
    """Chi-square and the indices made from it; RMSEA with its 90 % interval; `scaling` divided chi-square."""

    chisq: float
    df: int
    pvalue: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    srmr: float
    scaling: float


def robust_measures(measures: Mapping[str, float]) -> FitMeasures:
    """The scaled chi-square (Yuan & Bentler, 2000) with robust CFI, TLI and RMSEA.

    Robust indices are those of Brosseau-Liard & Savalei (2014), with missing answers of Zhang & Savalei
    (2023) and with ordered items of Savalei (2021), as lavaan computes them.
    """
    return _measures(measures, ".scaled", ".robust", measures["chisq.scaling.factor"])


def scaled_measures(measures: Mapping[str, float]) -> FitMeasures:
    """The scaled chi-square, and indices made from it as from any other chi-square."""
    return _measures(measures, ".scaled", ".scaled", measures["chisq.scaling.factor"])


def plain_measures(measures: Mapping[str, float]) -> FitMeasures:
    """The same without correction: right under multivariate normality, rows independent (MLR)."""
    return _measures(measures, "", "", 1.0)


def _measures(measures: Mapping[str, float], test: str, index: str, scaling: float) -> FitMeasures:
    """SRMR is Bentler's, of variances and covariances: means add nothing to a saturated mean structure."""
    return FitMeasures(
        chisq=measures[f"chisq{test}"],
        df=int(measures["df"]),
        pvalue=measures[f"pvalue{test}"],
        cfi=measures[f"cfi{index}"],
        tli=measures[f"tli{index}"],
        rmsea=measures[f"rmsea{index}"],
        rmsea_lower=measures[f"rmsea.ci.lower{index}"],
        rmsea_upper=measures[f"rmsea.ci.upper{index}"],
        srmr=measures["srmr_bentler_nomean"],
        scaling=scaling,
    )
