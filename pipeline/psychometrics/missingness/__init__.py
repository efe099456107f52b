"""Missing answers: their patterns, moments by EM, Little's test, who drops out."""

from pipeline.psychometrics.missingness.dropout import Dropout, dropout_model
from pipeline.psychometrics.missingness.little import LittleTest, little_mcar
from pipeline.psychometrics.missingness.patterns import MissingPatterns, missing_patterns

__all__ = ["Dropout", "LittleTest", "MissingPatterns", "dropout_model", "little_mcar", "missing_patterns"]
