"""The pictures of the plain-language summary: what was found about each hypothesis, and how sure it is.

`pictures` calls it: from results to ink, with its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.figures.canvas import Plot
from pipeline.reporting.figures.finding import Judged, draw_finding
from pipeline.reporting.prose.summary import drawable, expectation
from pipeline.reporting.record import Record
from pipeline.reporting.values import Figure


def findings(record: Record) -> Iterator[tuple[Figure, Plot]]:
    """Estimate and interval of each hypothesis, beside the smallest effect that would matter."""
    for name, h in drawable(record).items():
        drawn = draw_finding(_judged(h))
        label = f"{markup.plain(markup.literal(str(h['id'])))}: {markup.plain(expectation(record, h))}"
        yield Figure(name, label, f"{label}. {_said(record, h)}", drawn.png), drawn


def _unit(h: Mapping[str, Any]) -> float:
    """What one step of the picture is, negative where a negative relation is expected."""
    widest = max(abs(float(h[name])) for name in ("ci_lower", "ci_upper"))
    return float(h.get("smallest") or widest or 1.0) * (-1 if h.get("sign") == "negative" else 1)


def _judged(h: Mapping[str, Any]) -> Judged:
    unit = _unit(h)
    low, high = sorted(float(h[name]) / unit for name in ("ci_lower", "ci_upper"))
    return Judged(float(h["est"]) / unit, low, high, str(h["verdict"]), bool(h.get("smallest")))


def _said(record: Record, h: Mapping[str, Any]) -> str:
    decimals = record.decimals_of(str(h["effect"]))
    est, low, high = (numbers.number(float(h[name]), decimals) for name in ("est", "ci_lower", "ci_upper"))
    confidence, smallest = numbers.confidence(record.confidence), h.get("smallest")
    band = f"; too small to matter is below {numbers.declared(smallest)}" if smallest else ""
    verdict = str(h["verdict"]).capitalize()
    return f"Estimate {est}, {confidence} interval from {low} to {high}{band}. {verdict}."
