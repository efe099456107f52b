"""Item response models (2PL, graded response) and differential item functioning."""

from pipeline.psychometrics.irt.differential_functioning import DifferentialFunctioning, dif
from pipeline.psychometrics.irt.graded_response import GradedResponse, grm, two_parameter
from pipeline.psychometrics.irt.mantel_haenszel import MantelHaenszel, mantel_haenszel
from pipeline.psychometrics.irt.precision import empirical_reliability, marginal_reliability

__all__ = [
    "DifferentialFunctioning",
    "GradedResponse",
    "MantelHaenszel",
    "dif",
    "empirical_reliability",
    "grm",
    "mantel_haenszel",
    "marginal_reliability",
    "two_parameter",
]
