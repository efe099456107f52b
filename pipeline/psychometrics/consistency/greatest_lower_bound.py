"""The greatest lower bound of reliability.

The validate stage prints it with its warning: it is too high in small samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.psychometrics.consistency.scale_covariance import Floats, scale_covariance
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.extraction import extract
from pipeline.psychometrics.exploratory.scree import eigenvalues, reduced
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd

PRECISE = 1e-8
GlbMethod = Literal["trace", "factors"]


@dataclass(frozen=True)
class GreatestLowerBound:
    """The bound; `frame`: error, the share of each item's variance that can be error."""

    est: float
    method: GlbMethod
    k: int
    n: int
    frame: pd.DataFrame


def glb(
    items: pd.DataFrame,
    method: GlbMethod = "trace",
    *,
    standardized: bool = False,
    missing: Missing = "complete",
) -> GreatestLowerBound:
    """1 - sum of error variances / V, the errors as large as the covariances allow.

    trace: the definition (Jackson & Agunwamba, 1977; Woodhouse & Jackson, 1977): errors are not negative, the
    rest stays a covariance matrix; found by an interior point method to 1e-8 of the trace. factors:
    uniquenesses of as many minres factors as the one-factor solution has positive eigenvalues, of the
    correlations, as R's psych::glb.fa; nothing keeps it from exceeding the definition. Below 1,000 rows the
    bound is biased upwards (ten Berge & Socan, 2004).
    """
    import pandas as pd

    if method not in ("trace", "factors"):
        raise PsychometricsError(f"method is 'trace' or 'factors', not '{method}'")
    found = scale_covariance(items, missing, standardized=standardized or method == "factors")
    errors = _largest_errors(found.values) if method == "trace" else _uniquenesses(found.values)
    share = errors / np.diag(found.values)
    return GreatestLowerBound(
        float(1 - errors.sum() / found.values.sum()),
        method,
        len(share),
        found.n,
        pd.DataFrame({"error": share}, index=list(found.names)),
    )


def _largest_errors(cov: Floats) -> Floats:
    """Maximise the sum of errors, errors >= 0 and cov - errors positive semidefinite, along the log barrier.

    Damped Newton steps of 1 / (1 + decrement) stay inside (Nesterov & Nemirovskii, 1994); the sum is within
    2 k weight of its maximum.
    """
    k, size = len(cov), float(np.trace(cov))
    scaled = cov / size
    errors = np.full(k, 0.5 * float(np.linalg.eigvalsh(scaled)[0]))
    weight = 0.1
    while 2 * k * weight > PRECISE:
        for _ in range(100):
            inverse = np.linalg.inv(scaled - np.diag(errors))
            slope = 1 / weight - np.diag(inverse) + 1 / errors
            step = np.linalg.solve(inverse**2 + np.diag(1 / errors**2), slope)
            decrement = float(np.sqrt(max(float(step @ slope), 0.0)))
            errors = errors + step / (1 + decrement if decrement > 0.25 else 1)
            if decrement < 1e-3:
                break
        weight *= 0.2
    return np.asarray(errors * size)


def _uniquenesses(correlations: Floats) -> Floats:
    """Uniquenesses of as many factors as can be told apart."""
    k = len(correlations)
    first = extract(correlations, 1).uniquenesses
    count = int((eigenvalues(reduced(correlations, 1 - first)) > 0).sum())
    while count > 1 and k * (k - 1) // 2 - k * count + count * (count - 1) // 2 < 0:
        count -= 1
    return extract(correlations, count).uniquenesses
