"""How often tests of mediation between staff find it where there is none, and where there is some.

`stages/calibrate` runs it.
"""

from pipeline.mediation.calibration.analysis import (
    BOOTSTRAP,
    BY_STAFF,
    CLIENTS_FLAT,
    CONFIDENCE,
    DELTA,
    DRAWS,
    INTERVALS,
    JOINT,
    METHODS,
    MONTE_CARLO,
    RESAMPLES,
    SLOPE,
    STAFF_MEANS,
    TWO_LEVEL,
    Rates,
    Replication,
    analyse,
    monte_carlo_error,
    rates,
)
from pipeline.mediation.calibration.design import Trial

__all__ = [
    "BOOTSTRAP",
    "BY_STAFF",
    "CLIENTS_FLAT",
    "CONFIDENCE",
    "DELTA",
    "DRAWS",
    "INTERVALS",
    "JOINT",
    "METHODS",
    "MONTE_CARLO",
    "RESAMPLES",
    "SLOPE",
    "STAFF_MEANS",
    "TWO_LEVEL",
    "Rates",
    "Replication",
    "Trial",
    "analyse",
    "monte_carlo_error",
    "rates",
]
