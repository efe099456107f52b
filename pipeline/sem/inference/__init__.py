"""Errors, tests and derived values of a solution."""

from __future__ import annotations
