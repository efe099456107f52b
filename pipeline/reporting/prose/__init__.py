"""Prose written from the numbers: `sentences(record)` by section, in the report's own markup."""

from __future__ import annotations

import re

from pipeline.reporting.prose import (
    answers,
    beside,
    conditional,
    items,
    locked,
    method,
    path_fit,
    power,
    results,
    rivals,
    scales,
    summary,
)
from pipeline.reporting.prose.sensitivity import sensitivity
from pipeline.reporting.record import Record


def sentences(record: Record) -> dict[str, list[str]]:
    """Sentences by section; a section without results is an empty list."""
    made = {
        "summary": summary.summary(record),
        "findings": list(summary.findings(record).values()),
        "advice": summary.advice(record),
        "design": method.design(record),
        "participants": method.participants(record),
        "screening_notes": summary.notes_of_screening(record),
        "measures": method.measures(record),
        "analysis": method.analysis(record),
        "measurement": results.measurement(record),
        "agreement": scales.agreement(record),
        "structure": scales.structure(record),
        "dimensionality": scales.dimensionality(record),
        "published": items.congruence_with_published(record),
        "validity": scales.convergence(record),
        "irt": items.item_response_models(record),
        "invariance": answers.invariance(record),
        "dif": items.differential_functioning(record),
        "careless": answers.careless(record),
        "missing": answers.missing(record),
        "answering_level": results.answering_level(record),
        "paths": results.paths(record),
        "model_fit": path_fit.fit(record),
        "measured": path_fit.measured(record),
        "rivals": rivals.rivals(record),
        "indirect": [*results.indirect(record), *beside.sentences(record)],
        "sensitivity": sensitivity(record),
        "hypotheses": results.hypotheses(record),
        "power": power.power(record),
        "moderation": conditional.moderation(record),
        "congruence": conditional.congruence(record),
        "contextual": results.contextual(record),
        "flat": results.flat(record),
        "warnings": summary.warnings(record),
        "limits": summary.limits(record),
        "locked": locked.locked(record),
        "reproducibility": method.reproducibility(record),
    }
    return {name: [_kept_together(text) for text in texts] for name, texts in made.items()}


def _kept_together(text: str) -> str:
    """Keep a relation and its number on one line: `*p* = .002`."""
    return _RELATION.sub("\u00a0\\1\u00a0", text)


_RELATION = re.compile(r" ([=<>≤≥]) (?=[-−.\d])")
