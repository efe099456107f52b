"""The statistics behind robust CFI, TLI and RMSEA (Brosseau-Liard & Savalei, 2014; Savalei, 2018)."""

from __future__ import annotations

from pipeline.sem.inference.scaling import ScaledTest
from pipeline.sem.measures.collect import Corrected, Test


def corrected(model: Test, baseline: Test) -> Corrected | None:
    """Return unscaled statistics and their scaling factors; none without a scaled test that has one."""
    if model.scaled is None or baseline.scaled is None or model.scaled.name == "mean.var.adjusted":
        return None
    return Corrected(
        model.statistic,
        _factor(model.scaled),
        model.scaled.statistic,
        baseline.statistic,
        _factor(baseline.scaled),
    )


def _factor(test: ScaledTest) -> float:
    """Return the scaling factor; of a shifted test a (df - b) / df."""
    if test.name == "scaled.shifted" and test.df:
        return test.factor * (test.df - test.shift) / test.df
    return test.factor
