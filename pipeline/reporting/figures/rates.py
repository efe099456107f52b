"""How often several analyses find something, as points with their Monte Carlo error: one panel a truth.

`stages/calibrate` draws docs/pictures/calibration.png by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures.canvas import BLUE, INK, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^D"


@dataclass(frozen=True)
class Rate:
    """The share of `n` samples in which an analysis finds it, in one design."""

    analysis: str
    design: str
    share: float
    n: int


@dataclass(frozen=True)
class Panel:
    """The rates of one truth; `nominal` is what the rate should be, where that is known."""

    title: str
    rates: tuple[Rate, ...]
    nominal: float | None


def draw_rates(panels: Sequence[Panel], axis: str) -> Plot:
    """Draw the panels side by side; designs have markers of their own."""
    designs = list(dict.fromkeys(rate.design for panel in panels for rate in panel.rates))

    def draw(figure: Figure) -> None:
        cells = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for cell, panel in zip(cells, panels, strict=True):
            _panel(cell, panel, designs)
        cells[0].invert_yaxis()
        handles, names = cells[-1].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper right", ncols=len(designs), frameon=False)
        figure.supxlabel(axis, fontsize=10, color=SOFT)

    return plotted(7.2, 2.7, draw)


def _panel(axes: Axes, panel: Panel, designs: Sequence[str]) -> None:
    analyses = list(dict.fromkeys(rate.analysis for rate in panel.rates))
    step = 0.36 / max(len(designs) - 1, 1)
    for place, design in enumerate(designs):
        own = [rate for rate in panel.rates if rate.design == design]
        axes.errorbar(
            [rate.share for rate in own],
            [analyses.index(rate.analysis) + (place - (len(designs) - 1) / 2) * step for rate in own],
            xerr=[1.96 * (rate.share * (1 - rate.share) / rate.n) ** 0.5 for rate in own],
            fmt=MARKERS[place % len(MARKERS)],
            color=BLUE if place else INK,
            markersize=5.5,
            capsize=2,
            label=design,
        )
    if panel.nominal is not None:
        axes.axvline(panel.nominal, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{100 * panel.nominal:g} %", (panel.nominal, -0.45), xytext=(4, 0), textcoords="offset points",
            fontsize=8.5, color=SOFT, va="center",
        )  # fmt: skip
    axes.set_title(panel.title)
    axes.set_yticks(range(len(analyses)), analyses)
    axes.set_ylim(-0.6, len(analyses) - 0.4)
    axes.set_xlim(-0.03, 1.03)
    axes.grid(axis="x", color="#e3e8ee", linewidth=0.7)
    axes.set_axisbelow(True)
