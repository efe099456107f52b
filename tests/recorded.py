"""Results of four studies as results.json holds them, and small changes to them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.reporting.pictures import Picture, pictures
from pipeline.reporting.record import Record
from pipeline.reporting.values import Document
from pipeline.stages.report import compose

FIXTURES = Path(__file__).parent / "reporting" / "fixtures"
STUDIES = ("demo", "army-climate", "army-leadership", "plain")


@cache
def _text(study: str) -> str:
    return (FIXTURES / f"{study}.json").read_text(encoding="utf-8")


def results(study: str) -> dict[str, Any]:
    """A fresh copy of a study's results."""
    found: dict[str, Any] = json.loads(_text(study))
    return found


def record(study: str) -> Record:
    return Record(results(study))


@cache
def document(study: str) -> Document:
    """The document of a study's results as they are."""
    return compose(results(study))


def drawn_once(record: Record) -> Mapping[str, Picture]:
    """Pictures of a study, drawn the first time only: for tests that are about something else."""
    stages = record.results["stages"]
    held = tuple((stage, part) for stage in stages for part in stages[stage]["results"])
    return _drawn(str(record.results["study"]), held)


@cache
def _drawn(study: str, held: tuple[tuple[str, str], ...]) -> Mapping[str, Picture]:
    found = results(study)
    for stage, told in list(found["stages"].items()):
        told["results"] = {part: value for part, value in told["results"].items() if (stage, part) in held}
    return pictures(Record(found))


def with_hypothesis(study: str = "army-climate", **changes: Any) -> Record:
    """A study with one hypothesis, changed."""
    found = results(study)
    first = copy.deepcopy(found["stages"]["model"]["results"]["hypotheses"][0])
    found["stages"]["model"]["results"]["hypotheses"] = [first | changes]
    return Record(found)


def without(study: str, stage: str, *parts: str) -> Record:
    """A study whose stage has no results, or lacks some parts of them."""
    found = results(study)
    if not parts:
        del found["stages"][stage]
    for part in parts:
        found["stages"][stage]["results"].pop(part, None)
    return Record(found)
