"""Intervals of a path and of an indirect effect cover as often as they say, over simulated samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline import sem

SAMPLES, ROWS = 1000, 200
MODEL = "m ~ a*x\ny ~ b*m + x\nab := a*b"
TRUTH = {"a": 0.4, "b": 0.3, "ab": 0.12}


def sample(seed):
    random = np.random.default_rng(seed)
    x = random.standard_normal(ROWS)
    m = 0.4 * x + random.standard_normal(ROWS)
    y = 0.3 * m + 0.2 * x + random.standard_normal(ROWS)
    return pd.DataFrame({"x": x, "m": m, "y": y})


@pytest.mark.slow
def test_coverage_of_bootstrap_intervals():
    covered = dict.fromkeys(TRUTH, 0)
    for seed in range(SAMPLES):
        boot = sem.fit(MODEL, sample(seed)).bootstrap(draws=1000, seed=seed)
        for name, truth in TRUTH.items():
            interval = boot.interval(name)
            covered[name] += interval.lower < truth < interval.upper
    assert all(0.93 <= count / SAMPLES <= 0.97 for count in covered.values()), covered
