"""Convergent and discriminant validity, and the weak test of a common method."""

from pipeline.psychometrics.validity.discriminant import Discriminant, discriminant
from pipeline.psychometrics.validity.extracted import Convergent, ave
from pipeline.psychometrics.validity.fornell_larcker import FornellLarcker, fornell_larcker
from pipeline.psychometrics.validity.harman import Harman, harman
from pipeline.psychometrics.validity.heterotrait import Heterotrait, htmt
from pipeline.psychometrics.validity.method_factor import MethodFactor, marker_variable, method_factor

__all__ = [
    "Convergent",
    "Discriminant",
    "FornellLarcker",
    "Harman",
    "Heterotrait",
    "MethodFactor",
    "ave",
    "discriminant",
    "fornell_larcker",
    "harman",
    "htmt",
    "marker_variable",
    "method_factor",
]
