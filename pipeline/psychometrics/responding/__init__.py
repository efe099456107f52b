"""Careless answering: long runs, little or inconsistent variation, outlying and hasty answers."""

from pipeline.psychometrics.responding.consistency import Synonyms, even_odd, synonyms
from pipeline.psychometrics.responding.distance import mahalanobis
from pipeline.psychometrics.responding.runs import average_string, irv, longstring
from pipeline.psychometrics.responding.screening import Careless, CarelessRules, careless

__all__ = [
    "Careless",
    "CarelessRules",
    "Synonyms",
    "average_string",
    "careless",
    "even_odd",
    "irv",
    "longstring",
    "mahalanobis",
    "synonyms",
]
