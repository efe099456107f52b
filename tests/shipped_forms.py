"""The forms of the shipped demonstration, built from the instrument files as plain values."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipeline.demonstration.items import Form, Question
from pipeline.demonstration.truth import SHARES
from pipeline.instrument import load_instrument

REPOSITORY = Path(__file__).resolve().parent.parent


@cache
def shipped() -> tuple[Form, ...]:
    return tuple(_form(name) for name in SHARES)


def _form(name: str) -> Form:
    instrument = load_instrument(REPOSITORY / "instruments" / f"{name}.yaml")
    facet = {item: key for key, facet in instrument.facets.items() for item in facet.items}
    questions = tuple(
        Question(item.id, item.id.upper(), item.text or "", item.reverse, facet.get(item.id))
        for item in (instrument.item(item_id) for item_id in instrument.item_ids)
    )
    return Form(name, instrument.title, instrument.responses(instrument.item_ids[0]), questions)
