"""Structural equation models that agree with lavaan 0.6: syntax and data in, a Fit out."""

from __future__ import annotations

from pipeline.sem.data import Moments
from pipeline.sem.errors import DataError, ModelError, SyntaxProblem
from pipeline.sem.fitting import fit
from pipeline.sem.inference.comparison import Comparison, compare
from pipeline.sem.result import Fit
from pipeline.sem.syntax import parse

__all__ = [
    "Comparison",
    "DataError",
    "Fit",
    "ModelError",
    "Moments",
    "SyntaxProblem",
    "compare",
    "fit",
    "parse",
]
