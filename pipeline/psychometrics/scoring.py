"""From answers to scores: keyed items, scale scores, and the check that a key fits the data.

`stages/score` calls these; a student can call them on any DataFrame of answers, one column an item and
NaN where there is no answer. Nothing here knows a study, an instrument or a file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.psychometrics.fisher import fisher_interval

Rule = Literal["mean", "sum", "scaled"]


class ScoringError(ValueError):
    """Answers that cannot be scored as asked: says which item, which row and why."""


@dataclass(frozen=True)
class ReverseCheck:
    """How each item goes with the rest of its scale, as keyed.

    `frame` has one row an item: `item`, `n`, `r` (corrected item-rest correlation), `ci_lower`,
    `ci_upper` (95 %, Fisher's z) and `against`: the item pulls the other way from most of its scale.
    """

    frame: pd.DataFrame

    @property
    def against(self) -> tuple[str, ...]:
        """Items that pull the other way from most of their scale."""
        return tuple(self.frame.loc[self.frame["against"], "item"])


def key_items(answers: pd.DataFrame, ranges: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Turn the items named in `ranges` (item -> lowest and highest code): lowest + highest - answer."""
    absent = [item for item in ranges if item not in answers.columns]
    if absent:
        raise ScoringError(f"no column for the reversed items {', '.join(absent)}")
    keyed = answers.astype(float)
    for item, (lowest, highest) in ranges.items():
        _check_range(keyed[item], lowest, highest)
        keyed[item] = lowest + highest - keyed[item]
    return keyed


def scale_score(
    items: pd.DataFrame,
    minimum_answered: float,
    rule: Rule = "mean",
    factor: float = 1.0,
    offset: float = 0.0,
) -> pd.Series[float]:
    """Score each row over its keyed items; NaN where too few were answered (see `answers_needed`).

    mean: mean of the answered items. sum: that mean times the number of items, which prorates the sum
    where answers are missing. scaled: mean * `factor` + `offset`.
    """
    answered = items.notna().sum(axis="columns")
    enough = answered >= answers_needed(items.shape[1], minimum_answered)
    total = items.sum(axis="columns").where(enough)
    if rule == "sum":
        return total * items.shape[1] / answered
    mean = total / answered
    return mean * factor + offset if rule == "scaled" else mean


def answers_needed(items: int, share: float) -> int:
    """How many of `items` have to be answered for `share` of them; at least one.

    A tenth of an item is overlooked, so that .67 of three items is two, as whoever wrote it meant.
    """
    return max(1, math.ceil(round(share * items, 1)))


def check_reversal(items: pd.DataFrame) -> ReverseCheck:
    """Find items that a key leaves (or has turned) against the rest of their scale.

    Item and rest are correlated through the covariances of all pairs of items, so that a missing answer
    costs no other (as psych's r.drop; Revelle, 2024). Items are turned, one at a time and the most negative
    first, until none has a negative summed covariance with the others; those turned are `against`. So
    several wrong keys are found at once; which side is wrong, where halves disagree, is not in the data.
    """
    covariance = items.cov(min_periods=3).to_numpy()
    answered = items.notna().sum().to_numpy()
    table = pd.DataFrame(
        [
            _item_rest(str(name), covariance, place, int(answered[place]))
            for place, name in enumerate(items.columns)
        ]
    )
    turned = _turned(np.nan_to_num(covariance))
    table["against"] = turned if turned.any() else (table["r"] < 0).to_numpy()
    return ReverseCheck(table)


def _check_range(answers: pd.Series[float], lowest: float, highest: float) -> None:
    outside = answers[(answers < lowest) | (answers > highest)]
    if len(outside):
        raise ScoringError(
            f"item {answers.name} is answered {outside.iloc[0]:g} in row {outside.index[0]}, outside "
            f"{lowest:g} to {highest:g}: it cannot be reversed (declare the code as missing, or correct the "
            "response set)"
        )


def _item_rest(item: str, covariance: np.ndarray, place: int, n: int) -> dict[str, object]:
    others = np.arange(len(covariance)) != place
    rest = covariance[np.ix_(others, others)].sum()
    product = covariance[place, place] * rest
    r = float(covariance[place, others].sum() / math.sqrt(product)) if product > 0 else math.nan
    se = (1 - r**2) / math.sqrt(n - 3) if n > 3 else math.nan
    lower, upper = fisher_interval(r, se)
    return {"item": item, "n": n, "r": r, "ci_lower": lower, "ci_upper": upper}


def _turned(covariance: np.ndarray) -> np.ndarray:
    signs = np.ones(len(covariance))
    apart = covariance - np.diag(np.diag(covariance))
    while len(signs):
        pull = signs * (apart @ signs)
        worst = int(np.argmin(pull))
        if pull[worst] >= -1e-9 * np.abs(apart).sum():
            break
        signs[worst] *= -1
    turned = signs < 0
    return ~turned if 2 * turned.sum() > len(turned) else turned
