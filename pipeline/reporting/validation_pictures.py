"""Pictures of scale validation: from results to ink, with their words.

`pictures` calls it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipeline.reporting import numbers
from pipeline.reporting.figures.canvas import Plot
from pipeline.reporting.figures.forest import Forest, draw_forest
from pipeline.reporting.figures.information import Curves, draw_information
from pipeline.reporting.figures.scree import ACROSS, Scree, draw_scree
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import bounds, item_response
from pipeline.reporting.tables.dimensions import entries
from pipeline.reporting.values import Figure

LIMIT = "Random items, 95th percentile"


def scree(record: Record) -> tuple[Figure, Plot] | None:
    """Eigenvalues of every scale of at least four items beside those of random items."""
    found = entries(record)
    if not found:
        return None
    panels = [_panel(record, scale, told) for scale, told in found.items()]
    drawn = draw_scree(panels, LIMIT)
    said = "; ".join(f"{panel.title}: {panel.told}" for panel in panels)
    figure = Figure(
        id="scree",
        title="Eigenvalues of Each Scale Beside Those of Random Items",
        alt=f"Scree plots with parallel analysis. {said}.",
        png=drawn.png,
        width=min(1.0, 0.14 + 0.29 * min(len(panels), ACROSS)),
        note="Components of the correlations of the items. Those whose eigenvalue lies above the dashed line "
        "are more than chance would give; their number stands in each panel.",
    )
    return figure, drawn


def information(record: Record) -> tuple[Figure, Plot] | None:
    """Information and standard error along each scale that has an item response model."""
    found = item_response.entries(record)
    if not found:
        return None
    panels = [_curves(record, scale, told) for scale, told in found.items()]
    drawn = draw_information(panels)
    said = "; ".join(f"{panel.title}: {panel.told}" for panel in panels)
    figure = Figure(
        id="information",
        title="Information and Standard Error Along Each Scale",
        alt=f"Information curves of the items and of the whole scale. {said}.",
        png=drawn.png,
        width=min(1.0, 0.16 + 0.3 * min(len(panels), ACROSS)),
        note="The higher the blue line, the more precisely a standing can be told; the dashed line is the "
        "standard error, 1 / √information. In each panel: the standings at which a score has a reliability "
        "of .80 or more.",
    )
    return figure, drawn


def loadings(record: Record) -> tuple[Figure, Plot] | None:
    """Standardized loading of each item with its interval, one panel a scale."""
    found: Mapping[str, Entries] = record.part("validate", "items")
    known = {scale: [row for row in rows if _has_loading(row)] for scale, rows in found.items()}
    panels = [_forest(record, scale, rows) for scale, rows in known.items() if rows]
    if not panels:
        return None
    drawn = draw_forest(panels, "Standardized loading on one factor a scale", printed=_short)
    said = "; ".join(
        f"{p.title}: {numbers.bounded(min(p.est))} to {numbers.bounded(max(p.est))}" for p in panels
    )
    figure = Figure(
        id="loadings_figure",
        title="Factor Loadings of the Items With Their Intervals",
        alt=f"Loading and interval of each item. Lowest to highest: {said}.",
        png=drawn.png,
        width=min(1.0, 0.14 + 0.29 * min(len(panels), ACROSS)),
        note=f"Bars are {numbers.confidence(0.95)} intervals on Fisher’s *z*, which keeps them below 1 "
        f"(Browne, 1982). Items are named as in the export.{_improper(known)}",
    )
    return figure, drawn


def _has_loading(row: Mapping[str, Any]) -> bool:
    return row.get("loading_lower") is not None or bounds.beyond(row.get("loading"))


def _end(row: Mapping[str, Any], name: str) -> float:
    """A limit; the loading itself where it lies beyond 1 and so has none."""
    end = row.get(name)
    return float(row["loading"] if end is None else end)


def _improper(known: Mapping[str, Entries]) -> str:
    if not any(bounds.beyond(row["loading"]) for rows in known.values() for row in rows):
        return ""
    return " A dot beyond 1 has no interval: the solution is improper and must not be interpreted."


def _short(value: float) -> str:
    return numbers.bounded(value, 1 if math.isclose(value, round(value, 1)) else 2)


def _forest(record: Record, scale: str, rows: Entries) -> Forest:
    return Forest(
        record.title(scale),
        tuple(float(row["loading"]) for row in rows),
        tuple(_end(row, "loading_lower") for row in rows),
        tuple(_end(row, "loading_upper") for row in rows),
        tuple(str(row["item"]) for row in rows),
    )


def _curves(record: Record, scale: str, told: Mapping[str, Any]) -> Curves:
    curves = told["information"]
    return Curves(
        title=record.title(scale),
        told=item_response.precise_words(told),
        theta=tuple(curves["theta"]),
        items=tuple(tuple(curve) for curve in curves["items"].values()),
        test=tuple(curves["test"]),
        se=tuple(curves["se"]),
    )


def _panel(record: Record, scale: str, told: Mapping[str, Any]) -> Scree:
    rows = told["parallel"]["eigenvalues"]
    count = int(told["parallel"]["components"])
    return Scree(
        title=record.title(scale),
        told=f"{numbers.count(count)} component{'s' * (count != 1)}",
        observed=tuple(float(row["component"]) for row in rows),
        mean=tuple(float(row["component_mean"]) for row in rows),
        limit=tuple(float(row["component_limit"]) for row in rows),
    )
