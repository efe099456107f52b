"""Everything that speaks for or against averaging a scale over groups, and a sentence about it.

The validate stage calls it for each scale that is averaged over a higher level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.psychometrics.aggregation.a_wg import a_wg
from pipeline.psychometrics.aggregation.average_deviation import ad_m
from pipeline.psychometrics.aggregation.intraclass_interval import IntraclassInterval, intraclass_interval
from pipeline.psychometrics.aggregation.nulls import skewed_null, uniform_null
from pipeline.psychometrics.aggregation.rwg import rwg_j
from pipeline.psychometrics.agreement import Intraclass, intraclass

if TYPE_CHECKING:
    import pandas as pd

AGREED = 0.70
RELIABLE = 0.70
DIFFERENT = 0.05


@dataclass(frozen=True)
class AggregationEvidence:
    """`frame`: index, value, bound, reached; one row an index. `sentence` says what they come to.

    Bounds: F test at .05, ICC(2) .70, mean rwg(j) .70 under the uniform null (and, with five answers, under a
    slight skew, for information), mean a_wg .70, mean AD_M at most the answers / 6 (LeBreton & Senter, 2008;
    Brown & Hauenstein, 2005; Burke & Dunlap, 2002). `defensible`: groups differ (F) and agree (rwg(j) under
    the uniform null or AD_M); ICC(2) only speaks of how reliable the averages are.
    """

    intraclass: Intraclass
    interval: IntraclassInterval
    frame: pd.DataFrame
    defensible: bool
    sentence: str


def aggregation_evidence(
    items: pd.DataFrame, clusters: pd.Series, bounds: tuple[int, int], scores: pd.Series | None = None
) -> AggregationEvidence:
    """Agreement and differences of groups on a scale, `bounds` the ends of its response set (Bliese, 2000).

    ICCs are of the `scores` that are to be averaged; without any, of the mean of the items over the rows that
    answer them all. Agreement needs complete rows.
    """
    import pandas as pd

    answers = bounds[1] - bounds[0] + 1
    means = items.mean(axis="columns").where(items.notna().all(axis="columns"))
    found = intraclass(means if scores is None else scores, clusters)
    agreed = rwg_j(items, clusters, uniform_null(answers)).mean
    deviation = ad_m(items, clusters).mean
    rows = [
        ("F test, p", found.p, DIFFERENT, found.p < DIFFERENT),
        ("ICC(1)", found.icc1, None, None),
        ("ICC(2)", found.icc2, RELIABLE, found.icc2 >= RELIABLE),
        ("rwg(j), uniform null", agreed, AGREED, agreed >= AGREED),
    ]
    if answers == 5:
        skewed = rwg_j(items, clusters, skewed_null("slight")).mean
        rows.append(("rwg(j), slight skew", skewed, AGREED, skewed >= AGREED))
    absolute = a_wg(items, clusters, bounds).mean
    rows.append(("a_wg", absolute, AGREED, absolute >= AGREED))
    rows.append(("AD_M", deviation, answers / 6, deviation <= answers / 6))
    differ, agree = found.p < DIFFERENT, agreed >= AGREED or deviation <= answers / 6
    return AggregationEvidence(
        intraclass=found,
        interval=intraclass_interval(found),
        frame=pd.DataFrame(rows, columns=["index", "value", "bound", "reached"]),
        defensible=differ and agree,
        sentence=_sentence(differ, agree, found.icc2 >= RELIABLE),
    )


def _sentence(differ: bool, agree: bool, reliable: bool) -> str:
    if not differ:
        return "Averaging over groups is not defensible: the groups do not differ beyond chance."
    if not agree:
        return (
            "Averaging over groups is not defensible: the groups differ, but their members do not agree "
            "enough for an average to describe them."
        )
    start = "Averaging over groups is defensible: the groups differ and their members agree"
    if reliable:
        return f"{start}, and the averages are reliable."
    return f"{start}; but the averages are not very reliable, so use latent group means or say so."
