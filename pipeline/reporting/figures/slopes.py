"""Slopes within and between clusters over each other: one small panel a path that exists at both levels.

Slopes and intervals come from the model stage; here a line through the mean of the outcome is drawn for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting import numbers
from pipeline.reporting.figures import titles
from pipeline.reporting.figures.canvas import BLUE, INK, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Slope = tuple[float, float, float]
ACROSS = 3
TITLE_WIDTH = 122.0
KEY_WIDTH = 45.0


@dataclass(frozen=True)
class Pair:
    """One path: its slope within and between with the limits of each."""

    title: str
    within: Slope
    between: Slope


def draw_slopes(pairs: Sequence[Pair], names: tuple[str, str], across_words: str, up_words: str) -> Plot:
    """Draw the pairs three abreast with equal axes, so that steepness can be compared."""
    across = min(len(pairs), ACROSS)
    rows = -(-len(pairs) // across)
    width = max(4.2, 2.05 * across + 0.5)
    room = 72 * width - KEY_WIDTH
    furthest = max(abs(value) for pair in pairs for slope in (pair.within, pair.between) for value in slope)

    def draw(figure: Figure) -> None:
        grid = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True)
        for cell, pair in filled(grid, pairs):
            _panel(cell, pair, names, furthest)
        handles, _ = cell.get_legend_handles_labels()
        words = [titles.shortened(name, room - KEY_WIDTH, 9) for name in names]
        ncols = titles.abreast(words, room, 9, KEY_WIDTH)
        figure.legend(handles, words, loc="outside upper left", ncols=ncols, frameon=False, fontsize=9)
        figure.supxlabel(across_words, fontsize=10, color=SOFT)
        figure.supylabel(up_words, fontsize=10, color=SOFT)

    further = max(len(titles.folded(pair.title, TITLE_WIDTH)) for pair in pairs) - 2
    return plotted(width, (2.3 + 0.15 * max(0, further)) * rows + 0.6, draw)


def _panel(axes: Axes, pair: Pair, names: tuple[str, str], furthest: float) -> None:
    drawn = ((pair.within, names[0], BLUE, "-"), (pair.between, names[1], INK, (0, (4, 3))))
    for (est, lower, upper), name, colour, style in drawn:
        axes.fill_between((-1, 0, 1), (-lower, 0, lower), (-upper, 0, upper), color=colour, alpha=0.14, lw=0)
        axes.plot((-1, 1), (-est, est), color=colour, linestyle=style, linewidth=1.5, label=name)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1.05 * furthest, 1.05 * furthest)
    axes.tick_params(labelsize=8.5)
    axes.locator_params(axis="y", nbins=5)
    axes.set_xticks((-1, 0, 1), (numbers.number(-1, 0), "0", "1"))
    axes.set_title("\n".join(titles.folded(pair.title, TITLE_WIDTH)), fontsize=9.5)
