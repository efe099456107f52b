"""Clean answers to the forms of a demonstration study: ordered categories cut from true scores.

An item's underlying value is loading x true score + facet, method and unique parts, with variance 1. It is
cut at four thresholds into five categories; answers lean to the favourable side, as they do in the field.
A reverse-keyed item is answered the other way round, as its form has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demonstration import truth
from pipeline.demonstration.draws import Draws, Floats
from pipeline.demonstration.scores import Scores, simulate_scores

LOADINGS = (0.78, 0.72, 0.82, 0.75, 0.70, 0.80)
FACET = 0.30
METHOD = 0.25
THRESHOLDS = (-1.85, -1.05, -0.20, 0.90)
ITEM_SHIFTS = (0.0, -0.20, 0.15, 0.25, -0.10, 0.05, -0.25)
SCALE_SHIFTS: Mapping[str, float] = {
    "leader_support": 0.10,
    "coworker_support": -0.15,
    "leader_trust": 0.0,
    "alliance": -0.20,
    "belonging": 0.10,
    "autonomy": 0.05,
    "functioning": 0.25,
}


@dataclass(frozen=True)
class Question:
    """One item as it is fielded."""

    item: str
    column: str
    text: str
    reverse: bool = False
    facet: str | None = None


@dataclass(frozen=True)
class Form:
    """The questions on one variable, with the labels that all of them share."""

    variable: str
    stem: str
    labels: Mapping[int, str]
    questions: tuple[Question, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the export's columns, in the order of the instrument."""
        return tuple(question.column for question in self.questions)


def simulate_items(
    seed: int, forms: Sequence[Form], scores: Scores | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Answers of all staff and of all clients before losses, complete and honest.

    Columns are `id` and the higher levels' ids, then `<variable>.<item>`; clients also have
    `complexity_rating`. Codes are those of the forms, reverse-keyed items not yet turned.
    """
    drawn = scores or simulate_scores(seed)
    staff, clients = drawn.staff[["id", "team"]], drawn.clients[["id", "staff", "team", "complexity_rating"]]
    for form in forms:
        if form.variable in drawn.staff:
            staff = staff.join(answers(seed, form, drawn.staff[form.variable].to_numpy()))
        else:
            clients = clients.join(answers(seed, form, drawn.clients[form.variable].to_numpy()))
    return staff, clients


def answers(seed: int, form: Form, scores: Floats) -> pd.DataFrame:
    """One form's answers by people with these true scores."""
    draws = Draws(seed, f"answers to {form.variable}")
    facets = {name: draws.normal(len(scores)) for name in _facets(form)}
    method = draws.normal(len(scores))
    codes = np.array(sorted(form.labels))
    columns = {}
    for position, question in enumerate(form.questions):
        loading, facet_loading, method_loading = loadings(question, position)
        unique = np.sqrt(1 - loading**2 - facet_loading**2 - method_loading**2)
        value = loading * scores + method_loading * method + unique * draws.normal(len(scores))
        if question.facet:
            value = value + facet_loading * facets[question.facet]
        category = np.searchsorted(np.array(thresholds(form.variable, position)), value, side="right")
        columns[f"{form.variable}.{question.item}"] = codes[
            len(codes) - 1 - category if question.reverse else category
        ]
    return pd.DataFrame(columns)


def loadings(question: Question, position: int) -> tuple[float, float, float]:
    """Loadings of an item on its variable, its facet, and what reverse-keyed items share."""
    loading = LOADINGS[position % len(LOADINGS)]
    return loading, FACET if question.facet else 0.0, METHOD if question.reverse else 0.0


def thresholds(variable: str, position: int) -> tuple[float, ...]:
    """Where an item's underlying value passes from one category to the next."""
    shift = SCALE_SHIFTS[variable] + ITEM_SHIFTS[position % len(ITEM_SHIFTS)]
    return tuple(round(cut + shift, 2) for cut in THRESHOLDS)


def measurement(forms: Sequence[Form]) -> dict[str, dict[str, object]]:
    """Planted loadings and thresholds, by item: what truth.json holds of the measurement."""
    return {
        f"{form.variable}.{question.item}": {
            "loading": loadings(question, position)[0],
            "facet": loadings(question, position)[1],
            "method": loadings(question, position)[2],
            "thresholds": list(thresholds(form.variable, position)),
            "reverse": question.reverse,
        }
        for form in forms
        for position, question in enumerate(form.questions)
    }


def missing_forms(forms: Sequence[Form]) -> tuple[str, ...]:
    """Variables of the generating model that no form asks for."""
    return tuple(name for name in truth.SHARES if name not in {form.variable for form in forms})


def _facets(form: Form) -> tuple[str, ...]:
    return tuple(dict.fromkeys(question.facet for question in form.questions if question.facet))
