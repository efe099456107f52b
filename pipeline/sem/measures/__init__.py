"""Fit measures under lavaan's names; one statistic a module, numbers in, numbers out."""

from __future__ import annotations
