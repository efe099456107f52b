"""Models and simulated data of the benchmarks."""

from __future__ import annotations

import numpy as np
import pandas as pd

MEDIATION = "F2 ~ a1*F1\nF3 ~ a2*F1 + d*F2\nF4 ~ b1*F2 + b2*F3 + c*F1\nind := a1*b1\nserial := a1*d*b2"


def measurement(factors: int, items: int) -> str:
    """Return the syntax of `factors` factors with `items` items each."""
    return "\n".join(
        f"F{f} =~ " + " + ".join(f"y{f}_{i}" for i in range(1, items + 1)) for f in range(1, factors + 1)
    )


def sample(factors: int, items: int, rows: int, seed: int = 1) -> pd.DataFrame:
    """Draw items with loadings of .6 to .9 on factors that correlate .4."""
    random = np.random.default_rng(seed)
    common = random.standard_normal((rows, 1)) * np.sqrt(0.4)
    scores = common + random.standard_normal((rows, factors)) * np.sqrt(0.6)
    loads = 0.6 + 0.1 * (np.arange(items) % 4)
    noise = random.standard_normal((rows, factors, items)) * np.sqrt(1 - loads**2)
    values = scores[:, :, None] * loads + noise
    names = [f"y{f}_{i}" for f in range(1, factors + 1) for i in range(1, items + 1)]
    return pd.DataFrame(values.reshape(rows, -1), columns=names)
