"""Pictures of interactions and of response surfaces: from results to ink, with their words.

`pictures` calls both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.figures.canvas import Plot
from pipeline.reporting.figures.interaction import Interaction, draw_interaction
from pipeline.reporting.figures.surface import Contours, draw_surfaces
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.conditional import product_words, value_words
from pipeline.reporting.tables.congruence import surface_words
from pipeline.reporting.values import Figure


def interaction(record: Record) -> tuple[Figure, Plot] | None:
    """The first moderator's lines and Johnson-Neyman plot; the table has all."""
    found: Mapping[str, Any] = record.part("model", "moderation")
    rows: Entries = found.get("moderators") or ()
    if not rows:
        return None
    r, region = rows[0], found["johnson_neyman"][0]
    moderator, predictor = record.title(str(r["moderator"])), record.title(str(r["predictor"]))
    outcome = record.title(str(r["outcome"]))
    bounds = tuple(
        b
        for b in (region["lower"], region["upper"])
        if b is not None and region["lowest"] <= b <= region["highest"]
    )
    names = tuple(value_words(v | {"unit": r["unit"]}, plain=True) for v in r["values"])
    off = "deviation from cluster mean" if r["by_cluster"] else "own units"
    away = "from cluster mean" if r["level"] == "within" else "from mean"
    drawn = draw_interaction(
        Interaction(
            names,
            r["lines"],
            r["curve"],
            bounds,
            f"{predictor} ({away})",
            f"{outcome} ({away})",
            f"{moderator} ({off})",
            f"Slope of {predictor}",
        )
    )
    ci = numbers.confidence(record.confidence)
    figure = Figure(
        id="moderation_figure",
        title="Simple Slopes and Johnson-Neyman Plot",
        alt=f"{markup.plain(product_words(record, r))}: lines and slope by moderator.",
        png=drawn.png,
        note=f"Bands are {ci} intervals. Dotted upright lines are the bounds of the region, where they fall "
        f"in the range of the data: beyond or between them the interval of the slope leaves out zero.",
    )
    return figure, drawn


def congruence(record: Record) -> tuple[Figure, Plot] | None:
    """The surfaces of the first pair, side by side."""
    found: Entries = [e for e in record.part("model", "congruence") or () if e["surfaces"]]
    if not found:
        return None
    entry = found[0]
    first, second = (record.title(str(name)) for name in entry["of"])
    outcome = record.title(str(entry["outcome"]))
    panels = [_contours(record, surface) for surface in entry["surfaces"] if surface["hull"]]
    if not panels:
        return None
    smallest = max(1, int(record.declared.get("small_cell") or 0))
    drawn = draw_surfaces(panels, first, second, outcome)
    figure = Figure(
        id="congruence_figure",
        title="Response Surface From Above",
        alt=f"Contours of {outcome} over {first} and {second}.",
        png=drawn.png,
        width=1.0 if len(panels) > 1 else 0.65,
        note="Darker is higher. The full line is agreement, the broken one disagreement; the outline holds "
        f"the cells, half a standard deviation wide, in which there are at least {smallest} people, and "
        "nothing is drawn outside it.",
    )
    return figure, drawn


def _contours(record: Record, surface: Mapping[str, Any]) -> Contours:
    return Contours(
        title=markup.plain(surface_words(record, str(surface["level"]))),
        intercept=float(surface["intercept"]),
        slopes=tuple(float(r["est"]) for r in surface["coefficients"]),
        hull=tuple((float(x), float(y)) for x, y in surface["hull"]),
        centre=float(surface["centre"]),
    )
