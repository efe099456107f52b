"""The whole demonstration: scores, answers, trouble, and the record of it all.

`stages/simulate` calls `make` and writes what it returns through `qualtrics`, `spss` and `roster`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.demonstration.draws import Draws
from pipeline.demonstration.items import Form, simulate_items
from pipeline.demonstration.record import truth_record
from pipeline.demonstration.scores import STAFF_RATED
from pipeline.demonstration.trouble import Planted, plant


@dataclass(frozen=True)
class Layout:
    """Names of the columns in the exports, as the study declares them."""

    staff_id: str
    staff_team: str
    staff_consent: str
    client_id: str
    client_staff: str
    client_consent: str
    client_seconds: str
    complexity: str
    team_id: str


@dataclass(frozen=True)
class Demonstration:
    """Everything that is written: the rows of each export and the truth."""

    planted: Planted
    staff_forms: tuple[Form, ...]
    client_forms: tuple[Form, ...]
    truth: Mapping[str, Any]


def make(seed: int, forms: Sequence[Form]) -> Demonstration:
    """Make a demonstration study from forms on every variable of the generating model."""
    staff_forms = tuple(form for form in forms if form.variable in STAFF_RATED)
    client_forms = tuple(form for form in forms if form.variable not in STAFF_RATED)
    staff, clients = simulate_items(seed, forms)
    planted = plant(seed, staff, clients, _shuffled(seed, staff_forms), _in_order(client_forms))
    return Demonstration(planted, staff_forms, client_forms, truth_record(seed, forms, planted))


def columns(forms: Sequence[Form]) -> dict[str, str]:
    """`<variable>.<item>` -> column of the export."""
    return {
        f"{form.variable}.{question.item}": question.column for form in forms for question in form.questions
    }


def _in_order(forms: Sequence[Form]) -> list[str]:
    return list(columns(forms))


def _shuffled(seed: int, forms: Sequence[Form]) -> list[str]:
    """Items in an order other than the instrument's, form by form, as a random display would leave them."""
    names = []
    for form in forms:
        own = _in_order([form])
        names += [own[place] for place in Draws(seed, f"order of {form.variable}").order(len(own))]
    return names
