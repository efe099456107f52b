"""What each hypothesis came to: estimate and interval beside the smallest effect that was declared to matter.

Every row has the same unit, the smallest effect of interest of its hypothesis, and runs to the right where
the relation is as expected. `summary_pictures` calls it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import BLUE, INK, PALE, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FURTHEST = 12.0
NAME_SIZE = 9.0
NAME_WIDTH = 190.0
COLOURS = {"supported": BLUE, "not supported": "#a8442a", "inconclusive": SOFT}


@dataclass(frozen=True)
class Judged:
    """One hypothesis in words, its estimate and limits in smallest effects of interest, and its verdict."""

    name: str
    est: float
    ci_lower: float
    ci_upper: float
    verdict: str


def draw_verdicts(rows: Sequence[Judged], axis: str) -> Plot:
    """Draw a row a hypothesis, its verdict at the end; what lies beyond twelve units ends in an arrow."""
    names = [svg.wrapped(row.name, NAME_SIZE, NAME_WIDTH, most=4) for row in rows]
    height = max(0.42, 0.14 * max(map(len, names)) + 0.08)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axvspan(-1, 1, color=PALE, alpha=0.55, linewidth=0)
        axes.axvline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        for place, row in enumerate(rows):
            _bar(axes, place, row)
        _finish(axes, rows, ["\n".join(lines) for lines in names], axis)

    return plotted(6.5, height * len(rows) + 0.75, draw)


def _bar(axes: Axes, place: int, row: Judged) -> None:
    colour = COLOURS.get(row.verdict, SOFT)
    low, high = (max(-FURTHEST, min(FURTHEST, end)) for end in (row.ci_lower, row.ci_upper))
    axes.plot([low, high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
    for end, kept, mark in ((row.ci_lower, low, "<"), (row.ci_upper, high, ">")):
        if end != kept:
            axes.plot([kept], [place], marker=mark, color=colour, markersize=7, clip_on=False)
    if abs(row.est) <= FURTHEST:
        axes.plot([row.est], [place], marker="o", color=colour, markeredgecolor="white", markersize=8)
    axes.annotate(
        row.verdict.capitalize(),
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=NAME_SIZE,
        fontweight="bold",
        color=colour,
    )


def _finish(axes: Axes, rows: Sequence[Judged], names: Sequence[str], axis: str) -> None:
    ends = [end for row in rows for end in (row.ci_lower, row.ci_upper)]
    low, high = max(-FURTHEST, min(-1.5, *ends)), min(FURTHEST, max(1.5, *ends))
    axes.set_xlim(low - 0.04 * (high - low), high + 0.04 * (high - low))
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_yticks(range(len(rows)), names, fontsize=NAME_SIZE, color=INK, ha="left")
    widest = max(svg.text_width(line, NAME_SIZE) for name in names for line in name.split("\n"))
    axes.tick_params(axis="y", pad=min(widest, NAME_WIDTH) + 6, length=0)
    axes.tick_params(axis="x", labelsize=8.5)
    axes.locator_params(axis="x", nbins=7, integer=True)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(axis, fontsize=9.5)
