"""From a data frame to the numbers that estimators see: moments, and rows for those that need them."""

from __future__ import annotations

from pipeline.sem.data.moments import GroupMoments, Moments
from pipeline.sem.data.rows import GroupRows, Rows

__all__ = ["GroupMoments", "GroupRows", "Moments", "Rows"]
