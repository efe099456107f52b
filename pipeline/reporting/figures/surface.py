"""A response surface from above: contours within the area that holds data, and its two lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import INK, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Contours:
    """One surface: intercept, b1 to b5, corners of the area with data, and its name."""

    title: str
    intercept: float
    slopes: tuple[float, ...]
    hull: tuple[tuple[float, float], ...]
    centre: float


def draw_surfaces(panels: Sequence[Contours], x: str, y: str, z: str) -> Plot:
    """Draw one panel a surface."""

    def draw(figure: Figure) -> None:
        cells = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(cells, panels, strict=True):
            _panel(figure, axes, panel, z)
            axes.set_xlabel("\n".join(svg.wrapped(x, 9, 185)), fontsize=9)
        cells[0].set_ylabel("\n".join(svg.wrapped(y, 9, 158)), fontsize=9)

    return plotted(6.5 if len(panels) > 1 else 4.0, 3.1, draw)


def _panel(figure: Figure, axes: Axes, panel: Contours, z: str) -> None:
    import numpy as np
    from matplotlib.patches import Polygon

    reach = max(abs(value) for corner in panel.hull for value in corner)
    grid = np.linspace(-reach, reach, 81)
    u, v = np.meshgrid(grid, grid)
    b = panel.slopes
    height = panel.intercept + b[0] * u + b[1] * v + b[2] * u**2 + b[3] * u * v + b[4] * v**2
    shown, c = (grid[0] + panel.centre, grid[-1] + panel.centre), panel.centre
    filled = axes.contourf(u + c, v + c, height, levels=12, cmap="Blues")
    hull = Polygon([(p + c, q + c) for p, q in panel.hull], closed=True, fill=False, edgecolor=INK)
    axes.add_patch(hull)
    filled.set_clip_path(hull)
    axes.plot(shown, shown, color=INK, linewidth=1.2, label="Agreement")
    axes.plot(shown, shown[::-1], color=INK, linewidth=1.2, linestyle="dashed", label="Disagreement")
    axes.set_title(panel.title, fontsize=9.5)
    axes.tick_params(labelsize=8.5)
    axes.set_aspect("equal")
    bar = figure.colorbar(filled, ax=axes, shrink=0.75)
    bar.set_label("\n".join(svg.wrapped(z, 9, 158)), fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
