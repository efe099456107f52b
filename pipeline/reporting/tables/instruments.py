"""Instruments used: items, scoring rule, source, licence, adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose.references import in_text
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import count, header, row, stub
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One row a scale that has an instrument."""
    instruments: Mapping[str, Any] = record.declared.get("instruments", {})
    if not instruments:
        return None
    return Table(
        id="instruments",
        title="Instruments: Items, Scoring, Source, and Licence",
        header=(header("Scale", "Items", "Responses", "Score", "Source", "Licence and changes"),),
        body=tuple(_row(record, scale, it) for scale, it in instruments.items()),
        widths=(2.0, 0.6, 1.7, 2.6, 1.9, 1.5),
        general="A score is computed where at least the stated share of a person’s items is answered.",
        alt="Instruments with number of items, responses, scoring rule, source and licence.",
    )


def scoring_words(instrument: Mapping[str, Any]) -> str:
    """The scoring rule in words."""
    scoring = instrument.get("scoring") or {}
    rule = {"mean": "Mean", "sum": "Sum", "scaled": "Scaled mean"}[str(scoring.get("rule", "mean"))]
    least = scoring.get("minimum_answered")
    turned = len([i for i in (instrument.get("items") or {}).values() if i.get("reverse")])
    parts = [f"{rule} of the items"]
    if turned:
        parts.append(f"{numbers.count(turned)} reverse-keyed")
    if least is not None:
        parts.append(f"at least {numbers.percent(least)} answered")
    if scoring.get("higher_means"):
        parts.append(f"higher means {markup.literal(str(scoring['higher_means']))}")
    return "; ".join(parts)


def responses_words(instrument: Mapping[str, Any]) -> str:
    """The ends of the response set: `1 (Never) to 5 (Always)`."""
    responses = instrument.get("responses") or {}
    if not responses:
        return "—"
    codes = sorted(responses, key=float)
    return " to ".join(_response(code, str(responses[code])) for code in (codes[0], codes[-1]))


def _response(code: str, label: str) -> str:
    """A code with its label; a label that begins with the code stands alone."""
    return markup.literal(label if label.startswith(code) else f"{code} ({label})")


def adaptation_words(instrument: Mapping[str, Any]) -> str:
    """Whether and from what the instrument was adapted."""
    adaptation = instrument.get("adaptation")
    if not adaptation:
        return ""
    changes = len(adaptation.get("changes") or ())
    parent = markup.literal(f"{adaptation.get('parent')} {adaptation.get('parent_version') or ''}".strip())
    return f"adapted from {parent} ({numbers.count(changes)} recorded changes)"


def _row(record: Record, scale: str, instrument: Mapping[str, Any]) -> Row:
    licence = instrument.get("licence") or {}
    terms = markup.literal(str(licence.get("name", "—")))
    adapted = adaptation_words(instrument)
    version = markup.literal(str(instrument.get("version") or ""))
    return row(
        f"{record.label(scale)}" + (f" (version {version})" if version else ""),
        count(len(instrument.get("items") or ()) or None),
        stub(responses_words(instrument)),
        stub(scoring_words(instrument)),
        stub(in_text(str((instrument.get("source") or {}).get("citation", "—")))),
        stub(f"{terms}; {adapted}" if adapted else terms),
    )
