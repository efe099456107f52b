"""Which scores are lacking together: one row a pattern, one column a score, with its number of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import BLUE, PALE, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Patterns:
    """One level: names of its scores, and for each pattern which are there and how many people have it."""

    title: str
    names: tuple[str, ...]
    present: tuple[tuple[bool, ...], ...]
    people: tuple[str, ...]


def draw_patterns(levels: Sequence[Patterns]) -> Plot:
    """Draw the levels under each other."""
    width = min(6.5, 1.6 + 0.95 * max(len(one.names) for one in levels))
    heights = [0.3 * len(level.present) + 0.75 for level in levels]

    def draw(figure: Figure) -> None:
        grid = figure.subplots(
            len(levels), 1, squeeze=False, height_ratios=[len(level.present) for level in levels]
        )
        for (cell,), level in zip(grid, levels, strict=True):
            _panel(cell, level, 72 * (width - 1.4) / len(level.names) - 4)

    return plotted(width, sum(heights) + 0.3, draw)


def _panel(axes: Axes, level: Patterns, room: float) -> None:
    for row, present in enumerate(level.present):
        for column, there in enumerate(present):
            axes.barh(row, 0.92, left=column + 0.04, height=0.82, color=PALE if there else BLUE, linewidth=0)
            if not there:
                axes.text(
                    column + 0.5,
                    row,
                    "lacking",
                    ha="center",
                    va="center",
                    fontsize=min(8, room / 4),
                    color="white",
                )
    axes.set_ylim(len(level.present) - 0.5, -0.5)
    axes.set_xlim(0, len(level.names))
    wrapped = ["\n".join(svg.wrapped(name, 8, min(64, room), most=3)) for name in level.names]
    axes.set_xticks([column + 0.5 for column in range(len(level.names))], wrapped)
    axes.set_yticks(range(len(level.people)), level.people)
    axes.tick_params(length=0, labelsize=8, labelcolor=SOFT)
    axes.spines[:].set_visible(False)
    axes.set_title(level.title, fontsize=9.5)
