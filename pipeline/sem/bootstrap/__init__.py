"""Bootstrap of a fitted model: resampling by counts, all resamples advancing together.

`Fit.bootstrap` calls `bootstrap`; `sem.monte_carlo` and `sem.bollen_stine` are public.
"""

from __future__ import annotations

from pipeline.sem.bootstrap.bollen_stine import BollenStine, bollen_stine
from pipeline.sem.bootstrap.intervals import Interval
from pipeline.sem.bootstrap.monte_carlo import monte_carlo
from pipeline.sem.bootstrap.result import Bootstrap
from pipeline.sem.bootstrap.run import bootstrap

__all__ = ["BollenStine", "Bootstrap", "Interval", "bollen_stine", "bootstrap", "monte_carlo"]
