"""Estimators: discrepancy functions over moments, start values, the optimiser and its checks."""

from __future__ import annotations
