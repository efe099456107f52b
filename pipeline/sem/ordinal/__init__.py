"""Likert items as what they are: normal response variates cut at thresholds, seen through tables of pairs.

`sem.fit(..., ordered=...)` estimates models with them by weighted least squares (Muthen, 1984); what it needs
of the data (thresholds, polychoric and polyserial correlations, their sampling covariance) is made here.
"""

from __future__ import annotations

from pipeline.sem.ordinal.bivariate import bivariate_cdf
from pipeline.sem.ordinal.correlations import Correlations, correlations
from pipeline.sem.ordinal.invariance import invariance_syntax
from pipeline.sem.ordinal.tables import Tables

__all__ = ["Correlations", "Tables", "bivariate_cdf", "correlations", "invariance_syntax"]
