"""Eigenvalues of each scale beside those of random items: one small panel a scale.

The numbers come from the validate stage (Horn, 1965; Glorfeld, 1995); here they are only drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import BLUE, INK, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3


@dataclass(frozen=True)
class Scree:
    """One scale: eigenvalues of its items, and the mean and limit of those of random ones."""

    title: str
    told: str
    observed: tuple[float, ...]
    mean: tuple[float, ...]
    limit: tuple[float, ...]


def draw_scree(scales: Sequence[Scree], limit: str) -> Plot:
    """Draw the scales three abreast, with one legend."""
    across = min(len(scales), ACROSS)
    rows = -(-len(scales) // across)

    def draw(figure: Figure) -> None:
        for cell, scale in filled(figure.subplots(rows, across, squeeze=False), scales):
            _panel(cell, scale, limit)
        handles, names = cell.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=across, frameon=False, fontsize=9)
        figure.supxlabel("Number of the component", fontsize=10, color=SOFT)
        figure.supylabel("Eigenvalue", fontsize=10, color=SOFT)

    return plotted(2.0 * across + 0.5, 1.95 * rows + 0.5 + 0.22 * (4 - across), draw)


def _panel(axes: Axes, scale: Scree, limit: str) -> None:
    places = range(1, len(scale.observed) + 1)
    axes.plot(places, scale.observed, color=BLUE, marker="o", markersize=3.5, linewidth=1.3, label="Items")
    axes.plot(places, scale.limit, color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label=limit)
    axes.plot(places, scale.mean, color=SOFT, linewidth=0.9, linestyle=":", label="Random items, mean")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.6, len(scale.observed) + 0.4)
    axes.tick_params(labelsize=8.5)
    axes.locator_params(axis="both", nbins=5, integer=True)
    axes.set_title("\n".join(svg.wrapped(scale.title, 9.5, 122, bold=True, most=2)), fontsize=9.5)
    axes.annotate(
        scale.told, (0.97, 0.93), xycoords="axes fraction", ha="right", va="top", fontsize=8.5, color=INK
    )
