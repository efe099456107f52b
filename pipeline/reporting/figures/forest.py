"""Estimates with their intervals, one row each, in small panels: loadings by item, means by cluster.

The numbers come from the stages. `validation_pictures` and `level_pictures` call it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg, titles
from pipeline.reporting.figures.canvas import BLUE, INK, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3
ROW = 0.155
LEAST_HEIGHT = 1.0
TALLEST = 5.6
PANEL_WIDTH = 132.0
NAME_WIDTH = 62.0


@dataclass(frozen=True)
class Forest:
    """One panel: rows from above down with their limits; names stand beside rows unless there are none."""

    title: str
    est: tuple[float, ...]
    ci_lower: tuple[float, ...]
    ci_upper: tuple[float, ...]
    names: tuple[str, ...] = ()
    line: float | None = None


def draw_forest(
    panels: Sequence[Forest], axis: str, *, row: float = ROW, printed: Callable[[float], str] | None = None
) -> Plot:
    """Draw the panels three abreast; those of a row share their height; `printed` writes the numbers."""
    across = min(len(panels), ACROSS)
    rows = [panels[i : i + across] for i in range(0, len(panels), across)]
    row = min(row, TALLEST / sum(max(len(p.est) for p in one) for one in rows))
    heights = [max(LEAST_HEIGHT, row * max(len(p.est) for p in one) + 0.25) for one in rows]

    def draw(figure: Figure) -> None:
        grid = figure.subplots(len(rows), across, squeeze=False, sharex=True, height_ratios=heights)
        for cell, panel in filled(grid, panels):
            _panel(cell, panel)
        if printed is not None:
            grid[0][0].xaxis.set_major_formatter(lambda value, _: printed(value))
        figure.supxlabel(axis, fontsize=10, color=SOFT)

    return plotted(2.0 * across + 0.5, sum(heights) + 0.5 * len(rows) + 0.35, draw)


def _panel(axes: Axes, panel: Forest) -> None:
    places = range(len(panel.est))
    axes.hlines(places, panel.ci_lower, panel.ci_upper, color=SOFT, linewidth=1.1)
    axes.plot(panel.est, places, linestyle="none", marker="o", markersize=3.4, color=BLUE)
    if panel.line is not None:
        axes.axvline(panel.line, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(len(panel.est) - 0.4, -0.6)
    names = [titles.shortened(name, NAME_WIDTH, 8.5) for name in panel.names]
    axes.set_yticks(list(places) if names else [], names or None)
    axes.tick_params(labelsize=8.5, labelbottom=True)
    axes.locator_params(axis="x", nbins=4)
    beside = max((svg.text_width(name, 8.5) for name in names), default=0.0)
    axes.set_title("\n".join(titles.folded(panel.title, PANEL_WIDTH - beside)), fontsize=9.5)
