"""Psychometrics of scales: scoring, reliability, items, factor model, agreement, correlations.

`stages/score` and `stages/validate` call it. It knows frames of answers, never a study, a file or a report.
"""

from pipeline.psychometrics.agreement import Intraclass, icc1, icc2, intraclass
from pipeline.psychometrics.correlations import (
    Correlations,
    correlate,
    correlate_within,
)
from pipeline.psychometrics.descriptives import Descriptives, describe
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.factor import FactorModel, confirmatory, one_factor
from pipeline.psychometrics.fit import FitMeasures
from pipeline.psychometrics.items import ItemStatistics, item_statistics
from pipeline.psychometrics.misfit import Misfit
from pipeline.psychometrics.reliability import Reliability, reliability
from pipeline.psychometrics.second_opinion import SecondOpinion, second_opinion

__all__ = [
    "Correlations",
    "Descriptives",
    "FactorModel",
    "FitMeasures",
    "Intraclass",
    "ItemStatistics",
    "Misfit",
    "PsychometricsError",
    "Reliability",
    "SecondOpinion",
    "confirmatory",
    "correlate",
    "correlate_within",
    "describe",
    "icc1",
    "icc2",
    "intraclass",
    "item_statistics",
    "one_factor",
    "reliability",
    "second_opinion",
]
