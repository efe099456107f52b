"""Structural equation models that agree with lavaan 0.6: syntax and data in, a Fit out."""

from __future__ import annotations

from pipeline.sem.bootstrap import BollenStine, Bootstrap, Interval, bollen_stine, monte_carlo
from pipeline.sem.data import Moments
from pipeline.sem.errors import DataError, ModelError, SyntaxProblem
from pipeline.sem.fitting import fit
from pipeline.sem.inference.comparison import Comparison, compare
from pipeline.sem.ordinal.streamed import ItemTables
from pipeline.sem.result import Fit
from pipeline.sem.syntax import parse
from pipeline.sem.twolevel.levelfit import LevelFit
from pipeline.sem.twolevel.result import TwoLevelFit

__all__ = [
    "BollenStine",
    "Bootstrap",
    "Comparison",
    "DataError",
    "Fit",
    "Interval",
    "ItemTables",
    "LevelFit",
    "ModelError",
    "Moments",
    "SyntaxProblem",
    "TwoLevelFit",
    "bollen_stine",
    "compare",
    "fit",
    "monte_carlo",
    "parse",
]
