"""Cluster bootstrap of two-level models: whole clusters (or units above them) are drawn, by counts.

`TwoLevelFit.bootstrap` calls `bootstrap`; the result is the Bootstrap of single-level fits.
"""

from __future__ import annotations

from pipeline.sem.twolevel.bootstrap.run import bootstrap

__all__ = ["bootstrap"]
