"""Cases of the benchmarks on the validation of scales: parallel analysis and the ladder of invariance.

`run.py` calls it. The ladder is timed with the fit of each step and the difference tests, as both programs print
them; parallel analysis beside R's psych, which fits its factor model to one replicate after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import referee
from timing import Line, median

from pipeline.psychometrics import invariance, parallel_analysis

DATA = Path(__file__).parents[1] / "reference" / "data"
HOLZINGER = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
STEPS = ("configural", "metric", "scalar", "strict")
REPLICATES, TIMED = 1000, 20


def agreed_cases() -> list[Callable[[], Line]]:
    """Return the cases, each a function that times both programs."""
    return [lambda: ladder("ML"), lambda: ladder("MLR"), parallel]


def ladder(estimator: str) -> Line:
    """Time configural, metric, scalar and strict invariance over two schools, with fit and difference tests."""
    data = pd.read_csv(DATA / "HolzingerSwineford1939.csv")

    def whole() -> None:
        found = invariance(HOLZINGER, data, "school", estimator, search=False, steps=STEPS)
        assert len(found.steps) == len(STEPS)

    ours = median(whole, 9)
    lavaan = referee.ladder_seconds(HOLZINGER, data, "school", estimator)
    return Line(f"Holzinger, invariance over schools, 4 steps: {estimator}", ours, lavaan)


def parallel() -> Line:
    """Time parallel analysis of 25 items, components and factors."""
    data = pd.read_csv(DATA / "bfi25_complete.csv")
    ours = median(lambda: parallel_analysis(data, REPLICATES), 3)
    psych = referee.parallel_seconds(data, TIMED)
    scaled = None if psych is None else psych * REPLICATES / TIMED
    note = f"beside psych's fa.parallel, which also resamples answers; scaled from {TIMED} replicates"
    return Line(f"25 bfi items, N 2,436: parallel analysis, {REPLICATES:,} replicates", ours, scaled, note)
