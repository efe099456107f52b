"""The distribution of an indirect effect with its interval: one small panel a route and level.

The curves come from the model stage (Monte Carlo draws; MacKinnon, Lockwood & Williams, 2004); here they are
only drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting import numbers
from pipeline.reporting.figures import titles
from pipeline.reporting.figures.canvas import BLUE, INK, PALE, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_WIDTH = 205.0


@dataclass(frozen=True)
class Curve:
    """One effect: its density, estimate and interval."""

    title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    est: float
    ci_lower: float
    ci_upper: float


def draw_densities(curves: Sequence[Curve], axis: str, decimals: int = 3) -> Plot:
    """Draw the curves in two columns; a line stands at no effect."""
    rows = (len(curves) + 1) // 2 if len(curves) > 1 else 1
    across = min(len(curves), 2)

    def draw(figure: Figure) -> None:
        for cell, curve in filled(figure.subplots(rows, across, squeeze=False), curves):
            _panel(cell, curve, decimals)
        figure.supxlabel(axis, fontsize=10, color=SOFT)

    most = max(len(_title(curve)) for curve in curves) - 1
    return plotted(6.5 if across > 1 else 4.6, (1.9 + 0.17 * most) * rows + 0.35, draw)


def _title(curve: Curve) -> list[str]:
    return titles.folded(curve.title, TITLE_WIDTH)


def _panel(axes: Axes, curve: Curve, decimals: int) -> None:
    import numpy as np

    x, y = np.asarray(curve.x), np.asarray(curve.y)
    inside = (x >= curve.ci_lower) & (x <= curve.ci_upper)
    axes.fill_between(x, y, color=PALE, alpha=0.45, linewidth=0)
    axes.fill_between(x, y, where=inside.tolist(), color=BLUE, alpha=0.4, linewidth=0)
    axes.plot(x, y, color=BLUE, linewidth=1.3)
    foot = -0.09 * float(y.max())
    axes.plot([curve.ci_lower, curve.ci_upper], [foot, foot], color=INK, linewidth=2.4, solid_capstyle="butt")
    axes.plot([curve.est], [foot], marker="o", color=INK, markersize=5)
    axes.axvline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    _finish(axes, curve, float(y.max()), decimals)


def _finish(axes: Axes, curve: Curve, top: float, decimals: int) -> None:
    low, high = min(*curve.x, 0.0), max(*curve.x, 0.0)
    room = 0.04 * (high - low)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(-0.2 * top, 1.08 * top)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=9)
    axes.locator_params(axis="x", nbins=5)
    interval = numbers.interval(curve.ci_lower, curve.ci_upper, decimals)
    printed = f"{numbers.number(curve.est, decimals)} {interval}"
    axes.set_title("\n".join(_title(curve)), fontsize=9.5)
    axes.set_xlabel(printed, fontsize=9.5, color=INK)
