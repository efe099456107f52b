"""The picture of the plain-language summary: what was found about each hypothesis, and how sure it is.

`pictures` calls it: from results to ink, with its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.figures.canvas import Plot
from pipeline.reporting.figures.verdicts import Judged, draw_verdicts
from pipeline.reporting.prose.summary import expectation
from pipeline.reporting.record import Record
from pipeline.reporting.tables.hypotheses import judged
from pipeline.reporting.values import Figure

AXIS = "Relation in the expected direction, in smallest effects of interest"


def verdicts(record: Record) -> tuple[Figure, Plot] | None:
    """Estimate and interval of each hypothesis that declares the smallest effect that would matter."""
    rows = [_judged(record, h) for h in judged(record)]
    if not rows:
        return None
    drawn = draw_verdicts(rows, AXIS)
    ci = numbers.confidence(record.confidence)
    figure = Figure(
        id="verdicts",
        title="What Was Found, and How Sure It Is",
        alt="Estimate and interval of each hypothesis. " + "; ".join(f"{r.name}: {r.verdict}" for r in rows),
        png=drawn.png,
        note=f"The dot is the estimate and the bar its {ci} interval: the values that the data leave open. "
        "The unit of each row is the smallest effect that the study declared worth noticing for it, and the "
        "shaded band holds what is smaller. A bar that lies right of the dashed line, which is no relation, "
        "supports what was expected; an arrowhead marks a bar that runs on.",
    )
    return figure, drawn


def _judged(record: Record, h: Mapping[str, Any]) -> Judged:
    unit = float(h["smallest"]) * (-1 if h.get("sign") == "negative" else 1)
    ends = sorted(float(h[name]) / unit for name in ("ci_lower", "ci_upper"))
    name = f"{h['id']}: {markup.plain(expectation(record, h))}"
    return Judged(name, float(h["est"]) / unit, ends[0], ends[1], str(h["verdict"]))
