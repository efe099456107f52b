"""Missing answers: their patterns, moments by EM, Little's test."""

from pipeline.psychometrics.missingness.little import LittleTest, little_mcar
from pipeline.psychometrics.missingness.patterns import MissingPatterns, missing_patterns

__all__ = ["LittleTest", "MissingPatterns", "little_mcar", "missing_patterns"]
