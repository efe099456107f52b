"""Item response models (2PL, graded response) and differential item functioning."""

from pipeline.psychometrics.irt.differential_functioning import DifferentialFunctioning, dif
from pipeline.psychometrics.irt.graded_response import GradedResponse, grm, two_parameter
from pipeline.psychometrics.irt.mantel_haenszel import MantelHaenszel, mantel_haenszel

__all__ = [
    "DifferentialFunctioning",
    "GradedResponse",
    "MantelHaenszel",
    "dif",
    "grm",
    "mantel_haenszel",
    "two_parameter",
]
