"""Convergent and discriminant validity, and the weak test of a common method."""

from pipeline.psychometrics.validity.extracted import Convergent, ave
from pipeline.psychometrics.validity.fornell_larcker import FornellLarcker, fornell_larcker
from pipeline.psychometrics.validity.harman import Harman, harman
from pipeline.psychometrics.validity.heterotrait import Heterotrait, htmt

__all__ = [
    "Convergent",
    "FornellLarcker",
    "Harman",
    "Heterotrait",
    "ave",
    "fornell_larcker",
    "harman",
    "htmt",
]
