"""Whether scores of persons may be averaged over groups: agreement, its nulls, design effect, WABA."""

from pipeline.psychometrics.aggregation.a_wg import a_wg
from pipeline.psychometrics.aggregation.average_deviation import ad_m
from pipeline.psychometrics.aggregation.design_effect import DesignEffect, design_effect
from pipeline.psychometrics.aggregation.evidence import AggregationEvidence, aggregation_evidence
from pipeline.psychometrics.aggregation.groups import GroupAgreement
from pipeline.psychometrics.aggregation.intraclass_interval import IntraclassInterval, intraclass_interval
from pipeline.psychometrics.aggregation.null_distribution import NullDistribution, null_ad_m, null_rwg_j
from pipeline.psychometrics.aggregation.nulls import null_variance, skewed_null, uniform_null
from pipeline.psychometrics.aggregation.rwg import r_star_wg_j, rwg, rwg_j
from pipeline.psychometrics.aggregation.waba import WithinBetween, waba

__all__ = [
    "AggregationEvidence",
    "DesignEffect",
    "GroupAgreement",
    "IntraclassInterval",
    "NullDistribution",
    "WithinBetween",
    "a_wg",
    "ad_m",
    "aggregation_evidence",
    "design_effect",
    "intraclass_interval",
    "null_ad_m",
    "null_rwg_j",
    "null_variance",
    "r_star_wg_j",
    "rwg",
    "rwg_j",
    "skewed_null",
    "uniform_null",
    "waba",
]
