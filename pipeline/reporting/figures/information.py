"""How much the items of each scale tell along the trait: one small panel a scale.

The curves come from the validate stage (Samejima, 1969); here they are only drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import BLUE, INK, PALE, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

ACROSS = 3


@dataclass(frozen=True)
class Curves:
    """One scale: information of each item and of all, and the standard error, along the trait."""

    title: str
    told: str
    theta: tuple[float, ...]
    items: tuple[tuple[float, ...], ...]
    test: tuple[float, ...]
    se: tuple[float, ...]


def draw_information(scales: Sequence[Curves]) -> Plot:
    """Draw the scales three abreast; the standard error has an axis of its own at the right."""
    across = min(len(scales), ACROSS)
    rows = -(-len(scales) // across)

    def draw(figure: Figure) -> None:
        for cell, scale in filled(figure.subplots(rows, across, squeeze=False), scales):
            _panel(cell, scale)
        handles, names = _legend()
        figure.legend(handles, names, loc="outside upper left", ncols=3, frameon=False, fontsize=9)
        figure.supxlabel("Standing on the scale (θ)", fontsize=10, color=SOFT)
        figure.supylabel("Information", fontsize=10, color=SOFT)

    return plotted(2.2 * across + 0.6, 1.95 * rows + 0.6 + 0.22 * (4 - across), draw)


def _panel(axes: Axes, scale: Curves) -> None:
    for item in scale.items:
        axes.plot(scale.theta, item, color=PALE, linewidth=0.9)
    axes.plot(scale.theta, scale.test, color=BLUE, linewidth=1.6)
    axes.set_ylim(bottom=0, top=1.25 * max(scale.test))
    axes.set_xlim(min(scale.theta), max(scale.theta))
    axes.set_xticks([-3, -2, -1, 0, 1, 2, 3])
    axes.tick_params(labelsize=8.5)
    right = axes.twinx()
    right.plot(scale.theta, scale.se, color=INK, linewidth=1.1, linestyle=(0, (4, 3)))
    right.set_ylim(bottom=0, top=1.25 * max(scale.se))
    right.tick_params(labelsize=8.5)
    right.spines["right"].set_visible(True)
    for one in (axes, right):
        one.locator_params(axis="y", nbins=5)
    axes.set_title("\n".join(svg.wrapped(scale.title, 9.5, 125, most=2)), fontsize=9.5)
    axes.annotate(
        scale.told, (0.97, 0.96), xycoords="axes fraction", ha="right", va="top", fontsize=8.5, color=INK
    )


def _legend() -> tuple[list[Line2D], list[str]]:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BLUE, linewidth=1.6),
        Line2D([], [], color=PALE, linewidth=0.9),
        Line2D([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 3))),
    ]
    return handles, ["All items", "Each item", "Standard error (right axis)"]
